"""Know how covers under plans, claims, and heirs are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from szunion.domain.access import Scope
from szunion.domain.claim_files import Claim, Heir
from szunion.domain.claims import ClaimState
from szunion.domain.enrolments import Enrolment
from szunion.domain.values import ClaimId, EnrolmentId, Fen, ObligationId, PersonId


class Enrolments(Protocol):
    """Who takes part in which plan. The database refuses more claims or money than a cover has."""

    def add(self, scope: Scope, enrolment: Enrolment) -> bool:
        """Keep a new one; False: its key is there already, and nothing was changed.

        Raises:
            Conflict: the person waits for acceptance in that plan already (E-STORE-004).
        """
        ...

    def get(self, scope: Scope, enrolment: EnrolmentId) -> Enrolment | None:
        """Return one within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Enrolment]:
        """Return a person's enrolments, oldest first."""
        ...

    def asked(self, scope: Scope, *, after: EnrolmentId | None, most: int) -> Sequence[Enrolment]:
        """Return a page of those that wait for acceptance, by id."""
        ...

    def due(self, scope: Scope, today: date, most: int) -> Sequence[Enrolment]:
        """Return those whose waiting period or cover begins or ends by *today*."""
        ...

    def put(self, scope: Scope, enrolment: Enrolment) -> None:
        """Keep what became of one; what is used of it stays as the store counts it.

        Raises:
            Conflict: somebody else was faster (E-STORE-008).
        """
        ...

    def use(self, scope: Scope, enrolment: EnrolmentId, fen: Fen) -> bool:
        """Count one more claim of *fen* if number and cap allow it; one guarded step."""
        ...


class Claims(Protocol):
    """What was claimed. What happened is sealed; an event is held by one claim."""

    def add(self, scope: Scope, claim: Claim) -> None:
        """Keep a new claim, and its event if it holds it.

        Raises:
            Conflict: another claim holds the event (E-STORE-004).
        """
        ...

    def holder(self, scope: Scope, keys: Iterable[str]) -> Claim | None:
        """Return the claim that holds an event, wherever: for deciding alone, never for showing."""
        ...

    def get(self, scope: Scope, claim: ClaimId) -> Claim | None:
        """Return one within the scope."""
        ...

    def of_person(self, scope: Scope, person: PersonId) -> Sequence[Claim]:
        """Return a person's claims, oldest first."""
        ...

    def of_obligations(self, scope: Scope, obligations: Iterable[ObligationId]) -> Sequence[Claim]:
        """Return the claims that were decided into these obligations."""
        ...

    def listed(
        self, scope: Scope, states: Iterable[ClaimState], *, after: ClaimId | None, most: int
    ) -> Sequence[Claim]:
        """Return a page of claims in some states, by id."""
        ...

    def due(
        self, scope: Scope, state: ClaimState, before: datetime, most: int, *, reminders: int = 99
    ) -> Sequence[Claim]:
        """Return claims that have been in *state* since *before*, reminded at most so often."""
        ...

    def over(self, scope: Scope, before: datetime, most: int) -> Sequence[tuple[ClaimId, PersonId]]:
        """Return claims that ended without money before a moment, the oldest first."""
        ...

    def end_files(self, scope: Scope, claims: Sequence[ClaimId]) -> None:
        """Delete claims that :meth:`over` returned: they hold no event. The bulk path."""
        ...

    def put(self, scope: Scope, claim: Claim) -> None:
        """Keep what became of one; an event that it holds no more is free again.

        Raises:
            Conflict: somebody else was faster (E-STORE-008), or another claim has taken the
                event meanwhile (E-STORE-004).
        """
        ...


class Heirs(Protocol):
    """Who receives what the dead were still owed."""

    def put(self, scope: Scope, heir: Heir) -> None:
        """Keep who it is; a later word replaces the first.

        Raises:
            Conflict: it was named and confirmed by one person, or is the deceased (E-STORE-004).
        """
        ...

    def of_people(self, scope: Scope, people: Iterable[PersonId]) -> Mapping[PersonId, Heir]:
        """Return the heirs that are named for *people*."""
        ...
