"""Know what a card may be used for: everything that stands against it, and who can lift it.

Nothing here is stored: it is computed when it is asked for, and shown with its reasons.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol, TypeAlias

from attrs import frozen

from szunion.domain.bank import BankState
from szunion.domain.cards import Card, UnionReason, UnionState
from szunion.domain.holds import Hold, HoldReason
from szunion.domain.machine import Actor
from szunion.domain.members import Membership, MembershipReason, MembershipState, Rights
from szunion.domain.policy import CityPolicy, Payable
from szunion.domain.values import CardId, HoldId, OrganisationId
from szunion.text import Text

_NOT_TOLD: Final = Text("银行尚无有效消息", "the bank has told nothing that counts")


@frozen
class AtBank:
    """The bank's state is not active (银行方面)."""

    state: BankState | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        state = self.state.text if self.state else _NOT_TOLD
        return Text(f"银行：{state.zh}", f"bank: {state.en}")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it: the bank alone, at the holder's wish; nobody if it is over."""
        over = self.state in {BankState.REPLACED, BankState.CLOSED}
        return () if over else (Actor.BANK,)


@frozen
class ByUnion:
    """The union's facet is not enabled (工会方面)."""

    state: UnionState
    reason: UnionReason | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        zh, en = f"工会：{self.state.text.zh}", f"union: {self.state.text.en}"
        if self.reason is None:
            return Text(zh, en)
        return Text(f"{zh}（{self.reason.text.zh}）", f"{en} ({self.reason.text.en})")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it."""
        if self.state is UnionState.PENDING:
            return (Actor.ENGINE,)
        if self.state is UnionState.SUSPENDED:
            return (Actor.OWNER,)
        over = self.reason in {UnionReason.SUPERSEDED, UnionReason.DUPLICATE_PERSON}
        return () if over else (Actor.CITY,)


@frozen
class Locked:
    """A hold is open (锁定)."""

    hold: HoldId
    reason: HoldReason
    owner: OrganisationId
    since: datetime
    until: datetime | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        return Text(f"锁定：{self.reason.text.zh}", f"locked: {self.reason.text.en}")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it: the owner or a higher organ; time, if it has an end."""
        return (Actor.OWNER,) if self.until is None else (Actor.OWNER, Actor.ENGINE)


@frozen
class NotCurrent:
    """It is not the person's current card (非当前卡)."""

    replaced_by: CardId | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        return Text("不是本人当前的卡", "not the person's current card")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it: nobody once another card took its place; before, its activation."""
        return () if self.replaced_by is not None else (Actor.BANK,)


@frozen
class NoRight:
    """The membership does not carry the use of a card (会籍不含用卡)."""

    state: MembershipState | None
    reason: MembershipReason | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        if self.state is None:
            return Text("会籍：无", "membership: none")
        return Text(f"会籍：{self.state.text.zh}", f"membership: {self.state.text.en}")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it: the union that admits, resumes or corrects."""
        return (Actor.UNION, Actor.CITY)


@frozen
class Contradictory:
    """The bank's word contradicts itself and is being cleared (消息矛盾)."""

    @property
    def text(self) -> Text:
        """The reason in words."""
        return Text("银行来报矛盾，核实中", "the bank's messages contradict; being cleared")

    @property
    def lifted_by(self) -> tuple[Actor, ...]:
        """Who can lift it: the bank, by a clear word."""
        return (Actor.BANK,)


class SaysRights(Protocol):
    """A city's policy, or the rules of a day in the past."""

    def rights_of(self, state: MembershipState, reason: MembershipReason | None) -> Rights:
        """Return what a membership carries."""
        ...


Why: TypeAlias = AtBank | ByUnion | Locked | NotCurrent | NoRight | Contradictory


def use(card: Card, membership: Membership | None, policy: SaysRights) -> frozenset[Why]:
    """Return everything that stands against using *card*; empty means usable (能否使用).

    Args:
        card: The card, as it is now.
        membership: Its holder's newest episode, or None.
        policy: The city's policy, which says what a membership carries.
    """
    bank, union = card.bank, card.union
    against = of_facets(bank.state, union.state, union.reason, contradictory=bank.contradictory)
    against.extend(map(of_hold, card.open_holds))
    if not card.current:
        against.append(NotCurrent(card.replaced_by))
    if membership is None:
        against.append(NoRight(None, None))
    else:
        against.extend(of_membership(membership.state, membership.reason, policy))
    return frozenset(against)


def of_facets(
    bank: BankState | None, union: UnionState, reason: UnionReason | None, *, contradictory: bool
) -> list[Why]:
    """Return what the two facets say against using a current card."""
    against: list[Why] = []
    if bank is not BankState.ACTIVE:
        against.append(AtBank(bank))
    if contradictory:
        against.append(Contradictory())
    if union is not UnionState.ENABLED:
        against.append(ByUnion(union, reason))
    return against


def of_hold(hold: Hold) -> Why:
    """Return what an open hold says against using a card."""
    return Locked(hold.id, hold.reason, hold.owner, hold.since, hold.until)


def of_membership(
    state: MembershipState, reason: MembershipReason | None, policy: SaysRights
) -> list[Why]:
    """Return what the holder's membership says against using a card."""
    carries = policy.rights_of(state, reason).card
    return [] if carries else [NoRight(state, reason)]


def payable(card: Card, policy: CityPolicy) -> Payable:
    """Return whether money may be paid into the card's account: the account, not the card.

    A lost card's account still takes aid; a closed one does not. What the union holds against the
    use of the card does not touch the money that its holder is owed.
    """
    state = card.bank.state
    if state is None:
        return Payable.NO
    told = policy.cards.payable[state]
    if card.bank.contradictory and told is Payable.YES:
        return Payable.CHECK
    return told
