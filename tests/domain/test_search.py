"""Every state that membership, union facet, bank facet, holds and messages can reach together.

The world is walked breadth first with the product's own rules: nothing is sampled. Two messages
are in flight each way; the network loses, doubles and reorders them. The union's side and the
bank's side are walked as components whose rules are the product's, and then together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import pytest
from attrs import evolve, frozen
from tests.domain.cards_for_tests import NOON, active_card, first_city, hold, member, told

from szunion.domain.bank import BankState, ListedCard
from szunion.domain.cards import Card, UnionFacet, UnionReason, UnionState
from szunion.domain.facets import CARD_BANK, BankFacet, BankFact, as_listed
from szunion.domain.holds import Hold, HoldEvent, HoldReason
from szunion.domain.instructions import (
    MAY_HAVE_ARRIVED,
    Instruction,
    InstructionEvent,
    InstructionKind,
    InstructionState,
    next_to_send,
    queued,
)
from szunion.domain.machine import Kind
from szunion.domain.members import MEMBERSHIP, MembershipEvent, MembershipReason, MembershipState
from szunion.domain.use import use
from szunion.domain.values import (
    CardId,
    CardRef,
    CardToken,
    HoldId,
    InstructionId,
    PersonId,
    RequestKey,
)
from szunion.errors import Conflict

REF: Final = CardRef(CardToken("TESTCARD0001"))
MOST: Final = 2
"""Messages in flight, each way."""

# --- the bank's side: its truth, what it has told, what we believe -------------------------------


@frozen
class Bank:
    """The bank's truth, facts under way, and the union's facet of it (ranks, not numbers)."""

    state: BankState
    sequence: int
    up: tuple[tuple[int, BankState], ...]
    latest: tuple[int, BankState]
    absorbing: tuple[int, BankState] | None


def a_fact(sequence: int, state: BankState) -> BankFact:
    event = next(each.event for each in CARD_BANK.edges() if each.target is state)
    return told(sequence, event, state)


@cache
def facet_of(latest: tuple[int, BankState], absorbing: tuple[int, BankState] | None) -> BankFacet:
    return BankFacet(a_fact(*latest), a_fact(*absorbing) if absorbing else None)


def believed(bank: Bank) -> BankFacet:
    return facet_of(bank.latest, bank.absorbing)


def canonical(bank: Bank) -> Bank:
    """Return the same world with its sequences counted from 1: only their order matters."""
    used = {bank.sequence, bank.latest[0], *(each[0] for each in bank.up)}
    used |= {bank.absorbing[0]} if bank.absorbing else set()
    rank = {number: place for place, number in enumerate(sorted(used), 1)}
    return Bank(
        bank.state,
        rank[bank.sequence],
        tuple(sorted(((rank[n], s) for n, s in bank.up), key=lambda each: (each[0], each[1].name))),
        (rank[bank.latest[0]], bank.latest[1]),
        (rank[bank.absorbing[0]], bank.absorbing[1]) if bank.absorbing else None,
    )


@cache
def heard(
    latest: tuple[int, BankState],
    absorbing: tuple[int, BankState] | None,
    message: tuple[int, BankState],
) -> tuple[tuple[int, BankState], tuple[int, BankState] | None]:
    after = facet_of(latest, absorbing).told(a_fact(*message))
    assert after.latest is not None
    closed = after.absorbing
    return (
        (after.latest.sequence, after.latest.state),
        (closed.sequence, closed.state) if closed else None,
    )


def bank_moves(bank: Bank) -> Iterator[tuple[str, Bank]]:
    """Yield everything that the bank and the network can do."""
    for event in CARD_BANK.allowed(bank.state, Kind.FACT):
        target = CARD_BANK.after(bank.state, event)
        sequence = bank.sequence + 1
        acted = evolve(bank, state=target, sequence=sequence)
        if len(bank.up) < MOST:
            yield f"bank {event.value}", evolve(acted, up=(*bank.up, (sequence, target)))
        yield f"bank {event.value}, its message lost", acted
    for index, message in enumerate(bank.up):
        rest = (*bank.up[:index], *bank.up[index + 1 :])
        latest, absorbing = heard(bank.latest, bank.absorbing, message)
        yield "hear", evolve(bank, up=rest, latest=latest, absorbing=absorbing)
        yield "hear, and it comes again", evolve(bank, latest=latest, absorbing=absorbing)
        yield "lose", evolve(bank, up=rest)
    line = ListedCard(REF, bank.state, bank.sequence)
    found = as_listed(believed(bank), line, event_id="list", digest="list", at=NOON)
    if found is not None:
        latest, absorbing = heard(bank.latest, bank.absorbing, (found.sequence, found.state))
        yield "daily list", evolve(bank, latest=latest, absorbing=absorbing)


FIRST_BANK: Final = Bank(BankState.ISSUED, 1, (), (1, BankState.ISSUED), None)

# --- the union's side: membership, its facet, holds, instructions ---------------------------------


class Order(NamedTuple):
    """An open instruction as the walk sees it: which, what, how far, and whether in doubt."""

    id: int
    kind: InstructionKind
    state: InstructionState
    doubt: bool


class Side(NamedTuple):
    """What the union holds, what is on its way to the bank, and what the bank has obeyed."""

    membership: MembershipState
    reason: MembershipReason | None
    union: UnionFacet
    holds: frozenset[HoldReason]
    orders: tuple[Order, ...]
    down: tuple[int, ...]
    obeyed: frozenset[int]
    allows: bool


HOLDS: Final = (HoldReason.MISUSE, HoldReason.CONFLICT)
FIRST_SIDE: Final = Side(
    MembershipState.ACTIVE, None, UnionFacet(), frozenset(), (), (), frozenset(), allows=True
)


def a_hold(reason: HoldReason) -> Hold:
    return hold(HOLDS.index(reason) + 1, reason)


@cache
def card_of(union: UnionFacet, holds: frozenset[HoldReason]) -> Card:
    """Return a card whose bank facet is active: what the bank ended is not rejoined (below)."""
    return evolve(
        active_card(),
        union=union,
        holds=tuple(a_hold(each) for each in HOLDS if each in holds),
    )


def with_card(side: Side, card: Card) -> Side:
    holds = frozenset(each.reason for each in card.open_holds)
    return side._replace(union=evolve(card.union, sequence=0), holds=holds)


def carries(state: MembershipState, reason: MembershipReason | None) -> bool:
    return first_city().policy.rights_of(state, reason).card


@cache
def an_instruction(order: Order) -> Instruction:
    return Instruction(
        id=InstructionId(order.id),
        card=CardId(1),
        person=PersonId(7),
        kind=order.kind,
        cause=str(order.id),
        reason="",
        key=RequestKey("A" * 26),
        sequence=order.id,
        state=order.state,
        created=NOON,
        bank_code=MAY_HAVE_ARRIVED if order.doubt else "",
    )


def an_order(one: Instruction) -> Order:
    return Order(one.id, one.kind, one.state, one.bank_code == MAY_HAVE_ARRIVED)


def with_orders(side: Side, orders: tuple[Instruction, ...]) -> Side:
    """Return the side with its open instructions; ended ones are not needed any more."""
    return side._replace(orders=tuple(an_order(each) for each in orders if each.open))


def ask_bank(side: Side, kind: InstructionKind) -> Side:
    """Queue an instruction by the product's rule."""
    known = tuple(an_instruction(each) for each in side.orders)
    fresh = max((*(each.id for each in side.orders), *side.down, *side.obeyed, 0)) + 1
    new = an_instruction(Order(fresh, kind, InstructionState.QUEUED, doubt=False))
    cancelled, placed = queued(known, new)
    gone = {each.id for each in cancelled}
    placed = evolve(placed, sequence=fresh)
    return with_orders(side, (*(each for each in known if each.id not in gone), placed))


def tidy(side: Side) -> Side:
    """Return the same world with its instructions counted from 1, forgotten ones dropped.

    Of reasons only those are told apart that some rule tells apart: who is retained and why, and
    whether a card may be rejoined.
    """
    lasting = side.membership is MembershipState.RETAINED
    why = side.union.reason
    if why not in {None, UnionReason.DUPLICATE_PERSON}:
        why = UnionReason.DECISION
    alive = {each.id for each in side.orders} | set(side.down)
    rank = {number: place for place, number in enumerate(sorted(alive), 1)}
    return Side(
        side.membership,
        side.reason if lasting else None,
        side.union if why is side.union.reason else evolve(side.union, reason=why),
        side.holds,
        tuple(
            each if rank[each.id] == each.id else each._replace(id=rank[each.id])
            for each in side.orders
        ),
        tuple(sorted(rank[each] for each in side.down)),
        frozenset(rank[each] for each in side.obeyed if each in alive),
        side.allows,
    )


def membership_moves(side: Side) -> Iterator[tuple[str, Side]]:
    """Yield what the union can decide of the membership, with what follows for the card."""
    for event in MEMBERSHIP.allowed(side.membership):
        target = MEMBERSHIP.after(side.membership, event)
        reason = {
            MembershipEvent.RETAIN: MembershipReason.RETIRED,
            MembershipEvent.MOVE_OUT: MembershipReason.LEFT_CITY,
            MembershipEvent.VOID_DUPLICATE: MembershipReason.DUPLICATE_PERSON,
        }.get(event, MembershipReason.VOLUNTARY if target in MEMBERSHIP.final else None)
        yield from follow(event.value, side._replace(membership=target, reason=reason))
    if side.membership in MEMBERSHIP.final:
        for birth in MEMBERSHIP.births():
            yield from follow(
                f"new episode: {birth.event.value}",
                side._replace(membership=birth.target, reason=None),
            )


def follow(name: str, side: Side) -> Iterator[tuple[str, Side]]:
    """Yield the side after what an ended membership does to the card, in the same commit."""
    ended = side.membership in {MembershipState.LEFT, MembershipState.VOID}
    if ended and side.union.state is not UnionState.REVOKED:
        card = card_of(side.union, side.holds).ended(side.reason)
        side = ask_bank(with_card(side, card), InstructionKind.STOP)
    yield name, side


@cache
def lock_moves(union: UnionFacet, holds: frozenset[HoldReason]) -> list[tuple[str, Card]]:
    """Return what can be locked or unlocked on a card."""
    card = card_of(union, holds)
    found = [("lock", card.locked(a_hold(each))) for each in HOLDS if each not in holds]
    found += [
        (str(how.value), card.unlocked(a_hold(each).id, how))
        for each in HOLDS
        if each in holds
        for how in (HoldEvent.LIFT, HoldEvent.EXPIRE)
    ]
    return found


def card_moves(side: Side) -> Iterator[tuple[str, Side]]:
    """Yield what the union can decide of the card."""
    card = card_of(side.union, side.holds)
    for name, after in lock_moves(side.union, side.holds):
        yield name, with_card(side, after)
    settled = card.settled(carries_use=carries(side.membership, side.reason))
    if settled != card:
        yield "enable", with_card(side, settled)
    if side.union.state is not UnionState.REVOKED:
        yield "revoke", ask_bank(with_card(side, card.revoked()), InstructionKind.STOP)
    elif side.membership is MembershipState.ACTIVE:
        try:
            back = card.rejoined()
        except Conflict:
            return
        yield "rejoin", ask_bank(with_card(side, back), InstructionKind.RESTORE)


def instruction_moves(side: Side) -> Iterator[tuple[str, Side]]:
    """Yield what can become of instructions: sending, losing, doubling, obeying, answering."""
    known = tuple(an_instruction(each) for each in side.orders)

    def moved(one: Instruction, new: Instruction) -> Side:
        return with_orders(side, tuple(new if each.id == one.id else each for each in known))

    leaving = next_to_send(known)
    if leaving is not None:
        sent = moved(leaving, leaving.after(InstructionEvent.SEND))
        yield "send, lost", sent
        if len(side.down) < MOST:
            yield "send", sent._replace(down=(*side.down, leaving.id))
    for one in known:
        yield from outcomes_of(side, one, moved)
    yield from network_moves(side)


def outcomes_of(
    side: Side, one: Instruction, moved: Callable[[Instruction, Instruction], Side]
) -> Iterator[tuple[str, Side]]:
    """Yield what can become known of one open instruction."""
    if one.state is InstructionState.SENT:
        yield "no answer", moved(one, one.after(InstructionEvent.NO_ANSWER))
        if one.id not in side.down and one.id not in side.obeyed:
            yield "unreached", moved(one, one.after(InstructionEvent.UNREACHED))
    if one.state is InstructionState.UNKNOWN:
        again = moved(one, one.after(InstructionEvent.RESEND))
        if len(side.down) < MOST:
            yield "resend", again._replace(down=(*side.down, one.id))
        if one.id not in side.obeyed:
            yield "never seen", moved(one, answered(one, InstructionEvent.NOT_FOUND))
    if one.id in side.obeyed and one.state is not InstructionState.QUEUED:
        yield "answer", moved(one, answered(one, InstructionEvent.ACK))


def network_moves(side: Side) -> Iterator[tuple[str, Side]]:
    """Yield what the network and the bank do with copies of requests."""
    for index, number in enumerate(side.down):
        rest = (*side.down[:index], *side.down[index + 1 :])
        yield "lost on the way", side._replace(down=rest)
        kinds = {each.id: each.kind for each in side.orders}
        done = side._replace(down=rest)
        if number not in side.obeyed:
            # A copy whose instruction is over must have been obeyed: nothing else may be under way.
            assert number in kinds, "a copy that nobody waits for is still on its way"
            obeyed = side.obeyed | {number}
            done = done._replace(obeyed=obeyed, allows=kinds[number].allows)
        yield "the bank obeys", done
        if len(side.down) < MOST:
            yield "the copy is doubled", side._replace(down=(*side.down, number))


def answered(one: Instruction, event: InstructionEvent) -> Instruction:
    after = one.told(event, "00")
    assert isinstance(after, Instruction)
    return after


def side_moves(side: Side) -> Iterator[tuple[str, Side]]:
    yield from membership_moves(side)
    yield from card_moves(side)
    yield from instruction_moves(side)


# --- the walk -----------------------------------------------------------------------------------


@frozen
class Walked:
    """A component walked to its end: states by number, and each state's moves by number."""

    states: list[Any]
    moves: list[list[tuple[str, int]]]


def walk(first: Hashable, moves: Callable[[Any], Iterator[tuple[str, Any]]]) -> Walked:
    number = {first: 0}
    states: list[Any] = [first]
    out: list[list[tuple[str, int]]] = []
    for state in states:
        found: dict[tuple[str, int], None] = {}
        for name, after in moves(state):
            if after not in number:
                number[after] = len(states)
                states.append(after)
            found[name, number[after]] = None
        out.append(list(found))
    return Walked(states, out)


def can_reach(walked: list[list[int]], goals: set[int]) -> set[int]:
    """Return the states from which some goal can be reached."""
    back: list[list[int]] = [[] for _ in walked]
    for source, targets in enumerate(walked):
        for target in targets:
            back[target].append(source)
    seen, todo = set(goals), deque(goals)
    while todo:
        for source in back[todo.popleft()]:
            if source not in seen:
                seen.add(source)
                todo.append(source)
    return seen


@cache
def bank_walk() -> Walked:
    return walk(
        FIRST_BANK, lambda bank: ((name, canonical(after)) for name, after in bank_moves(bank))
    )


@cache
def side_walk() -> Walked:
    return walk(FIRST_SIDE, lambda side: ((name, tidy(after)) for name, after in side_moves(side)))


def test_the_banks_side_with_all_nine_states_never_believes_a_dead_card_alive() -> None:
    """M08: whatever is lost, doubled or swapped, an ended card stays ended, and a list heals."""
    walked = bank_walk()
    for bank, moves in zip(walked.states, walked.moves, strict=True):
        facet = believed(bank)
        dead = facet.state in CARD_BANK.absorbing
        assert not dead or bank.state in CARD_BANK.absorbing
        assert not facet.contradictory, "an honest bank is never called contradictory"
        for name, target in moves:
            after = believed(walked.states[target])
            if name == "daily list":
                assert after.state is bank.state
            if dead:
                assert after.state in CARD_BANK.absorbing
            if name.startswith("bank"):
                assert after.state is facet.state, "the bank's act is not our belief of it"
    at_rest = {
        number
        for number, bank in enumerate(walked.states)
        if bank.state is BankState.CLOSED
        and not bank.up
        and believed(bank).state is BankState.CLOSED
    }
    reached = can_reach([[to for _, to in moves] for moves in walked.moves], at_rest)
    assert len(reached) == len(walked.states), "a dead end on the bank's side"
    print(f"\nbank's side, nine states: {len(walked.states)} states")  # noqa: T201


def unsafe(side: Side) -> list[str]:
    """Return what is wrong with a state of the union's side."""
    found: list[str] = []
    ended = side.membership in {MembershipState.LEFT, MembershipState.VOID}
    state = side.union.state
    if ended and state is not UnionState.REVOKED:
        found.append("ended, and the card is not revoked")
    if state is UnionState.ENABLED and side.holds:
        found.append("enabled under a hold")
    if state is UnionState.SUSPENDED and not side.holds:
        found.append("suspended without a hold")
    if len(side.orders) > MOST:
        found.append("more than one instruction waits behind one in flight")
    if sum(each.state is not InstructionState.QUEUED for each in side.orders) > 1:
        found.append("two instructions in flight")
    quiet = not side.orders and not side.down
    if quiet and side.allows is (state is UnionState.REVOKED):
        found.append("all is answered, and the bank does what the union does not want")
    return found


def test_the_product_of_both_sides_has_no_unsafe_state_and_no_dead_end() -> None:
    """M07 and M08 together: every reachable state of the whole."""
    banks, sides = bank_walk(), side_walk()
    assert [unsafe(each) for each in sides.states if unsafe(each)] == []
    dead = [believed(each).state in CARD_BANK.absorbing for each in banks.states]
    to_sides = [sorted({to for _, to in moves}) for moves in sides.moves]
    to_sides_over = [
        sorted({to for name, to in moves if name != "rejoin"}) for moves in sides.moves
    ]
    together = reach_together(banks, dead, to_sides, to_sides_over)
    reached = sum(each.bit_count() for each in together)
    living, ended = (sum(map(len, moves)) for moves in (to_sides, to_sides_over))
    transitions = sum(
        len(banks.moves[bank]) * each.bit_count() + (ended if dead[bank] else living)
        for bank, each in enumerate(together)
    )
    assert together == [(1 << len(sides.states)) - 1] * len(banks.states)
    assert_use_agrees(banks, sides)
    assert_everything_can_finish(banks, sides, to_sides, to_sides_over)
    print(  # noqa: T201
        f"\nproduct: {len(banks.states)} x {len(sides.states)} -> {reached} states, "
        f"{transitions} transitions"
    )


def reach_together(
    banks: Walked, dead: list[bool], to_sides: list[list[int]], to_sides_over: list[list[int]]
) -> list[int]:
    """Return, for each state of the bank's side, the set (as bits) of union sides beside it.

    Breadth first over sets: the bank's moves carry a whole set along, the union's moves close it.
    """
    together = [0] * len(banks.states)
    todo = deque([(0, 1)])
    while todo:
        bank, arriving = todo.popleft()
        new = arriving & ~together[bank]
        if not new:
            continue
        moves = to_sides_over if dead[bank] else to_sides
        together[bank] |= closed_under(moves, new, together[bank])
        todo.extend((to, together[bank]) for _, to in banks.moves[bank])
    return together


_CLOSED: dict[tuple[int, int], int] = {}


def closed_under(moves: list[list[int]], new: int, known: int) -> int:
    """Return the set that *new* and *known* (closed already) become under *moves*."""
    key = (id(moves), new | known)
    if key not in _CLOSED:
        found, todo = known | new, [bit for bit in range(len(moves)) if new >> bit & 1]
        for bit in todo:
            for to in moves[bit]:
                if not found >> to & 1:
                    found |= 1 << to
                    todo.append(to)
        _CLOSED[key] = found
    return _CLOSED[key]


def assert_use_agrees(banks: Walked, sides: Walked) -> None:
    """The product's ``use`` says usable in exactly the states where all parts agree."""
    policy = first_city().policy
    beliefs = {(each.latest, each.absorbing) for each in banks.states}
    views = {(each.union, each.holds, each.membership, each.reason): each for each in sides.states}
    for latest, absorbing in beliefs:
        facet = facet_of(latest, absorbing)
        for side in views.values():
            card = evolve(card_of(side.union, side.holds), bank=facet)
            against = use(card, member(side.membership, side.reason), policy)
            expected = (
                facet.state is BankState.ACTIVE
                and side.union.state is UnionState.ENABLED
                and not side.holds
                and carries(side.membership, side.reason)
            )
            assert (not against) is expected


def assert_everything_can_finish(
    banks: Walked, sides: Walked, to_sides: list[list[int]], to_sides_over: list[list[int]]
) -> None:
    """From every state the bank's side can end, and then the union's side can end."""
    closed = {
        number
        for number, bank in enumerate(banks.states)
        if believed(bank).state is BankState.CLOSED and not bank.up
    }
    bank_ends = can_reach([[to for _, to in moves] for moves in banks.moves], closed)
    assert len(bank_ends) == len(banks.states), "a dead end on the bank's side"
    over = {
        number
        for number, side in enumerate(sides.states)
        if side.union.state is UnionState.REVOKED
        and side.membership in MEMBERSHIP.final
        and not (side.holds or side.orders or side.down)
    }
    for moves in (to_sides, to_sides_over):
        assert len(can_reach(moves, over)) == len(sides.states), "a dead end on the union's side"


def test_what_the_bank_ended_is_not_rejoined() -> None:
    """The one rule by which the bank's side enters the union's: the walk leaves that move out."""
    ended = evolve(
        active_card().ended(MembershipReason.LEFT_CITY),
        bank=facet_of((2, BankState.CLOSED), (2, BankState.CLOSED)),
    )
    with pytest.raises(Conflict, match="E-CARD-003"):
        ended.rejoined()


def test_the_union_moves_only_what_is_its_own() -> None:
    """By the tables: no decision of the union fires a move of the bank's facet."""
    assert {each.kind for each in CARD_BANK.edges()} == {Kind.FACT}
    card = active_card()
    for after in (
        card.locked(hold()),
        card.revoked(),
        card.ended(MembershipReason.LEFT_CITY),
        card.ended(MembershipReason.LEFT_CITY).rejoined(),
        card.locked(hold()).unlocked(HoldId(1), HoldEvent.LIFT),
    ):
        assert after.bank is card.bank

    """“Never seen” is no proof: superseding it would let a late copy undo the new one."""


# --- the search finds planted faults ----------------------------------------------------------


def test_the_search_finds_an_instruction_that_overtakes_one_that_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """“Never seen” is no proof: superseding it would let a late copy undo the new one."""

    def careless(
        earlier: tuple[Instruction, ...], new: Instruction
    ) -> tuple[tuple[Instruction, ...], Instruction]:
        waiting = tuple(each for each in earlier if each.state is InstructionState.QUEUED)
        return waiting, new

    monkeypatch.setattr(f"{__name__}.queued", careless)
    with pytest.raises(AssertionError, match="nobody waits for"):
        walk(
            FIRST_SIDE,
            lambda side: ((name, tidy(after)) for name, after in side_moves(side)),
        )


def test_the_search_finds_a_hold_that_does_not_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(card: Card, new: Hold) -> Card:
        return evolve(card, holds=(*card.holds, new))

    monkeypatch.setattr(Card, "locked", careless)
    lock_moves.cache_clear()
    walked = walk(
        FIRST_SIDE,
        lambda side: ((name, tidy(after)) for name, after in card_moves(side)),
    )
    lock_moves.cache_clear()
    assert any("enabled under a hold" in unsafe(each) for each in walked.states)


def test_the_search_finds_a_facet_that_believes_the_last_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(_: BankFacet, new: BankFact) -> BankFacet:
        return BankFacet(new, new if new.state in CARD_BANK.absorbing else None)

    monkeypatch.setattr(BankFacet, "told", careless)
    heard.cache_clear()
    walked = walk(
        FIRST_BANK,
        lambda bank: ((name, canonical(after)) for name, after in bank_moves(bank)),
    )
    heard.cache_clear()
    revived = [
        (bank, target)
        for bank, moves in zip(walked.states, walked.moves, strict=True)
        for _, target in moves
        if believed(bank).state is BankState.CLOSED
        and believed(walked.states[target]).state is not BankState.CLOSED
    ]
    assert revived
