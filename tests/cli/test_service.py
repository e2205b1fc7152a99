"""Services, bookings and the tap from the command line, in both languages and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import frozen
from tests.chips import content, maker
from tests.cli.speaking import Said, say
from tests.offices import PAPER, applicant

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.identity.simulated import CODE
from szunion.adapters.reader.simulated import SimulatedReader
from szunion.bootstrap import UnionSystem
from szunion.cli import card_tap
from szunion.cli.frame import Frame
from szunion.cli.places import Place
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.bindings import Portal
from szunion.domain.nodes import Node
from szunion.domain.values import PersonId
from szunion.emv.card.machine import SimulatedCard
from szunion.errors import ReaderError
from szunion.ports.identity import Claimed
from szunion.testing.cards import SampleCard
from szunion.testing.clock import SimClock
from szunion.testing.world import demo_world

DAY = "2026-11-24"
READER = "counter 0"


@frozen
class Place1:
    """A database with one member of the demo city who has an active card, and its bank."""

    db: str
    bank: SimulatedBank
    member: str
    person: PersonId
    pan: str
    union: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place1:
    db = tmp_path_factory.mktemp("service") / "union.db"
    clock = SimClock(DAY)
    bank = SimulatedBank(seed=7, clock=clock)
    with UnionSystem.open(f"sqlite:///{db}", bank=bank, clock=clock) as system:
        city = demo_world(system)
        union = city.unions[0]
        officer, organ = city.officer(union), city.federation()
        row = officer.memberships.apply(applicant(1), union.id)
        officer.memberships.approve(row.person)
        (batch,) = officer.batches.draft([row.person], paper=PAPER).batches
        officer.batches.check(batch.id)
        officer.batches.submit(batch.id)
        key = organ.batches.approve(batch.id).key
        system.run_until_idle()
        assert key is not None
        bank.simulate.produce(key)
        bank.simulate.face_sign(key)
        system.run_until_idle()
        engine = Principal(id="engine", role=Role.ENGINE, purpose=Purpose.OPERATE)
        someone = applicant(1)
        claimed = Claimed(name=someone.name, document=someone.document, second=CODE)
        system.desk(engine).bindings.bind(Portal.WECHAT, "openid", claimed)
        (kept,) = officer.cards.of_person(row.person)
        seen = bank.truth.card(kept.card.ref)
        assert seen is not None
        member = system.office.vault.outward("m", row.person)
        return Place1(str(db), bank, member, row.person, seen.number.plain(), union.code)


@pytest.fixture
def town(made: Place1, monkeypatch: pytest.MonkeyPatch) -> Place1:
    """The commands meet the bank that made the card: a simulated one lives in one process."""

    def opened(
        settings: object,
        *,
        create: bool = False,
        recovering: bool = False,
        node: Node | None = None,
    ) -> UnionSystem:
        del settings
        return UnionSystem.open(
            f"sqlite:///{made.db}", bank=made.bank, create=create, recovering=recovering, node=node
        )

    monkeypatch.setattr(UnionSystem, "from_settings", opened)
    return made


def run(town: Place1, *words: str, lang: str = "zh") -> Said:
    return say(["--db", town.db, "--lang", lang, *words])


def js(town: Place1, *words: str) -> Said:
    return run(town, "--json", *words)


def offered(town: Place1, stock: int = 1, *more: str) -> str:
    told = js(town, "service", "offer", "cu-events", "--title", "音乐会", "--title-en", "concert",
              "--stock", str(stock), "--opens", "2020-01-01 10:00", "--closes", "2099-01-01",
              *more)  # fmt: skip
    assert told.status == 0, told.err
    name: str = told.data["offer"]
    return name


def test_the_menu_says_for_a_member_what_is_for_whom(town: Place1) -> None:
    rows = js(town, "service", "list", "--member", town.member).rows
    by_item = {row["item"]: row for row in rows}
    assert by_item["cu-events"]["eligible"] is True
    assert {row["eligible"] for row in rows} == {True, False}
    assert js(town, "service", "list", "--category", "culture").rows[0]["eligible"] is None
    english = run(town, "service", "list", "--member", town.member, lang="en")
    assert "legal advice" in english.out
    assert run(town, "service", "list").out.startswith("项目")


def test_why_an_item_is_not_for_somebody_is_said(town: Place1) -> None:
    sex = applicant(1).document.gender()
    assert sex is not None
    other = "ma-men" if sex.value == "FEMALE" else "ma-women"
    told = js(town, "service", "show", other, "--member", town.member)
    assert told.data["against"] == ["GENDER"]
    assert "性别不符" in run(town, "service", "show", other, "--member", town.member).out
    gone = run(town, "service", "show", "no-such-item", lang="en")
    assert (gone.status, gone.code) == (4, "E-SERVICE-002")


def test_book_confirm_cancel_and_why_not(town: Place1) -> None:
    name = offered(town, 1)
    tried = js(town, "service", "book", name, town.member, "--dry-run")
    assert tried.data == {"offer": name, "against": []}
    held = js(town, "service", "book", name, town.member)
    assert held.status == 0, held.err
    assert held.data["outcome"] == "HELD"
    again = js(town, "service", "book", name, town.member)
    assert (again.status, again.data["reason"]) == (5, "QUOTA")
    assert again.data["yours"] == [held.data["booking"]]
    assert "已有预约" in run(town, "service", "book", name, town.member).out
    done = js(town, "service", "confirm", held.data["booking"], town.member)
    assert done.data["state"] == "CONFIRMED"
    assert done.data["code"].startswith("b_")
    gone = run(town, "service", "cancel", held.data["booking"], town.member, lang="en")
    assert (gone.status, gone.out.strip()) == (0, "cancelled")
    assert js(town, "service", "cancel", held.data["booking"], town.member).status == 5
    sure = js(town, "service", "book", name, town.member, "--confirm")
    assert sure.data["outcome"] == "CONFIRMED"
    assert js(town, "service", "book", "o_nothing", town.member).status == 4


def test_a_wish_reaches_the_figures_and_a_bad_time_is_said(town: Place1) -> None:
    made = js(town, "service", "wish", town.member, "--item", "cu-events")
    assert made.data["item"] == "cu-events"
    assert js(town, "service", "wish", town.member, "--item", "cu-events").data == made.data
    assert run(town, "service", "wish", town.member, "--category", "fitness",
               "--words", "晚间太极班").status == 0  # fmt: skip
    assert js(town, "service", "wish", town.member).status == 4
    figures = {row["item"]: row for row in js(town, "service", "demand").rows}
    assert figures["cu-events"]["wishes"] is None, "one member is not a figure"
    shown = run(town, "service", "demand", lang="en")
    assert shown.out.startswith("item")
    assert "fewer than 10 people" in shown.err
    bad = run(town, "service", "offer", "cu-events", "--title", "x", "--stock", "1",
              "--opens", "明天", "--closes", "2099-01-01")  # fmt: skip
    assert (bad.status, bad.code) == (2, "E-BOOKING-009")
    assert run(town, "service", "offer", "cu-events").status == 2


# --- the tap ---------------------------------------------------------------------------------


@pytest.fixture
def counter(town: Place1, monkeypatch: pytest.MonkeyPatch) -> SimulatedReader:
    """One reader at this machine, with the member's own chip in it."""
    reader = SimulatedReader(READER)
    reader.insert(READER, SimulatedCard(content(town.pan, "01"), 5))
    sample = SampleCard(seed=7, bank=maker(), content=content(town.pan, "01"))
    seen = reader.list()[0]

    def one(frame: Frame) -> tuple[Sequence[Place], Sequence[ReaderError]]:
        del frame
        return (Place(number=0, adapter="simulated", seen=seen, reader=reader, sample=sample),), ()

    monkeypatch.setattr(card_tap, "places", one)
    return reader


@pytest.mark.usefixtures("counter")
def test_a_tap_for_a_sign_up_is_of_its_own_occasion(town: Place1) -> None:
    with UnionSystem.open(f"sqlite:///{town.db}") as system:
        day = (system.office.clock.today() + timedelta(days=30)).isoformat()
    item = "co-public-lecture"
    (made,) = js(town, "service", "join", "ask", item, "--on", day, "--place", "三楼",
                 "--number", "9", "--org", town.union).rows  # fmt: skip
    tap = ("card", "tap", item, "--joining", made["joining"], "--org", town.union)
    told = js(town, *tap)
    assert (told.status, told.data["verdict"]) == (0, "RECORDED"), told.err
    assert js(town, *tap).data["verdict"] == "ALREADY"
    assert run(town, "card", "tap", item, "--org", town.union).status == 2


@pytest.mark.usefixtures("counter")
def test_a_tap_is_recorded_once_and_can_be_rated(town: Place1) -> None:
    told = js(town, "card", "tap", "cu-events", "--occasion", "s1", "--org", town.union)
    assert told.status == 0, told.err
    assert (told.data["verdict"], told.data["member"]) == ("RECORDED", town.member)
    assert told.data["assurance"] == "READ_ONLY"
    again = run(town, "card", "tap", "cu-events", "--occasion", "s1", "--org", town.union)
    assert (again.status, "已经记录过" in again.out) == (0, True)
    rows = js(town, "service", "history", town.member).rows
    assert rows[-1]["record"] == told.data["record"]
    suggested = js(town, "service", "list", "--suggested", "--member", town.member).rows
    assert suggested[0]["category"] == "culture", "where the member takes part"
    assert all(each["eligible"] for each in suggested)
    assert run(town, "service", "list", "--suggested").status == 2
    rated = js(town, "service", "rate", told.data["record"], "5", "--member", town.member)
    assert rated.data == {"record": told.data["record"], "item": "cu-events", "stars": 5}
    wrong = run(town, "service", "rate", told.data["record"], "9", "--member", town.member)
    assert (wrong.status, wrong.code) == (2, "E-SERVICE-001")
    shown = js(town, "service", "show", "cu-events").data
    assert (shown["ratings"], shown["stars"]) == (None, None), "one member's word is no average"
    proved = run(town, "card", "tap", "cu-events", "--occasion", "s2", "--org", town.union,
                 "--authenticate", lang="en")  # fmt: skip
    assert "DDA_OFFLINE" in proved.out


@pytest.mark.usefixtures("counter")
def test_m24_the_menu_and_the_counter_say_what_is_paid(town: Place1) -> None:
    """M24: the condition of a discount is shown before, and to whoever takes the money."""
    shown = js(town, "service", "show", "di-parks").data
    assert (shown["kind"], shown["price_percent"]) == ("discount", 85)
    assert "实付原价的 85%" in run(town, "service", "show", "di-parks").out
    told = js(town, "card", "tap", "di-parks", "--occasion", "d1", "--org", town.union).data
    assert (told["verdict"], told["price_percent"]) == ("RECORDED", 85)
    again = run(town, "card", "tap", "di-parks", "--occasion", "d1", "--org", town.union, lang="en")
    assert "85 % of the full price" in again.out
    unsaid = js(town, "card", "tap", "di-shows", "--occasion", "d1", "--org", town.union).data
    assert (unsaid["verdict"], unsaid["price_percent"]) == ("RECORDED", None)


def test_a_tap_that_is_refused_says_why_and_how_to_tell(
    town: Place1, counter: SimulatedReader
) -> None:
    with UnionSystem.open(f"sqlite:///{town.db}") as system:
        city = Principal(id="city-1", role=Role.CITY, purpose=Purpose.SERVE)
        desk = system.desk(city)
        (kept,) = desk.cards.of_person(town.person)
        name = system.office.vault.outward("c", kept.id)
    assert run(town, "card", "hold", name, "--reason", "DATA_DOUBT", "--note", "核对").status == 0
    told = js(town, "card", "tap", "cu-events", "--occasion", "s3", "--org", town.union)
    assert (told.status, told.data["verdict"], told.data["record"]) == (5, "NOT_USABLE", None)
    assert "Locked" in told.data["against"]
    people = run(town, "card", "tap", "cu-events", "--occasion", "s3", "--org", town.union)
    assert "锁定" in people.out
    assert "可解除" in people.out
    run(town, "card", "lift", name, "--note", "资料无误")
    counter.insert(READER, SimulatedCard(content("6200009999999994", "01"), 5))
    stranger = js(town, "card", "tap", "cu-events", "--occasion", "s3", "--org", town.union)
    assert (stranger.status, stranger.data["verdict"]) == (4, "UNKNOWN_CARD")
    assert run(town, "card", "tap", "cu-events", "--org", town.union).status == 2


def test_all_members_are_asked_about_one_item(made: Place1, tmp_path: Path) -> None:
    whole = say(["--db", made.db, "--json", "service", "sweep", "cu-events"])
    assert whole.status == 0, whole.err
    assert whole.data["members"] == whole.data["entitled"] == 1
    assert whole.data["reasons"] == []
    by_union = say(["--db", made.db, "--json", "service", "sweep", "cu-events", "--by-union"])
    (line,) = by_union.rows
    assert (line["union"], line["members"], line["not_entitled"]) == (made.union, 1, 0)
    (one,) = say(["--db", made.db, "--json", "service", "sweep", "cu-events", "--list"]).rows
    assert (one["member"], one["entitled"], one["reasons"]) == (made.member, True, [])
    said = say(["--db", made.db, "--lang", "en", "service", "sweep", "cu-events"])
    assert "1 member, 1 entitled" in said.out

    saved = tmp_path / "sweep.json"
    saved.write_text('{"item":"cu-events","shards":1024,"unions":[[1,7,5]],"reasons":[]}', "utf-8")
    again = ["--db", made.db, "--json", "service", "sweep", "cu-events", "--resume", str(saved)]
    assert say(again).data["members"] == 7  # it goes on from the file, at whose end it stands
    assert not saved.exists()
    assert say(again).data["members"] == 1
    saved.write_text('{"item":"another","shards":3,"unions":[],"reasons":[]}', "utf-8")
    assert say(again).status != 0
    saved.write_text("not json", "utf-8")
    assert say(again).status != 0


def test_counts_of_few_people_are_not_shown(made: Place1) -> None:
    for grouping in ("district", "union", "month"):
        said = say(["--db", made.db, "--json", "stats", "--by", grouping])
        assert said.status == 0, said.err
        assert {row["members"] for row in said.rows} <= {None, 0}
        assert {row["activated"] for row in said.rows} <= {None, 0}
    spoken = say(["--db", made.db, "stats"])
    assert "合计" in spoken.out
    assert "不足 10 人" in spoken.err
