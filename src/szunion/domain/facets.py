"""Know what the bank has said of a card: one register, folded from told facts in any order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from attrs import frozen

from szunion.domain.bank import BankEvent, BankState, CardChanged, ListedCard
from szunion.domain.machine import Gap, Machine, Owner, fact
from szunion.domain.values import Labelled
from szunion.text import Text

_S = BankState
_E = BankEvent
_LIVE: Final = (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.FROZEN, _S.DORMANT)
_USABLE: Final = Text("若别无不利事项即可使用", "usable if nothing else stands against it")
_REASON_CLASS: Final = Text(
    "司法、风险、密码输错等，只给原因类别", "court, risk, wrong PIN: the class of reason only"
)
_SUCCESSOR: Final = Text("连接新卡", "successor linked")
_GONE: Final = Text("不可使用；收款账户不再存在", "not usable; the payout account is gone")

CARD_BANK: Final = Machine(
    name="card_bank",
    text=Text("银行状态", "card, bank facet"),
    instance=Text(
        "一张卡（令牌加卡序列号）；只有银行能写",
        "one card (token and PSN); only the bank writes it",
    ),
    owner=Owner.BANK,
    states=BankState,
    events=BankEvent,
    start=None,
    final=frozenset({_S.REPLACED, _S.CLOSED}),
    absorbing=frozenset({_S.REPLACED, _S.CLOSED}),
    moves=(
        fact(
            None,
            _E.ISSUED,
            _S.ISSUED,
            effect=Text(
                "令牌、卡序列号、账户类别绑定到申办明细；实体卡在银行",
                "token, PSN and account class bound to the application row; the plastic is at the "
                "bank",
            ),
        ),
        fact(
            _S.ISSUED,
            _E.ACTIVATED,
            _S.ACTIVE,
            means=Text("已面签", "face-sign done"),
            effect=Text(
                "成为此人的当前卡；旧卡被接替；激活礼包按人按项目判定一次",
                "becomes the current card; its predecessor is superseded; the pack is evaluated "
                "once per person and programme",
            ),
        ),
        fact(
            _S.ACTIVE,
            _E.LOSS_ORAL,
            _S.LOSS_ORAL,
            means=Text("临时挂失", "temporary report"),
            effect=Text("不可使用", "not usable"),
        ),
        fact(
            _S.LOSS_ORAL,
            _E.LOSS_LAPSED,
            _S.ACTIVE,
            means=Text("到期或被撤销", "ran out or was undone"),
            effect=_USABLE,
        ),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.FROZEN, _S.DORMANT),
            _E.LOSS_WRITTEN,
            _S.LOSS_WRITTEN,
            effect=Text(
                "不可使用；激活前挂失的要核对保管", "not usable; before activation, check custody"
            ),
        ),
        fact(_S.LOSS_WRITTEN, _E.LOSS_UNDONE, _S.ACTIVE, effect=_USABLE),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.DORMANT),
            _E.FROZEN,
            _S.FROZEN,
            means=_REASON_CLASS,
            effect=Text("不可使用；核对待付款项", "not usable; payouts checked"),
        ),
        fact(
            _S.FROZEN,
            _E.UNFROZEN,
            _S.ACTIVE,
            means=Text(
                "仍有挂失的，银行随后再报", "a loss that still stands is told again after it"
            ),
            effect=_USABLE,
        ),
        fact(
            _S.ACTIVE,
            _E.DORMANT,
            _S.DORMANT,
            effect=Text("不可使用；提示待付款项", "not usable; payout warning"),
        ),
        fact(_S.DORMANT, _E.REVIVED, _S.ACTIVE, effect=_USABLE),
        fact(_LIVE, _E.EXPIRED, _S.EXPIRED, effect=Text("不可使用", "not usable")),
        fact(
            (_S.ISSUED, _S.ACTIVE, _S.LOSS_ORAL, _S.LOSS_WRITTEN, _S.EXPIRED),
            _E.REPLACED,
            _S.REPLACED,
            means=Text(
                "损坏或到期可不换号，挂失换新号",
                "damaged or expired: the number may stay; lost: a new one",
            ),
            effect=_SUCCESSOR,
        ),
        fact(
            (*_LIVE, _S.EXPIRED, _S.REPLACED),
            _E.CLOSED,
            _S.CLOSED,
            means=Text(
                "销户，或未领、放弃，或旧号注销",
                "closed; or never collected, refused; or the old number ended for good",
            ),
            effect=_GONE,
        ),
    ),
)


@frozen(kw_only=True)
class BankFact:
    """One thing that the bank told of one card. It names the state that it leads to."""

    event_id: str
    sequence: int
    digest: str
    """The hash of what was told: the same id with another digest is a contradiction."""
    event: BankEvent | None
    """``None``: read off the bank's daily list (对账得出)."""
    state: BankState
    effective: datetime
    """The bank's own time of it; shown, never used for order."""
    received: datetime

    @property
    def birth(self) -> bool:
        """Whether it is the making of the card, which moves nothing on a card that lives."""
        return self.event is BankEvent.ISSUED

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Its place in the bank's order: births first, then the sequence, ties by content."""
        return (not self.birth, self.sequence, self.digest)


_RANK: Final = attrgetter("rank")


def as_fact(notice: CardChanged, digest: str, received: datetime) -> BankFact:
    """Return what *notice* says of its card, with the hash of its content."""
    return BankFact(
        event_id=notice.told.event_id,
        sequence=notice.told.sequence,
        digest=digest,
        event=notice.event,
        state=notice.state,
        effective=notice.told.effective,
        received=received,
    )


class Verdict(Labelled):
    """What became of a fact when it was recorded."""

    APPLIED = "APPLIED", "已采用", "applied"
    LATE = "LATE", "迟到", "late: history only"
    DUPLICATE = "DUPLICATE", "重复", "duplicate"
    CONFLICT = "CONFLICT", "矛盾", "contradiction"
    GAP = "GAP", "缺口", "applied; something before it has not been told"


def _later(one: BankFact | None, other: BankFact) -> BankFact:
    return other if one is None or other.rank > one.rank else one


@frozen
class BankFacet:
    """What the bank says of a card: the latest fact, and the latest that nothing undoes.

    The rest follows from these two (and from the highest sequence told in two ways), so it does
    not depend on the order in which the facts came.
    """

    latest: BankFact | None = None
    absorbing: BankFact | None = None
    disputed: int = 0
    """The highest sequence at which the bank said two different things; 0: never."""

    @property
    def state(self) -> BankState | None:
        """Where the card stands at the bank; None as long as nothing undisputed was told."""
        decides = self.absorbing or self.latest
        return decides.state if decides else None

    @property
    def contradictory(self) -> bool:
        """Whether the bank has contradicted itself and has not cleared it since.

        A fact after an absorbing one contradicts it; a fact told in two ways counts in neither.
        """
        if self.latest is None:
            return self.disputed > 0
        undone = (
            self.absorbing is not None
            and self.latest.rank > self.absorbing.rank
            and self.latest.state not in CARD_BANK.absorbing
        )
        told_in_two_ways = self.disputed > 0 and (
            self.latest.birth or self.disputed >= self.latest.sequence
        )
        return undone or told_in_two_ways

    def told(self, other: BankFact) -> BankFacet:
        """Return the facet with one more fact that nothing disputes, in any order, any often."""
        closes = other.state in CARD_BANK.absorbing
        return BankFacet(
            _later(self.latest, other),
            _later(self.absorbing, other) if closes else self.absorbing,
            self.disputed,
        )


def _last(facts: Sequence[BankFact]) -> BankFact | None:
    return max(facts, key=_RANK) if len(facts) > 1 else next(iter(facts), None)


def _disputes(one: BankFact, other: BankFact) -> bool:
    """Return whether the bank told the same thing in two ways."""
    if one.event_id == other.event_id:
        return one.digest != other.digest
    same_place = one.sequence == other.sequence and not (one.birth or other.birth)
    return same_place and one.state is not other.state


def fold(facts: Iterable[BankFact]) -> BankFacet:
    """Return the facet that a set of facts makes, in whatever order and however often they come."""
    known = tuple(facts)
    stands, disputed = (known, 0) if _each_its_own(known) else _undisputed(known)
    closing = [each for each in stands if each.state in CARD_BANK.absorbing]
    return BankFacet(_last(stands), _last(closing), disputed)


def _each_its_own(facts: Sequence[BankFact]) -> bool:
    """Return whether no two are of one event or of one place in the order: none is disputed."""
    events, places = {each.event_id for each in facts}, {each.sequence for each in facts}
    return len(events) == len(places) == len(facts)


def _undisputed(known: Sequence[BankFact]) -> tuple[Sequence[BankFact], int]:
    """Return the facts that nothing disputes, and the highest sequence told in two ways."""
    contents: dict[str, set[str]] = {}
    states: dict[int, set[BankState]] = {}
    for each in known:
        contents.setdefault(each.event_id, set()).add(each.digest)
        if not each.birth:
            states.setdefault(each.sequence, set()).add(each.state)
    stands: list[BankFact] = []
    disputed = 0
    for each in known:
        twice = not each.birth and len(states[each.sequence]) > 1
        if twice or len(contents[each.event_id]) > 1:
            disputed = max(disputed, each.sequence)
        else:
            stands.append(each)
    return stands, disputed


def judge(facet: BankFacet, new: BankFact, seen: Iterable[BankFact]) -> Verdict:
    """Return what *new* is beside what is known. It is recorded whatever the verdict.

    Args:
        facet: The facet before it.
        new: The fact that has just come.
        seen: The recorded facts of this card with the same event id or the same sequence.
    """
    others = tuple(seen)
    if any(_disputes(new, other) for other in others):
        return Verdict.CONFLICT
    if any(new.event_id == other.event_id for other in others):
        return Verdict.DUPLICATE
    after = facet.told(new)
    revives = (
        after.absorbing is not None
        and new.rank > after.absorbing.rank
        and new.state not in CARD_BANK.absorbing
    )
    if revives or (after.contradictory and not facet.contradictory):
        return Verdict.CONFLICT
    if facet.latest is not None and new.rank < facet.latest.rank:
        return Verdict.LATE
    if new.event is None:
        return Verdict.APPLIED
    step = CARD_BANK.step(facet.state, new.event)
    return Verdict.GAP if isinstance(step, Gap) else Verdict.APPLIED


def take(known: Sequence[BankFact], new: BankFact) -> tuple[BankFacet, Verdict]:
    """Return the facet and the verdict when *new* comes to the *known* facts of a card."""
    verdict = judge(fold(known), new, known)
    return fold((*known, new)), verdict


def as_listed(
    facet: BankFacet, line: ListedCard, *, event_id: str, digest: str, at: datetime
) -> BankFact | None:
    """Return the fact that closes the difference between *facet* and the bank's daily list.

    Args:
        facet: What we hold.
        line: What the list says, and the sequence it was said with.
        event_id: An id that follows from the list's day and the card: a second run of the same
            list is then a duplicate.
        digest: The hash of the line.
        at: When the list was received.

    Returns:
        None if there is no difference, or if we hold something newer than the list.
    """
    newer = facet.latest is not None and facet.latest.sequence > line.sequence
    if facet.state is line.state or (newer and not facet.contradictory):
        return None
    return BankFact(
        event_id=event_id,
        sequence=line.sequence,
        digest=digest,
        event=None,
        state=line.state,
        effective=at,
        received=at,
    )
