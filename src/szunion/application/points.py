"""Know how the federation serves points without a line: a signed list goes out, records come in.

What was used while the card was locked already, or by whom the item is not for, is recorded as a
risk, and never dropped: the member was there. The same record twice is one participation, and its
receipt is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from szunion.application.access import authorise
from szunion.application.booking_moves import part_of
from szunion.application.office import Office, one_commit
from szunion.application.standing import unfit
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.card_files import KeptCard
from szunion.domain.cards import UnionState
from szunion.domain.eligibility import Ineligible
from szunion.domain.offline import OfflineReceipt, OfflineRecord, Taken
from szunion.domain.participation import Outcome, Participation
from szunion.domain.status_list import StatusList, made_of, signed
from szunion.domain.use import AtBank, ByUnion, Locked, Why, use
from szunion.domain.values import CardRef, PersonId
from szunion.errors import InvalidInput
from szunion.ports.storage import UnitOfWork

_TOGETHER: Final = 1_000
MOST_HOURS: Final = 48
"""The longest that a list may be relied on."""
MOST_RECORDS: Final = 1_000
"""How many records are taken in at once."""


@frozen
class Points:
    """The desk that serves points without a line (离线服务点)."""

    office: Office
    by: Principal

    @property
    def public(self) -> bytes:
        """The public key of the city that signs lists, for a point to check them with."""
        return self.office.signer.public

    def issue(self, *, hours: int = 24) -> bytes:
        """Return a signed list of the cards that may be used now (签发状态清单).

        Args:
            hours: How long it may be relied on, at most 48.

        Raises:
            InvalidInput: it would be relied on too long (E-COUNTER-002).
        """
        if not 1 <= hours <= MOST_HOURS:
            raise InvalidInput("E-COUNTER-002", problem=f"有效期 1 至 {MOST_HOURS} 小时",
                               problem_en=f"it may last 1 to {MOST_HOURS} hours")  # fmt: skip
        now, salt = self.office.clock.now(), self.office.vault.salt()
        made = self.office.storage.read(
            lambda work: made_of(
                self._usable(work), made=now, ends=now + timedelta(hours=hours), salt=salt
            )
        )
        body = made.body()
        self._note(made)
        return signed(body, self.office.signer.sign(body))

    def _usable(self, work: UnitOfWork) -> Iterator[CardRef]:
        scope = authorise(work, self.by, Operation.STATUS_LIST)
        some: list[tuple[CardRef, PersonId]] = []
        for each in work.cards.usable(scope):
            some.append(each)
            if len(some) == _TOGETHER:
                yield from self._carried(work, scope, some)
                some = []
        yield from self._carried(work, scope, some)

    def _carried(
        self, work: UnitOfWork, scope: Scope, cards: Sequence[tuple[CardRef, PersonId]]
    ) -> Iterator[CardRef]:
        """Yield the cards whose holder's membership carries their use."""
        policy = self.office.policy
        people = [person for _, person in cards]
        open_ = {each.person: each for each in work.members.open_of_many(scope, people)}
        for ref, person in cards:
            membership = open_.get(person)
            if membership is None:
                continue
            if policy.rights_of(membership.state, membership.reason).card:
                yield ref

    @one_commit
    def _note(self, work: UnitOfWork, made: StatusList) -> None:
        scope = authorise(work, self.by, Operation.STATUS_LIST)
        after = f"{made.count}:{made.ends:%Y-%m-%dT%H:%MZ}"
        work.audit.add(scope, AuditEntry(action="points.issue", subject=0, after=after))

    @one_commit
    def take_in(
        self, work: UnitOfWork, records: Sequence[OfflineRecord]
    ) -> Sequence[OfflineReceipt]:
        """Take records of a point in, and return a receipt for each (收下离线记录).

        The same record again has the same effect and an equal receipt; nothing is doubled.

        Raises:
            InvalidInput: there are more than 1,000 (E-COUNTER-003).
        """
        if len(records) > MOST_RECORDS:
            raise InvalidInput("E-COUNTER-003", problem=f"一次至多 {MOST_RECORDS} 条",
                               problem_en=f"at most {MOST_RECORDS} at once")  # fmt: skip
        scope = authorise(work, self.by, Operation.COUNTER_TAP)
        return [self._taken(work, scope, record) for record in records]

    def _taken(self, work: UnitOfWork, scope: Scope, record: OfflineRecord) -> OfflineReceipt:
        told = OfflineReceipt(
            point=record.point, number=record.number, taken=Taken.UNKNOWN_CARD
        )  # fmt: skip
        kept = work.cards.by_ref(scope, record.card)
        if kept is None:
            self._log(work, scope, record, None, told.taken)
            return told
        membership = work.members.newest(scope, kept.person)
        against = use(kept.card, membership, self.office.policy)
        missing = unfit(self.office, work, scope, kept.person, membership, record.item)
        stood = any(_stood(why, kept, record.at) for why in against)
        risk = stood or bool(missing) or _late(record, work.now)
        part = evolve(
            part_of(self.office, work, scope, kept, record.item, record.occasion),
            at=record.at,
            outcome=Outcome.OFFLINE_RISK if risk else Outcome.TOOK_PART,
            author=f"{record.author}@{record.point}#{record.number}",
            reason=_because(against, missing) if risk else "",
        )
        if not work.participations.add(scope, part):
            return self._before(work, scope, part, told)
        taken = Taken.AT_RISK if risk else Taken.RECORDED
        self._log(work, scope, record, kept, taken)
        return evolve(told, taken=taken, record=part.id)

    def _before(
        self, work: UnitOfWork, scope: Scope, part: Participation, told: OfflineReceipt
    ) -> OfflineReceipt:
        """Return the receipt of a record whose occasion is on record: its own, or another's."""
        known = work.participations.by_key(scope, part.key, part.person)
        if known is None or known.author != part.author:
            return evolve(told, taken=Taken.ALREADY, record=known.id if known else None)
        risk = known.outcome is Outcome.OFFLINE_RISK
        return evolve(told, taken=Taken.AT_RISK if risk else Taken.RECORDED, record=known.id)

    def _log(
        self, work: UnitOfWork, scope: Scope, record: OfflineRecord, kept: KeptCard | None,
        taken: Taken,
    ) -> None:  # fmt: skip
        entry = AuditEntry(
            action="points.take_in",
            subject=kept.id if kept else 0,
            person=kept.person if kept else PersonId(0),
            after=taken.value,
            reason=f"{record.item}:{record.point}#{record.number}",
        )
        work.audit.add(scope, entry)


def _late(record: OfflineRecord, now: datetime) -> bool:
    """Return whether the record's own times cannot be: after its list, or from the future."""
    return not record.list_made <= record.at < record.list_ends or record.at > now


def _stood(why: Why, kept: KeptCard, at: datetime) -> bool:
    """Return whether a reason stood against the card when it was used, as far as is known."""
    match why:
        case Locked():
            return why.since <= at
        case ByUnion(state=UnionState.SUSPENDED):  # by its holds, and since they stand
            return any(hold.since <= at for hold in kept.card.open_holds)
        case AtBank():
            latest = kept.card.bank.latest
            return latest is None or latest.received <= at
        case _:
            return True


def _because(against: frozenset[Why], missing: Iterable[Ineligible]) -> str:
    return "、".join(sorted(why.text.zh for why in (*against, *missing)))[:200]
