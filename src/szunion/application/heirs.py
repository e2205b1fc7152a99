"""Know who receives what a dead member was still owed: named by one, confirmed by another (继承人).

An heir is looked up when money is ordered, and counts only for somebody whose membership stands
as ended by death. So a death of the wrong person, once undone, leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.office import Office, one_commit, one_look
from szunion.application.proposals import decide, propose
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.claim_files import Heir
from szunion.domain.members import MembershipReason
from szunion.domain.proposals import Proposal, ProposalState
from szunion.domain.values import PersonId
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_NAME: Final = "heir.name"


def dead(work: UnitOfWork, scope: Scope, people: Collection[PersonId]) -> set[PersonId]:
    """Return those of *people* who have died."""
    wanted = set(people)
    alive = {each.person for each in work.members.open_of_many(scope, wanted)}
    gone = wanted - alive
    newest = work.bulk.newest(scope, sorted(gone)) if gone else ()
    return {each.person for each in newest if each.reason is MembershipReason.DECEASED}


@frozen
class Heirs:
    """The desk where heirs are named (继承)."""

    office: Office
    by: Principal

    @one_commit
    def name(
        self, work: UnitOfWork, deceased: PersonId, heir: PersonId, *, document: str
    ) -> Proposal:
        """Propose who receives for a dead member, on a *document* of the settlement of the estate.

        The heir is somebody on file: the money goes to a card's account, as all money does.

        Raises:
            NotFound: one of the two is not on file (E-SERVICE-003).
            Conflict: the member is not dead (E-HEIR-001).
            InvalidInput: no document, or the deceased is named as the heir (E-HEIR-002).
        """
        scope = authorise(work, self.by, Operation.HEIR_WRITE)
        if not document.strip() or deceased == heir:
            raise InvalidInput("E-HEIR-002")
        self._check(work, scope, deceased, heir)
        terms = {"heir": str(heir), "document": document.strip()}
        return propose(work, scope, _NAME, deceased, terms)

    @one_commit
    def confirm(self, work: UnitOfWork, proposal: int) -> Heir:
        """Confirm, as another person, who receives.

        Raises:
            NotAllowed: it is who proposed (E-ACCESS-004).
        """
        scope = authorise(work, self.by, Operation.HEIR_WRITE)
        decided = decide(work, scope, proposal, (_NAME,))
        deceased, heir = PersonId(decided.subject), PersonId(int(decided.terms["heir"]))
        self._check(work, scope, deceased, heir)
        named = Heir(
            person=deceased,
            heir=heir,
            document=decided.terms["document"],
            named=work.now,
            named_by=decided.maker,
            confirmed_by=self.by.id,
            since=self._today(),
        )
        work.heirs.put(scope, named)
        entry = AuditEntry(action="heir.put", subject=heir, person=deceased, reason=named.document)
        work.audit.add(scope, entry)
        return named

    @one_commit
    def refuse(self, work: UnitOfWork, proposal: int) -> Proposal:
        """Refuse, as another person, who was proposed."""
        scope = authorise(work, self.by, Operation.HEIR_WRITE)
        return decide(work, scope, proposal, (_NAME,), ProposalState.REFUSED)

    @one_look
    def of(self, work: UnitOfWork, deceased: PersonId) -> Heir | None:
        """Return who receives for somebody, if the death stands and an heir is named."""
        scope = authorise(work, self.by, Operation.HEIR_WRITE)
        if deceased not in dead(work, scope, [deceased]):
            return None
        return work.heirs.of_people(scope, [deceased]).get(deceased)

    def _today(self) -> date:
        return self.office.clock.today()

    def _check(self, work: UnitOfWork, scope: Scope, deceased: PersonId, heir: PersonId) -> None:
        for each in (deceased, heir):
            if work.people.get(scope, each) is None:
                raise NotFound("E-SERVICE-003")
        if deceased not in dead(work, scope, [deceased]):
            newest = work.members.newest(scope, deceased)
            raise Conflict("E-HEIR-001", current=newest.state if newest else None, allowed=())
