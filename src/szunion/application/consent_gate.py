"""Know whether an operation that rests on consent may go on, and for whom (同意把关)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.benefits import Subject
from szunion.domain.catalogue import Plan
from szunion.domain.consent import (
    GATES,
    RECIPIENTS,
    REFUSALS,
    ConsentPurpose,
    ConsentStanding,
    folded,
    newest,
    standing_of,
)
from szunion.domain.consent_notices import current
from szunion.domain.values import PersonId
from szunion.errors import NotAllowed
from szunion.ports.storage import UnitOfWork

_ASKED_FOR: Final = frozenset({(gate.operation, gate.purpose) for gate in GATES})


def plan_needs(plan: Plan) -> tuple[ConsentPurpose, ...]:
    """Return to what whoever claims under *plan* must have consented, each by itself."""
    needs = []
    if plan.benefit is not None and plan.benefit.daily:
        needs.append(ConsentPurpose.MEDICAL)
    by_child = plan.once_per is not None and plan.once_per.subject is Subject.CHILD
    if by_child or (plan.benefit is not None and plan.benefit.per is Subject.CHILD):
        needs.append(ConsentPurpose.CHILD)
    return tuple(needs)


def lacking(  # noqa: PLR0913, PLR0917 - what is asked of whom
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    operation: str,
    purpose: ConsentPurpose,
    people: Collection[PersonId],
    recipient: str | None = None,
) -> Mapping[PersonId, str]:
    """Return whose consent to *operation* is missing, with the code of why; the others may go on.

    *operation* stands in the table of gates (``domain/consent.py``): what is not there asks none.
    """
    assert (operation, purpose) in _ASKED_FOR, "a gate that is not in the table"
    whom = recipient or RECIPIENTS[purpose]
    sha256 = current(office.policy.privacy.notices)[purpose].sha256
    words = work.consents.of_people(scope, sorted(set(people)))
    found = {}
    for person in people:
        answer = newest(folded(words.get(person, ())), purpose, whom)
        stands = standing_of(answer, sha256)
        if stands is not ConsentStanding.GIVEN:
            found[person] = REFUSALS[stands]
    return found


def require(  # noqa: PLR0913, PLR0917 - what is asked of whom
    office: Office,
    work: UnitOfWork,
    scope: Scope,
    operation: str,
    purpose: ConsentPurpose,
    person: PersonId,
    recipient: str | None = None,
) -> None:
    """Check that *person* consents to *operation* now.

    Raises:
        NotAllowed: there is no consent (E-CONSENT-001), it was refused or withdrawn
            (E-CONSENT-002), or given to an older text (E-CONSENT-003).
    """
    code = lacking(office, work, scope, operation, purpose, (person,), recipient).get(person)
    if code is not None:
        raise refused(code, purpose)


def refused(code: str, purpose: ConsentPurpose) -> NotAllowed:
    """Return the error that says whose consent to what is missing, and why."""
    return NotAllowed(code, purpose=purpose.label, purpose_en=purpose.label_en)
