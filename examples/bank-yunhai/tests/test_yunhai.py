"""The line to the Bank of Yunhai: found through the door, used by a whole system, hard to fool."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from peer import SOON, Peer
from szunion_bank_yunhai.line import YunhaiBank, YunhaiConfig
from szunion_bank_yunhai.messages import Messages, UnreadableError

from szunion import UnionSystem
from szunion.adapters import FileKeys
from szunion.application import NewUnion
from szunion.domain import (
    Answer,
    BankState,
    CardRef,
    CardToken,
    Fen,
    HoldReason,
    OrganisationKind,
    PayLine,
    PayOut,
    Principal,
    Purpose,
    RequestKey,
    Role,
    SetCardUse,
    UnionState,
)
from szunion.errors import BankOutcomeUnknown, BankUnavailable, ConfigError
from szunion.plugins import collect
from szunion.testing import SimClock, SimulatedBank, check_bank, synthetic_roster

STOP = SetCardUse(
    key=RequestKey("A" * 26), card=CardRef(CardToken("TOKEN-0001")), allowed=False, reason="TEST"
)


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    return Peer(tmp_path / "shared", SimulatedBank(clock=SimClock("2017-11-23")))


@pytest.fixture
def line(peer: Peer) -> YunhaiBank:
    return YunhaiBank(YunhaiConfig(folder=str(peer.folder)))


def test_the_line_is_found_through_the_entry_point_of_its_distribution(peer: Peer) -> None:
    spec = collect().sound().bank("yunhai")
    assert spec.distribution == "szunion-bank-yunhai"
    made = spec.build({"folder": str(peer.folder)}, SimClock())
    assert made.info.name == "yunhai"
    with pytest.raises(ConfigError, match="E-PLUGIN-004"):
        spec.build({"folder": str(peer.folder), "colour": "blue"}, SimClock())


def test_a_whole_system_works_over_this_line(peer: Peer, tmp_path: Path) -> None:
    clock = SimClock("2017-11-23")
    peer.bank.keep_time_by(clock)
    with UnionSystem.open(
        f"sqlite:///{tmp_path / 'union.db'}", bank="yunhai", clock=clock,
        keys=FileKeys(bytes(range(32))), settings={"bank": {"folder": str(peer.folder)}},
    ) as system:  # fmt: skip
        cards = live(system, peer, clock)
        truth = peer.bank.truth
        assert len(truth.cards) == len(cards) == 20
        assert set(truth.effects.values()) == {1}
        assert check_bank(truth).fine
        city = system.desk(Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL))
        states = [city.cards.get(card).card for card in cards]
        assert [one.bank.state for one in states] == [BankState.LOSS_ORAL] + [BankState.ACTIVE] * 19
        assert {one.union.state for one in states[:-1]} == {UnionState.ENABLED}
        stopped = truth.card(states[-1].ref)
        assert stopped is not None
        assert not stopped.allowed, "the union's hold reached the bank"


def live(system: UnionSystem, peer: Peer, clock: SimClock) -> list:  # type: ignore[type-arg]
    """Import, apply, activate; the bank reports a loss, the union places a hold."""
    city = system.desk(Principal(id="c", role=Role.CITY, purpose=Purpose.ENROL))
    city.organisations.found_city(code="440000", name="市总工会")
    district, union = city.organisations.register_many(
        [
            NewUnion(code="440001", name="区总工会", kind=OrganisationKind.DISTRICT,
                     parent_code="440000"),
            NewUnion(code="440001-1", name="测试工会", kind=OrganisationKind.GRASSROOTS,
                     parent_code="440001"),
        ],
        document="1",
    )  # fmt: skip
    assert district.id != union.id
    office = Principal(id="g", role=Role.GRASSROOTS, purpose=Purpose.ENROL, organisation=union.id)
    desk = system.desk(office)
    roster = synthetic_roster(1, 20, bad_per_mille=0)
    people = desk.roster.import_file(BytesIO(roster.as_csv()), paper="同意书1").accepted
    (batch,) = desk.batches.draft(people).batches
    desk.batches.check(batch.id)
    desk.batches.submit(batch.id)
    key = city.batches.approve(batch.id).key
    assert key is not None

    def exchange() -> None:
        for _ in range(4):
            system.run_until_idle()
            peer.serve()
            peer.tell()
            clock.advance(minutes=1)
        system.run_until_idle()

    exchange()
    peer.bank.simulate.produce(key)
    peer.bank.simulate.face_sign(key)
    exchange()
    cards = [kept.id for kept in desk.custody.pieces(batch.id)]
    peer.bank.simulate.report_loss(city.cards.get(cards[0]).card.ref)
    desk.cards.lock(cards[-1], HoldReason.PLASTIC_MISSING)
    exchange()
    assert city.for_purpose(Purpose.OPERATE).bank_books.troubles() == []
    return cards


def test_a_request_without_an_answer_is_unknown_and_its_answer_is_found_later(
    line: YunhaiBank, peer: Peer
) -> None:
    with pytest.raises(BankOutcomeUnknown):
        line.send(STOP, deadline=SOON)
    with pytest.raises(BankUnavailable):
        line.ask(STOP.key, deadline=SOON)
    peer.serve()
    receipt = line.ask(STOP.key, deadline=SOON)
    assert receipt is not None
    assert receipt.answer is Answer.REFUSED, "the bank has no such card"
    assert line.send(STOP, deadline=SOON) == receipt


def test_a_request_that_the_bank_never_met_is_not_known_to_it(line: YunhaiBank) -> None:
    assert line.ask(RequestKey("B" * 26), deadline=SOON) is None


def test_the_same_request_twice_is_one_file_and_one_effect(line: YunhaiBank, peer: Peer) -> None:
    for _ in range(3):
        with pytest.raises(BankOutcomeUnknown):
            line.send(STOP, deadline=SOON)
    assert len(list((peer.folder / "requests").iterdir())) == 1
    peer.serve(take_away=False)
    peer.serve()
    assert line.send(STOP, deadline=SOON).key == STOP.key
    assert list((peer.folder / "requests").iterdir()) == []


def test_a_folder_that_is_not_there_is_a_bank_that_is_away(tmp_path: Path) -> None:
    line = YunhaiBank(YunhaiConfig(folder=str(tmp_path / "nowhere")))
    with pytest.raises(BankUnavailable):
        line.send(STOP, deadline=SOON)
    assert list(line.collect(after=None)) == []


def test_a_request_waits_as_long_as_its_patience_and_no_longer(peer: Peer) -> None:
    slept: list[float] = []
    line = YunhaiBank(YunhaiConfig(folder=str(peer.folder), patience=1.0), sleep=slept.append)
    with pytest.raises(BankOutcomeUnknown):
        line.send(STOP, deadline=SOON)
    assert sum(slept) == pytest.approx(1.0)


def test_notices_come_once_each_behind_their_cursor(line: YunhaiBank, peer: Peer) -> None:
    for _ in range(3):
        peer.bank.simulate.daily_list()
        peer.bank.simulate.statement()
        peer.tell()
    whole = list(line.collect(after=None))
    assert [each.notice for each in whole] == list(peer.bank.truth.told)
    for place, each in enumerate(whole):
        rest = list(line.collect(after=each.cursor))
        assert rest == whole[place + 1 :]


def test_a_file_that_is_not_whole_is_not_read_at_all(line: YunhaiBank, peer: Peer) -> None:
    peer.bank.simulate.daily_list()
    peer.bank.simulate.statement()
    peer.tell()
    path = peer.folder / "notices" / "00000001.json"
    data = path.read_bytes()
    plain = json.loads(data)
    short = {**plain, "内容": plain["内容"][:1]}
    for damaged in (data[:-20], b"", b"{}", json.dumps(short).encode(), data.replace(b":2", b":3")):
        path.write_bytes(damaged)
        with pytest.raises(BankUnavailable):
            list(line.collect(after=None))
    path.write_bytes(data)
    assert len(list(line.collect(after=None))) == 2


def test_a_pay_out_is_the_same_value_on_both_sides() -> None:
    messages = Messages()
    pay = PayOut(
        key=RequestKey("C" * 26),
        lines=(
            PayLine(order=RequestKey("D" * 26), payee=STOP.card, fen=Fen(300000), remark="送温暖"),
        ),
    )
    assert messages.read_request(messages.request(pay)) == pay
    assert messages.request(pay) == messages.request(pay)


def test_what_cannot_be_read_is_never_quoted() -> None:
    data = json.dumps({"报文": "DF-代发", "key": "secret-0001"}).encode()
    with pytest.raises(UnreadableError) as caught:
        Messages().read_request(data)
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
