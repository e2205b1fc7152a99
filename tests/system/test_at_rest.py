"""What is on its way keeps a range of shards where it is, each kind of it, until it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from attrs import frozen
from tests.booktown import BookTown
from tests.databases import OF_A_RANGE, lasting
from tests.moneytown import WARMTH, YEAR
from tests.system.two_nodes import AT_REST, NOW, Dead, TwoNodes, asked, told, two_nodes

from szunion.adapters.storage.postgres.connection import Limits, connect
from szunion.adapters.storage.postgres.moved_rows import UNFINISHED, unfinished
from szunion.adapters.storage.postgres.moving import Step
from szunion.adapters.storage.sql.times import micros
from szunion.domain.batches import BatchState
from szunion.domain.bookings import BookingState
from szunion.domain.card_files import ListState
from szunion.domain.claims import ClaimState
from szunion.domain.joinings import JoiningState
from szunion.domain.nodes import Shards
from szunion.domain.orders import OrderState
from szunion.domain.outbox import DispatchState
from szunion.domain.proposals import ProposalState
from szunion.domain.tickets import TicketState
from szunion.domain.values import SHARDS, Labelled, shard_of
from szunion.errors import Conflict

pytestmark = [pytest.mark.postgres, OF_A_RANGE]

#: Beside what ``AT_REST`` ends: heirs of the same range, nobody in quarantine, no walk.
_WHOLE: Final = """
UPDATE szunion.heir SET heir_id = person_id + 1;
DELETE FROM szunion.quarantine;
DELETE FROM szunion.key_walk;
DELETE FROM szunion.message_set;
DELETE FROM szunion.proposal;
"""


@frozen
class Waiting:
    """One kind of what is on its way, and what makes it so; ``{0}``: the member, ``{1}``: now."""

    name: str
    moving: Sequence[str]
    resting: Sequence[str]
    whole_node: bool = False
    """Whoever moves waits for it, not only whose it is."""


def _states(name: str, change: str, states: type[Labelled], *resting: Labelled) -> Waiting:
    """Return a kind that has a state: at rest in some of them, on its way in each other."""

    def in_(state: Labelled) -> str:
        return change.format(state.value, member="{0}")

    rests = [in_(state) for state in states if state in resting]
    return Waiting(name, [in_(state) for state in states if state not in resting], rests)


_B, _D, _C, _J, _K, _O, _T = (
    BatchState, DispatchState, ClaimState, JoiningState, BookingState, OrderState, TicketState,
)  # fmt: skip

_PROPOSAL: Final = (
    "INSERT INTO szunion.proposal VALUES"
    " (1, 'membership.expel', {0}, '{{}}', 'a', 0, NULL, NULL, 'OPEN')"
)

KINDS: Final = (
    _states(
        "dispatches", "UPDATE szunion.outbox SET state = '{}' WHERE kind = 'RESERVE_NUMBER'",
        _D, _D.DONE, _D.REFUSED, _D.CANCELLED,
    ),
    _states(
        "batches", "UPDATE szunion.batch SET state = '{}'",
        _B, _B.RECONCILED, _B.CLOSED, _B.CANCELLED,
    ),
    Waiting(
        "payments",
        [
            "UPDATE szunion.obligation SET settled = 0, in_flight = 0",
            "UPDATE szunion.obligation SET settled = fen - 1, in_flight = 0",
            "UPDATE szunion.obligation SET settled = 0, in_flight = fen",
        ],
        ["UPDATE szunion.obligation SET settled = fen, in_flight = 0"],
    ),
    _states(
        "orders", "UPDATE szunion.pay_order SET state = '{}'",
        _O, _O.SETTLED, _O.RETURNED, _O.REJECTED, _O.CANCELLED,
    ),
    _states(
        "recoveries", "UPDATE szunion.claim SET state = '{}'",
        _C, *(each for each in _C if each not in {_C.PAYABLE, _C.RECOVERY}),
    ),
    _states(
        "bookings", "UPDATE szunion.booking SET state = '{}'",
        _K, _K.USED, _K.NO_SHOW, _K.CANCELLED, _K.EXPIRED, _K.REFUSED,
    ),
    _states(
        "lists", "UPDATE szunion.custody_list SET state = '{}'",
        ListState, ListState.SIGNED, ListState.DROPPED,
    ),
    _states(
        "joinings", "UPDATE szunion.joining SET state = '{}'",
        _J, _J.CLOSED, _J.DECLINED, _J.WITHDRAWN, _J.CANCELLED, _J.LAPSED,
    ),
    Waiting(
        "letters",
        ["INSERT INTO szunion.message_set VALUES (1, {1} + 1, '[]')"],
        ["UPDATE szunion.message_set SET until = {1}"],
        whole_node=True,
    ),
    Waiting(
        "proposals",
        [_PROPOSAL],
        [f"UPDATE szunion.proposal SET state = '{state.value}', checker = 'b', checked = 1"
         for state in ProposalState if state is not ProposalState.OPEN],
    ),
    _states(
        "tickets", "UPDATE szunion.ticket SET state = '{}'",
        _T, _T.ANSWERED, _T.CLOSED, _T.MERGED, _T.FORWARDED, _T.WITHDRAWN,
    ),
    Waiting(
        "quarantines",
        ["INSERT INTO szunion.quarantine VALUES ({0} >> 53, {0}, 1, 1, 1, 1, 1, NULL)"],
        ["UPDATE szunion.quarantine SET resolved = 1",
         "UPDATE szunion.quarantine SET resolved = NULL, on_file = {0} + 1"],
    ),
    Waiting(
        "heirs",
        ["UPDATE szunion.heir SET heir_id = 1"],
        ["UPDATE szunion.heir SET heir_id = {0} + 1"],
    ),
    Waiting(
        "walks",
        ["INSERT INTO szunion.key_walk VALUES ('person', 0, 0, 0, 0, 0)"],
        ["UPDATE szunion.key_walk SET ended = 1"],
        whole_node=True,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    folder = tmp_path_factory.mktemp("rest")
    with lasting(folder / "here"), lasting(folder / "there"), two_nodes(folder) as made:
        member = shard_of(made.full.person)
        made.shards = Shards(member, member)
        yield made


def waits(two: TwoNodes, shards: Shards) -> set[str]:
    connection = connect(two.here.owner, Limits())
    try:
        return set(unfinished(connection, shards, micros(NOW)))
    finally:
        connection.close()


@pytest.fixture
def two(kept: TwoNodes) -> TwoNodes:
    """Return the two, and nothing on its way at either."""
    told(kept.here, AT_REST + _WHOLE)
    assert waits(kept, kept.shards) == set()
    return kept


def bring(two: TwoNodes, change: str) -> None:
    """Make something so, as nobody may."""
    words = change.format(two.full.person, micros(NOW))
    told(two.here, f"SET session_replication_role = replica; {words}")


def dies_at_the_first_table(_table: str, _rows: int) -> None:
    raise Dead


def begins(two: TwoNodes) -> None:
    """Check that a move holds both and copies; then take it back."""
    with pytest.raises(Dead):
        two.move(progress=dies_at_the_first_table).run()
    two.move().undo()


def untouched(two: TwoNodes) -> bool:
    """Return whether both are written, and nothing has arrived."""
    return two.writes() == (True, True) and not asked(two.there, "SELECT 1 FROM szunion.person")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_on_its_way_refuses_the_move_until_it_has_ended(
    two: TwoNodes, kind: Waiting
) -> None:
    elsewhere = Shards(two.shards.last + 1, two.shards.last + 1)
    for change in kind.moving:
        bring(two, change)
        assert waits(two, two.shards) == {kind.name}, change
        assert waits(two, elsewhere) == ({kind.name} if kind.whole_node else set()), change
    with pytest.raises(Conflict, match=rf"{kind.name} \d") as found:
        two.move().run()
    assert found.value.code == "E-NODES-017"
    assert untouched(two)
    for change in kind.resting:
        bring(two, change)
        assert waits(two, two.shards) == set(), change
    begins(two)


def test_every_kind_is_shown() -> None:
    assert [kind.name for kind in KINDS] == [each.name for each in UNFINISHED]


def test_what_sets_out_before_both_are_held_is_found_and_nobody_stays_held(two: TwoNodes) -> None:
    def sets_out(step: Step) -> None:
        if step is Step.TARGET_HELD:
            bring(two, "UPDATE szunion.booking SET state = 'HELD'")

    with pytest.raises(Conflict, match="E-NODES-017"):
        two.move(sets_out).run()
    assert untouched(two)
    assert two.logged(two.here)[-2:] == ["shards.out.held", "shards.out.undone"]
    assert two.logged(two.there)[-2:] == ["shards.in.held", "shards.in.undone"]


def test_what_officers_and_members_leave_open_is_found(two: TwoNodes) -> None:
    full, money = two.full, two.full.town.money
    money.grant(full.person)
    assert money.treasury().draft(WARMTH, YEAR).payout is not None
    town, books = money.cards.town, BookTown(cards=money.cards)
    books.bind(1)
    books.held(books.offer(3), full.other)
    town.memberships(town.g(0)).expel(full.other, document="决定1")
    kept = money.cards.card(full.person)
    for hold in kept.card.holds:
        money.cards.cards(town.g(0)).unlock(kept.id, hold.id, "找到了")
    assert waits(two, Shards(0, SHARDS - 1)) == {
        "dispatches", "payments", "orders", "bookings", "proposals",
    }  # fmt: skip
