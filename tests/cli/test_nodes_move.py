"""A range of shards is moved on the command line: by the new map, and between servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.speaking import Said, say
from tests.databases import OF_A_RANGE, of_this_run, url
from tests.offices import applicant
from tests.province import CITY, LOOKS, found_in, join

from szunion.nodes import Nodes
from szunion.settings import load_settings

MAP = """[szunion]
keys = "{folder}/union.keys"

[szunion.nodes]
version = 2

[szunion.nodes.at.low]
city = "shenzhen"
shards = "0-511"
database = "{low}"

[szunion.nodes.at.high]
city = "shenzhen"
shards = "512-1023"
database = "{high}"
"""


def typed(config: Path, *words: str) -> Said:
    return say(["--config", str(config), "--lang", "en", *words])


def test_members_move_by_the_new_map_and_between_servers(tmp_path: Path) -> None:
    made = tmp_path / "new.toml"
    low, high = f"sqlite:///{tmp_path}/low.db", f"sqlite:///{tmp_path}/high.db"
    made.write_text(MAP.format(folder=tmp_path, low=low, high=high), "utf-8")
    for name in ("low", "high"):
        assert typed(made, "--node", name, "db", "init").status == 0
    assert typed(made, "nodes", "move", "low", "high", "0-511").code == "E-NODES-022"
    assert typed(made, "nodes", "move", "low", "high", "512-1024").code == "E-NODES-022"
    assert typed(made, "nodes", "move", "low", "high", "all").code == "E-NODES-002"
    assert typed(made, "nodes", "move", "low", "high", "512-1023").code == "E-CONFIG-002"


ONE = """[szunion]
keys = "{folder}/union.keys"

[szunion.nodes]
version = 1

[szunion.nodes.at.low]
city = "shenzhen"
database = "{low}"
"""


@OF_A_RANGE
@pytest.mark.postgres
def test_a_city_grows_from_one_server_to_two(tmp_path: Path) -> None:
    low, high = of_this_run().empty(), of_this_run().empty()
    config = tmp_path / "old.toml"
    config.write_text(ONE.format(folder=tmp_path, low=url(low.app)), "utf-8")
    new = tmp_path / "new.toml"
    new.write_text(MAP.format(folder=tmp_path, low=url(low.app), high=url(high.app)), "utf-8")
    assert typed(config, "--node", "low", "db", "init", "--owner", url(low.owner)).status == 0
    with Nodes.from_settings(load_settings(str(config))) as whole:
        found_in(whole.system("low"))
        people = [join(whole.system("low"), index) for index in range(24)]

    assert typed(new, "--node", "high", "db", "init", "--owner", url(high.owner)).status == 0
    move = ["nodes", "move", "low", "high", "512-1023"]
    assert typed(new, *move).code == "E-STORE-023"
    move += ["--owner-from", url(low.owner), "--owner-to", url(high.owner)]
    assert typed(new, *move).code == "E-NODES-020"
    assert typed(new, "nodes", "spread", "shenzhen").status == 0
    with Nodes.from_settings(load_settings(str(new))) as nodes:
        goes = sum(nodes.node_of("shenzhen", person).name == "high" for person in people)
        assert 0 < goes < len(people)
        assert nodes.check(LOOKS) == {"low": goes, "high": 0}
        plan = typed(new, "--json", *move, "--plan")
        assert {"what": "person", "rows": goes, "in_the_way": None} in plan.rows
        told = typed(new, *move)
        assert told.status == 0, told.err
        assert "512-1023" in told.out
        assert typed(new, *move, "--undo").status == 0, "there is nothing to take back"
        assert nodes.check(LOOKS) == {"low": 0, "high": 0}
        for index, person in enumerate(people):
            name = nodes.node_of("shenzhen", person).name
            assert nodes.find(applicant(index).document.number.plain(), CITY) == {name: person}
            assert join(nodes.system(name), index) == person
