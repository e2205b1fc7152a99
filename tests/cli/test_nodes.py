"""Several machines on the command line: the map, each node's answer, and one that is down."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.speaking import Said, say
from tests.offices import applicant
from tests.province import CITY, found_in, join, officer_at, roster

from szunion.errors import ConfigError
from szunion.nodes import Nodes
from szunion.settings import load_settings

MAP = """[szunion]
keys = "{folder}/union.keys"

[szunion.nodes]
version = 4

[szunion.nodes.at.low]
city = "shenzhen"
shards = "0-511"
database = "sqlite:///{folder}/low.db"

[szunion.nodes.at.high]
city = "shenzhen"
shards = "512-1023"
database = "sqlite:///{folder}/high.db"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "szunion.toml"
    path.write_text(MAP.format(folder=tmp_path), "utf-8")
    return path


@pytest.fixture
def made(config: Path) -> Path:
    for name in ("low", "high"):
        done = typed(config, "--node", name, "db", "init")
        assert done.status == 0, done.err
    return config


def typed(config: Path, *words: str) -> Said:
    return say(["--config", str(config), "--lang", "en", *words])


def test_the_map_is_shown_and_nothing_is_opened(config: Path) -> None:
    told = typed(config, "--json", "nodes", "list")
    assert [(row["node"], row["shards"]) for row in told.rows] == [
        ("low", "0-511"), ("high", "512-1023"),
    ]  # fmt: skip
    assert "map 4 · " in told.err
    shown = typed(config, "config", "show")
    assert "nodes.low" in shown.out


def test_without_nodes_there_is_no_map(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("[szunion]\n", "utf-8")
    assert typed(path, "nodes", "list").code == "E-NODES-014"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("0-511", "0-510", "E-NODES-003"),
        ("0-511", "0-512", "E-NODES-004"),
        ("0-511", "all", "E-NODES-002"),
        ('city = "shenzhen"\nshards = "0-511"', 'shards = "0-511"', "E-NODES-005"),
        ("version = 4", "version = 0", "E-NODES-006"),
        ("at.low", "at.Low", "E-NODES-001"),
        ("high.db", "low.db", "E-NODES-012"),
        ("shards", "shard", "E-CONFIG-001"),
    ],
)
def test_a_wrong_map_is_refused_before_anything_is_opened(
    config: Path, old: str, new: str, code: str
) -> None:
    config.write_text(config.read_text("utf-8").replace(old, new, 1), "utf-8")
    told = typed(config, "nodes", "check")
    assert (told.status, told.code) == (2, code)


def test_a_node_whose_own_settings_are_another_citys_is_refused(
    config: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[szunion]\ncity = "zhuhai"\n', "utf-8")
    text = config.read_text("utf-8")
    config.write_text(text.replace('shards = "0-511"', f'shards = "0-511"\nconfig = "{other}"'))
    assert typed(config, "nodes", "check").code == "E-NODES-010"


def test_nodes_of_one_city_have_the_same_keys(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f'[szunion]\nkeys = "{tmp_path}/other.keys"\n', "utf-8")
    assert typed(other, "--db", f"sqlite:///{tmp_path}/x.db", "db", "init").status == 0
    text = made.read_text("utf-8")
    made.write_text(text.replace('shards = "0-511"', f'shards = "0-511"\nconfig = "{other}"'))
    assert typed(made, "nodes", "check").code == "E-NODES-011"


def test_the_tree_is_spread_members_lie_apart_and_one_is_down(made: Path, tmp_path: Path) -> None:
    with Nodes.from_settings(load_settings(str(made))) as nodes:
        found_in(nodes.system("low"))
        spread = typed(made, "--json", "nodes", "spread", "shenzhen")
        assert spread.rows == [{"node": "high", "unions": 2}]
        went: set[str] = set()
        for index in range(64):  # the keys are drawn: where each lies is chance
            if index >= 8 and len(went) == 2:
                break
            form = applicant(index)
            at = nodes.node_of_document("shenzhen", form.document.number.plain()).name
            went.add(at)
            person = join(nodes.system(at), index)
            assert nodes.find(form.document.number.plain(), CITY) == {at: person}
        assert went == {"low", "high"}
    good = typed(made, "--json", "nodes", "check")
    assert good.status == 0, good.err
    assert [(row["state"], row["strays"], row["stuck"]) for row in good.rows] == [
        ("usable", 0, 0), ("usable", 0, 0),
    ]  # fmt: skip
    assert typed(made, "nodes", "stats").status == 0
    (tmp_path / "high.db").rename(tmp_path / "away.db")
    bad = typed(made, "--json", "nodes", "check")
    assert bad.status == 1
    assert [row["state"] for row in bad.rows] == ["usable", "E-STORE-009"]
    assert "[E-NODES-009]" in bad.err
    assert "high" in bad.err
    stats = typed(made, "--json", "nodes", "stats")
    assert stats.status == 3
    assert [row["node"] for row in stats.rows] == ["low", "high"]
    assert typed(made, "nodes", "spread", "shenzhen").code == "E-NODES-009"
    assert typed(made, "nodes", "spread", "zhuhai").code == "E-NODES-008"


def test_members_whom_a_new_map_gives_away_are_counted(made: Path) -> None:
    with Nodes.from_settings(load_settings(str(made))) as nodes:
        low = nodes.system("low")
        found_in(low)
        count = 0
        for index in range(64):  # the keys are drawn: where each lies is chance
            if count == 3:
                break
            form = applicant(index)
            if nodes.node_of_document("shenzhen", form.document.number.plain()).name == "low":
                low.desk(officer_at(low)).memberships.approve(join(low, index))
                count += 1
    # Whole lines: a folder's name may hold any letter that a shorter word would stand for.
    turned = {
        "version = 4": "version = 5",
        'shards = "0-511"': 'shards = "512-1023"',
        'shards = "512-1023"': 'shards = "0-511"',
    }
    lines = made.read_text("utf-8").splitlines()
    made.write_text("\n".join(turned.get(line, line) for line in lines), "utf-8")
    told = typed(made, "nodes", "check")
    assert told.status == 1
    assert "[E-NODES-013]" in told.err
    assert f" {count} members" in told.err


def test_a_map_names_what_is_there(config: Path) -> None:
    with Nodes.from_settings(load_settings(str(config))) as nodes:
        for ask in (
            lambda: nodes.system("middle"),
            lambda: nodes.node_of_document("zhuhai", "1"),
        ):
            with pytest.raises(ConfigError, match="E-NODES-008"):
                ask()


def test_every_command_is_of_one_node_that_is_said(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed(made, "member", "list").code == "E-NODES-015"
    assert typed(made, "--node", "middle", "member", "list").code == "E-NODES-008"
    assert "low.db" in typed(made, "--node", "low", "--json", "db", "status").out
    assert typed(made, "member", "list", "--node", "high").status == 0
    monkeypatch.setenv("SZUNION_NODE", "high")
    assert "high.db" in typed(made, "--json", "db", "status").out
    assert typed(made, "nodes", "check").status == 0


def test_a_roster_takes_the_nodes_own_rows_on_the_command_line(made: Path, tmp_path: Path) -> None:
    with Nodes.from_settings(load_settings(str(made))) as nodes:
        found_in(nodes.system("low"))
        nodes.spread_unions("shenzhen", CITY)
    path = roster(0, 20, tmp_path)
    added = []
    for name in ("low", "high"):
        told = typed(
            made, "--node", name, "--json", "roster", "import", str(path), "--org", "GH1"
        )  # fmt: skip
        assert told.status == 0, told.err
        added.append(told.data["added"])
    assert sum(added) == 20
    assert all(added)
    assert typed(made, "--json", "nodes", "check").rows[0]["strays"] == 0
