"""The card loses its power at every byte of every command: old or new, never between."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.purses import AID as PURSE_AID
from tests.emv.purses import load_once, pay_once, purse_card
from tests.emv.world import BUSINESS, PBOC_DEBIT, Line, card, content, performer, terminal

from szunion.emv import scripts
from szunion.emv.card.chance import Chance
from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.memory import Memory, Power, PowerLostError
from szunion.emv.card.profiles import Ecash, Scheme
from szunion.emv.errors import LimitExceeded
from szunion.emv.files import MEMBERSHIP_AID, update_file
from szunion.emv.flow import Performer, run
from szunion.emv.pboc import tap
from szunion.emv.selection import select_application
from szunion.emv.terminal import ActionCodes, terminal_values
from szunion.emv.transaction import transact

LENIENT = ActionCodes(online=bytes(5), default=bytes(5))
Recorded = list[bytes]


def cells(held: SimulatedCard) -> dict[Any, bytes]:
    return dict(held._memory._cells)


def twin(held: SimulatedCard) -> SimulatedCard:
    """Return a copy of the card as it is now; what was personalised is shared."""
    shared: list[Any] = [held._content, *held._content.applications]
    for application in held._applications:
        inner = getattr(application, "_card", None)
        if inner is not None:
            shared.append(inner.lists)
    return copy.deepcopy(held, {id(thing): thing for thing in shared})


def recorded(held: SimulatedCard, drive: Callable[[Callable[[bytes], bytes]], None]) -> Recorded:
    """Return the commands of a conversation with *held*."""
    sent: Recorded = []

    def transmit(raw: bytes) -> bytes:
        sent.append(raw)
        return held.process_bytes(raw)

    drive(transmit)
    return sent


def committed_states(held: SimulatedCard, raw: bytes) -> tuple[list[dict[Any, bytes]], int]:
    """Return every state that one command may leave behind, and how many bytes it costs."""
    states = [cells(held)]
    memory, power, spent = held._memory, held._power, [0]
    write, spend = memory.write, power.spend

    def watched(changes: Any) -> None:
        write(changes)
        states.append(cells(held))

    def counted(count: int) -> int:
        spent[0] += count
        return spend(count)

    memory.write = watched  # type: ignore[method-assign]
    power.spend = counted  # type: ignore[method-assign]
    held.process_bytes(raw)
    del memory.write, power.spend
    return states, spent[0]


def cut_everywhere(make: Callable[[], SimulatedCard], sent: Recorded, air: bool) -> int:  # noqa: FBT001
    """Cut the power at every byte of every command; return how many cuts there were."""
    held = make()
    cuts = 0
    for raw in sent:
        before = twin(held)
        allowed, cost = committed_states(held, raw)
        assert held._memory.get("", 0) is None
        for at in range(cost + 1):
            torn = twin(before)
            torn.power_cut_after(at)
            answer = torn.process_bytes(raw)
            # whoever got the whole answer finds the new state
            torn.reset(contactless=air)
            assert cells(torn) in allowed
            if answer:
                assert cells(torn) == allowed[-1]
            cuts += 1
    return cuts


def debit(**changes: Any) -> tuple[Callable[[], SimulatedCard], Recorded]:
    def make() -> SimulatedCard:
        made = SimulatedCard(evolve(content(**changes), get_response=False), 5)
        made.reset()
        return made

    orders = (scripts.set_ecash_balance(2_000), scripts.unblock_pin())
    line = Line(changes.get("scheme", Scheme.RSA), orders=orders, new_pin="7788")

    def drive(transmit: Callable[[bytes], bytes]) -> None:
        held = card()
        outcome = run(
            transact(terminal(knows_sm=True), BUSINESS),
            performer(held, line=line, transmit=transmit),
        )
        assert outcome.decision.approved
        assert [result.done for result in outcome.scripts] == [True]

    return make, recorded(make(), drive)


@pytest.mark.parametrize("scheme", [Scheme.RSA, Scheme.SM])
def test_an_online_payment_with_pin_and_script_survives_every_cut(scheme: Scheme) -> None:
    make, sent = debit(scheme=scheme)
    assert cut_everywhere(make, sent, air=False) > 1_000


def test_an_ecash_payment_survives_every_cut() -> None:
    def make() -> SimulatedCard:
        return card(ecash=Ecash(balance=5_000))

    made = terminal(knows_ecash=True, ecash_limit=9_000, action_codes=LENIENT)

    def drive(transmit: Callable[[bytes], bytes]) -> None:
        outcome = run(transact(made, BUSINESS), performer(card(), transmit=transmit))
        assert outcome.used_ecash

    assert cut_everywhere(make, recorded(make(), drive), air=False) > 500


def test_a_tap_pulled_away_before_its_last_record_has_paid_nothing() -> None:
    def make() -> SimulatedCard:
        return card(contactless=True)

    made = terminal(floor_limit=50_000)
    values = terminal_values(made, BUSINESS, b"\1\2\3\4")

    def drive(transmit: Callable[[bytes], bytes]) -> None:
        run(tap(made, BUSINESS, values), performer(card(), transmit=transmit))

    sent = recorded(make(), drive)
    held = make()
    old = held.cell(PBOC_DEBIT, 0x9F79)
    for raw in sent[:-1]:
        held.process_bytes(raw)
        assert held.cell(PBOC_DEBIT, 0x9F79) == old
    held.process_bytes(sent[-1])
    assert held.cell(PBOC_DEBIT, 0x9F79) == bytes.fromhex("000000009000")
    assert cut_everywhere(make, sent, air=True) > 500


def test_the_purse_survives_every_cut() -> None:
    def drive(transmit: Callable[[bytes], bytes]) -> None:
        run(select_application(PURSE_AID), Performer(transmit=transmit))
        load_once(transmit, 500)
        pay_once(transmit, 300)

    assert cut_everywhere(purse_card, recorded(purse_card(), drive), air=False) > 200


def test_the_unions_file_survives_every_cut() -> None:
    from szunion.emv.card.content import FileApplication
    from szunion.emv.card.file_card import update_mac

    def make() -> SimulatedCard:
        return card(membership=b"\xe1" * 60)

    application = next(
        one
        for one in content(membership=b"\xe1" * 60).applications
        if isinstance(one, FileApplication)
    )
    key = application.key or b""

    def drive(transmit: Callable[[bytes], bytes]) -> None:
        performer_ = Performer(transmit=transmit)
        run(select_application(MEMBERSHIP_AID), performer_)
        flow = update_file(1, 3, b"new!", lambda c, h, d: update_mac(key, c, h, d))
        run(flow, performer_)

    assert cut_everywhere(make, recorded(make(), drive), air=False) > 50


def test_a_wrong_pin_cannot_be_won_back_by_pulling_the_plug() -> None:
    """The try is written off before the comparison: no cut after it gives a fourth guess."""
    held = card()
    for command in ("00A4040008A00000033301010100", "80A8000006830400000000000000"):
        held.process_bytes(bytes.fromhex(command))
    aid = PBOC_DEBIT
    _start(held)
    assert held.cell(aid, 0x9F17) == b"\3"
    verify = bytes.fromhex("0020008008249999FFFFFFFFFF")
    compared = 0
    _, cost = committed_states(twin(held), verify)
    for at in range(cost + 1):
        torn = twin(held)
        torn.power_cut_after(at)
        answer = torn.process_bytes(verify)
        torn.reset()
        if answer:
            compared += 1
            assert torn.cell(aid, 0x9F17) == b"\2"
    assert compared


def _start(held: SimulatedCard) -> None:
    """Select and initiate with a PDOL of zeros."""
    from szunion.emv.reading import initiate

    async def start() -> None:
        await initiate(await select_application(PBOC_DEBIT), {})

    held.reset()
    run(start(), Performer(transmit=held.process_bytes))


# --- the memory itself -------------------------------------------------------------------------

KEYS = [("a", 1), ("a", 2), ("b", 1)]
CHANGES = st.dictionaries(st.sampled_from(KEYS), st.binary(max_size=6), min_size=1)


@settings(max_examples=120, derandomize=True)
@given(first=CHANGES, second=CHANGES, data=st.data())
def test_all_writes_of_a_transaction_or_none(
    first: dict[Any, bytes], second: dict[Any, bytes], data: st.DataObject
) -> None:
    power = Power()
    power.up()
    memory = Memory(power, first)
    power.cut_after(data.draw(st.integers(0, 120)))
    finished = True
    try:
        memory.write(second)
    except PowerLostError:
        finished = False
    # the power may go again while the card mends itself
    for again in data.draw(st.lists(st.integers(0, 60), max_size=3)):
        power.up()
        power.cut_after(again)
        try:
            memory.recover()
        except PowerLostError:
            continue
    power.up()
    memory.recover()
    now = {key: memory.get(*key) for key in KEYS}
    old = {key: first.get(key) for key in KEYS}
    new = {key: second.get(key, first.get(key)) for key in KEYS}
    assert now in (old, new)
    if finished:
        assert now == new


def test_a_write_that_changes_nothing_costs_nothing() -> None:
    power = Power()
    power.up()
    memory = Memory(power, {("a", 1): b"x"})
    power.cut_after(0)
    memory.write({("a", 1): b"x"})
    assert memory.keys("a") == frozenset({1})


def test_more_than_a_journal_holds_is_refused() -> None:
    power = Power()
    power.up()
    with pytest.raises(LimitExceeded):
        Memory(power, {}).write({("a", n): bytes(60_000) for n in (1, 2)})


def test_without_power_nothing_happens() -> None:
    held = SimulatedCard(content(), 1)
    assert held.process_bytes(b"\0\xa4\4\0") == b""
    assert not held.powered
    from szunion.emv.apdu import Command

    assert held.process(Command(0, 0xA4, 4, 0)).sw == 0x6F00


def test_the_same_seed_gives_the_same_card() -> None:
    assert Chance(3).bytes(40) == Chance(3).bytes(40)
    assert Chance(3).bytes(40) != Chance(4).bytes(40)
    assert Chance(-1).bytes(1)
