"""Points without a line: what they let in by yesterday's list, and what becomes of it (race 22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.booktown import BookTown, book_town_on
from tests.chips import DAY, READER, Counts, chip, equipment, swap
from tests.offices import applicant, office_on, serving

from szunion.adapters.keys.file import FileKeys, signed_by
from szunion.adapters.points.journal import FileJournal
from szunion.application.counter import Counter, TapVerdict
from szunion.application.offline import OfflinePoint, OfflineVerdict
from szunion.application.points import Points
from szunion.domain.eligibility import Ineligible
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Gender
from szunion.domain.members import MembershipReason
from szunion.domain.offline import OfflineReceipt, OfflineRecord, Taken
from szunion.domain.participation import Outcome, Participation
from szunion.domain.status_list import BITS, StatusList, Unreadable, made_of, opened
from szunion.domain.values import CardRef, CardToken, PersonId
from szunion.emv.card.profiles import Flaw
from szunion.errors import CardRemoved, Conflict, InvalidInput, NotAllowed, StorageError

_V = OfflineVerdict
ITEM, PLACE = "cu-events", "park-2026-11-24"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BookTown]:
    office = office_on(request.param, tmp_path, day=DAY)
    yield book_town_on(office)
    office.storage.close()


def desk(town: BookTown) -> Points:
    return Points(town.office, serving(town.cards.town.c1))


def hand_in(town: BookTown) -> Points:
    return Points(town.office, town.provider)


def point(town: BookTown, folder: Path, name: str = "park") -> OfflinePoint:
    return OfflinePoint(
        name=name, author="warden", equipment=equipment(town.cards),
        public=town.office.signer.public, signed_by=signed_by,
        journal=FileJournal(folder / f"{name}.journal", FileKeys(bytes(range(1, 33))).vault()),
    )  # fmt: skip


def tap(
    town: BookTown, there: OfflinePoint, person: PersonId, occasion: str = PLACE
) -> OfflineVerdict:
    swap(there.equipment, chip(town.cards, town.cards.card(person)))
    return there.tap(READER, ITEM, occasion).verdict


def records(town: BookTown, person: PersonId) -> list[Participation]:
    return list(
        town.cards.look(lambda work, scope: work.participations.of_person(scope, person))
    )  # fmt: skip


def test_race_22_point_offline_with_yesterdays_list_card_locked_this_morning(
    town: BookTown, tmp_path: Path
) -> None:
    """The use is recorded as OFFLINE_RISK, not dropped; a list past its expiry refuses."""
    locked, fine = town.members(2)
    there = point(town, tmp_path)
    there.load(desk(town).issue(hours=24))
    town.cards.clock.advance(hours=20)
    town.cards.cards().lock(town.cards.card(locked).id, HoldReason.MISUSE)
    town.cards.clock.advance(hours=2)
    assert tap(town, there, locked) is _V.RECORDED, "the point cannot know"
    assert tap(town, there, fine) is _V.RECORDED
    assert tap(town, there, fine) is _V.ALREADY
    assert records(town, locked) == []

    assert there.hand_in(hand_in(town).take_in) == 2
    (risky,) = records(town, locked)
    assert (risky.outcome, risky.author) == (Outcome.OFFLINE_RISK, "warden@park#1")
    assert (risky.at, "锁定" in risky.reason) == (town.cards.clock.now(), True)
    (good,) = records(town, fine)
    assert (good.outcome, good.reason) == (Outcome.TOOK_PART, "")
    assert there.journal.waiting() == []

    town.cards.clock.advance(hours=2)
    assert tap(town, there, fine, "tomorrow") is _V.LIST_OVER
    with pytest.raises(Conflict, match="E-COUNTER-002"):
        point(town, tmp_path, "late").load(desk(town).issue(hours=1)[:-1])


def test_a_card_locked_or_lost_after_it_was_used_was_used_rightly(
    town: BookTown, tmp_path: Path
) -> None:
    people = town.members(2)
    there = point(town, tmp_path)
    there.load(desk(town).issue())
    for person in people:
        tap(town, there, person)
    town.cards.clock.advance(hours=1)
    town.cards.cards().lock(town.cards.card(people[0]).id, HoldReason.DATA_DOUBT)
    town.cards.bank.simulate.report_loss(town.cards.card(people[1]).card.ref)
    town.cards.run()
    there.hand_in(hand_in(town).take_in)
    for person in people:
        (record,) = records(town, person)
        assert record.outcome is Outcome.TOOK_PART
        assert record.recorded - record.at == timedelta(hours=1)


def test_who_took_part_offline_in_what_is_not_for_them_is_a_risk(
    town: BookTown, tmp_path: Path
) -> None:
    """A point knows cards and nobody's sex: the register says so when the records come in."""
    people = town.members(2)
    there = point(town, tmp_path)
    there.load(desk(town).issue())
    for person in people:
        swap(there.equipment, chip(town.cards, town.cards.card(person)))
        assert there.tap(READER, "co-women-classroom", PLACE).verdict is _V.RECORDED
    there.hand_in(hand_in(town).take_in)
    found = {
        applicant(index).document.gender(): records(town, person)[0]
        for index, person in enumerate(people)
    }
    man, woman = found[Gender.MALE], found[Gender.FEMALE]
    assert (man.outcome, man.reason) == (Outcome.OFFLINE_RISK, Ineligible.GENDER.text.zh)
    assert (woman.outcome, woman.reason) == (Outcome.TOOK_PART, "")


def test_who_is_on_the_list(town: BookTown, tmp_path: Path) -> None:
    people = town.members(5)
    town.cards.cards().lock(town.cards.card(people[0]).id, HoldReason.DATA_DOUBT)
    town.cards.bank.simulate.report_loss(town.cards.card(people[1]).card.ref)
    town.cards.run()
    memberships = town.cards.town.memberships(town.cards.town.g(0))
    memberships.quit(people[2], document="退会申请")
    memberships.retain(people[3], reason=MembershipReason.RETIRED)
    there = point(town, tmp_path)
    known = there.load(desk(town).issue())
    on = [known.has(town.cards.card(person).card.ref) for person in people]
    assert on[:3] == [False, False, False]
    assert on[4]
    usable = {p: town.cards.cards(town.cards.town.c1).current(p) for p in people}
    assert on == [use is not None and use.usable for use in usable.values()]
    assert known.count == sum(on)


def test_a_point_believes_the_citys_lists_alone(town: BookTown, tmp_path: Path) -> None:
    town.members(1)
    there = point(town, tmp_path)
    data = desk(town).issue(hours=2)
    for at in (0, 40, 64, 90, len(data) - 1):
        forged = bytearray(data)
        forged[at] ^= 1
        with pytest.raises(Conflict, match="E-COUNTER-002"):
            there.load(bytes(forged))
    for cut in (b"", data[:64], data[:70]):
        with pytest.raises(Conflict, match="E-COUNTER-002"):
            there.load(cut)
    assert there.tap(READER, ITEM, PLACE).verdict is _V.LIST_OVER
    there.load(data)
    town.cards.clock.advance(hours=1)
    there.load(desk(town).issue(hours=2))
    with pytest.raises(Conflict, match="E-COUNTER-002"):
        there.load(data)
    with pytest.raises(InvalidInput, match="E-COUNTER-002"):
        desk(town).issue(hours=49)
    with pytest.raises(NotAllowed, match="E-ACCESS-001"):
        hand_in(town).issue()


def test_a_copy_and_a_stranger_are_not_let_in_offline(town: BookTown, tmp_path: Path) -> None:
    (person,) = town.members(1)
    (stranger,) = town.cards.admit(1, start=1)
    there = point(town, tmp_path)
    there.load(desk(town).issue())
    kept = town.cards.card(person)
    swap(there.equipment, chip(town.cards, kept, flaw=Flaw.CLONED))
    assert there.tap(READER, ITEM, PLACE).verdict is _V.NOT_GENUINE
    swap(there.equipment, chip(town.cards, kept, psn="07"))
    assert there.tap(READER, ITEM, PLACE).verdict is _V.NOT_ON_LIST
    (batch_card,) = town.cards.activate([stranger])
    swap(there.equipment, chip(town.cards, batch_card))
    assert there.tap(READER, ITEM, PLACE).verdict is _V.NOT_ON_LIST, "activated after the list"

    def pull(at: int) -> None:
        if at == 5:
            swap(there.equipment, None)

    swap(there.equipment, Counts(chip(town.cards, kept), pull, []))
    with pytest.raises(CardRemoved):
        there.tap(READER, ITEM, PLACE)
    assert there.journal.every() == []


def test_nothing_is_lost_or_doubled_whatever_becomes_of_the_line(
    town: BookTown, tmp_path: Path
) -> None:
    """Answers get lost, records come twice, points are restarted, a counter saw the card too."""
    people = town.members(4)
    luck = Random(22)
    data = desk(town).issue(hours=40)
    names = [f"point-{number}" for number in range(5)]
    points = {name: point(town, tmp_path, name) for name in names}
    for each in points.values():
        each.load(data)
    expected = {(person, occasion) for person in people for occasion in ("a", "b")}
    online = Counter(town.office, town.provider, equipment(town.cards))
    swap(online.equipment, chip(town.cards, town.cards.card(people[0])))
    assert online.tap(READER, ITEM, "a").verdict is TapVerdict.RECORDED

    def lossy(records_: Sequence[OfflineRecord]) -> Sequence[OfflineReceipt]:
        match luck.randrange(4):
            case 0:
                return []  # never arrived
            case 1:
                hand_in(town).take_in(records_)
                return []  # the answer was lost
            case 2:
                return list(hand_in(town).take_in(records_))[: luck.randrange(len(records_) + 1)]
            case _:
                return hand_in(town).take_in(records_)

    for person, occasion in sorted(expected) * 2:
        name = luck.choice(names)
        tap(town, points[name], person, occasion)
        if luck.random() < 0.5:
            points[name].hand_in(lossy)
        if luck.random() < 0.3:  # the point is switched off and on
            again = point(town, tmp_path, name)
            assert again.journal.every() == points[name].journal.every()
            assert again.journal.waiting() == points[name].journal.waiting()
            again.load(data)
            points[name] = again
    for each in points.values():
        each.hand_in(hand_in(town).take_in)
        assert each.journal.waiting() == []
    found = [(p, record.occasion) for p in people for record in records(town, p)]
    assert sorted(found) == sorted(expected), "each once"


def test_the_same_record_has_the_same_receipt(town: BookTown, tmp_path: Path) -> None:
    (person,) = town.members(1)
    there = point(town, tmp_path)
    there.load(desk(town).issue())
    tap(town, there, person)
    (record,) = there.journal.waiting()
    first = hand_in(town).take_in([record])
    assert hand_in(town).take_in([record]) == first
    assert first[0].taken is Taken.RECORDED
    (other,) = hand_in(town).take_in([evolve(record, point="other")])
    assert (other.taken, other.record) == (Taken.ALREADY, first[0].record)
    strange = evolve(record, card=CardRef(CardToken("NOBODYSCARD"), 1))
    assert hand_in(town).take_in([strange])[0].taken is Taken.UNKNOWN_CARD
    future = evolve(record, occasion="x", at=record.at + timedelta(hours=1))
    assert hand_in(town).take_in([future])[0].taken is Taken.AT_RISK
    with pytest.raises(InvalidInput, match="E-COUNTER-003"):
        hand_in(town).take_in([record] * 1001)


def test_a_journal_is_sealed_and_a_torn_line_is_no_record(tmp_path: Path) -> None:
    vault = FileKeys(bytes(range(1, 33))).vault()
    path = tmp_path / "j"
    made = OfflineRecord(
        point="p", number=1, card=CardRef(CardToken("SECRETTOKEN01"), 1), item=ITEM,
        occasion=PLACE, at=NOON, author="w", list_made=NOON, list_ends=NOON + timedelta(hours=1),
    )  # fmt: skip
    journal = FileJournal(path, vault)
    journal.add(made)
    assert b"SECRETTOKEN01" not in path.read_bytes()
    whole = path.read_bytes()
    journal.add(evolve(made, number=2))
    second = path.read_bytes()
    for cut in range(len(whole) + 1, len(second)):
        path.write_bytes(second[:cut])
        again = FileJournal(path, vault)
        assert [each.number for each in again.every()] == [1]
        assert again.next_number() == 2
        assert path.read_bytes() == whole
    path.write_bytes(whole.replace(b"number", b"nomber"))
    with pytest.raises(StorageError, match="E-KEYS-002"):
        FileJournal(path, vault)


@pytest.mark.parametrize("mine", [b"a list\nwithout an end", b"one line"])
def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path, mine: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(mine)
    with pytest.raises(StorageError, match="E-KEYS-002"):
        FileJournal(path, FileKeys(bytes(range(1, 33))).vault())
    assert path.read_bytes() == mine


# --- the list itself -------------------------------------------------------------------------


def refs(count: int, head: str = "T") -> list[CardRef]:
    return [CardRef(CardToken(f"{head}{number:011d}"), 1 + number % 2) for number in range(count)]


@settings(deadline=None, max_examples=40)
@example(count=257, salt=bytes.fromhex("010001004d014b000000000000010100"))
@given(count=st.integers(0, 1_500), salt=st.binary(min_size=16, max_size=16))
def test_every_card_on_the_list_is_found(count: int, salt: bytes) -> None:
    cards = refs(count)
    made = made_of(cards, made=NOON, ends=NOON + timedelta(hours=1), salt=salt)
    assert made.count == count
    assert all(made.has(card) for card in cards)
    assert StatusList.read(made.body()) == made


@pytest.mark.parametrize("count", [257, 513, 256, 258])
def test_where_the_last_bucket_has_one_card_all_before_it_are_found(count: int) -> None:
    """A bucket of one card has no bits: one time in eight the list ends at a whole byte there."""
    cards = refs(count)
    for number in range(40):
        made = made_of(cards, made=NOON, ends=NOON, salt=number.to_bytes(16))
        assert all(map(made.has, cards)), number


def test_a_list_is_less_than_ten_bits_a_card_and_lets_one_stranger_in_256_by() -> None:
    count = 50_000
    made = made_of(refs(count), made=NOON, ends=NOON, salt=b"s" * 16)
    bits = len(made.body()) * 8 / count
    assert 8 + 1.4 < bits < 10, "5.72 million cards in 7.1 million bytes"
    strangers = 20_000
    passed = sum(made.has(card) for card in refs(strangers, "X"))
    assert 0.5 < passed / (strangers / 2**BITS) < 1.6


def test_the_list_of_one_day_says_nothing_of_another_days() -> None:
    one, two = (made_of(refs(100), made=NOON, ends=NOON, salt=salt * 16) for salt in (b"a", b"b"))
    assert one.packed != two.packed
    with pytest.raises(Unreadable):
        opened(b"x" * 64)
    for junk in (b"", b"szunion-status/2" + bytes(50), one.body()[:60]):
        with pytest.raises(Unreadable):
            StatusList.read(junk)
