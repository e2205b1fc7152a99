"""Know how a roster becomes rows in memory: the same result, one row at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from attrs import define, field, frozen

from szunion.adapters.storage.memory.core import MemoryAuditTrail
from szunion.adapters.storage.memory.members import MemoryMembers
from szunion.adapters.storage.memory.people import MemoryPeople
from szunion.adapters.storage.memory.tables import Table, Undo
from szunion.domain.access import Scope
from szunion.domain.affiliations import Affiliation
from szunion.domain.audit import AuditEntry
from szunion.domain.documents import TELLING, DocumentKind, leading, to_18
from szunion.domain.identity import DocumentNumber, IdentityDocument
from szunion.domain.members import Membership, MembershipState
from szunion.domain.people import new_person
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import AffiliationId, MembershipId, OrganisationId, PersonId
from szunion.ports.keys import Vault
from szunion.ports.storage.imports import Looked, Prepared, Prepares, RosterImport
from szunion.ports.system import Ids


@define
class ImportTables:
    """Imports of rosters."""

    runs: Table[int, RosterImport] = field(
        factory=lambda: Table("roster_import", {"file": lambda row: (row.organisation, row.sha256)})
    )


@frozen
class MemoryPrepared:
    """Rows as they are: in memory nothing is sealed."""

    rows: Sequence[PlainRow]


def _prepared(rows: Sequence[PlainRow], _at: datetime) -> MemoryPrepared:
    return MemoryPrepared(rows)


@frozen
class MemoryLooked:
    """Looked-up rows."""

    rows: Sequence[PlainRow]
    on_file: Mapping[int, PersonId]

    @property
    def by_keys_alone(self) -> bool:
        return not self.on_file


@frozen
class MemoryImports:
    """Imports of rosters in memory."""

    tables: ImportTables
    people: MemoryPeople
    members: MemoryMembers
    audit: MemoryAuditTrail
    undo: Undo
    ids: Ids
    vault: Vault
    now: datetime

    def run_of(
        self, scope: Scope, organisation: OrganisationId, sha256: str
    ) -> RosterImport | None:
        return self.tables.runs.find("file", (organisation, sha256))

    def add_run(self, scope: Scope, run: RosterImport) -> None:
        self.tables.runs.insert(self.undo, run.id, run)

    def put_run(self, scope: Scope, run: RosterImport) -> None:
        self.tables.runs.replace(self.undo, run.id, run)

    def side_by_side(self) -> bool:
        """There is one writer."""
        return False

    def queue(self, *, more: bool = False, beside: bool = False) -> None:
        """There is one writer."""

    def still_holds(self, scope: Scope, looked: Looked, organisation: OrganisationId) -> bool:
        """Nobody wrote meanwhile."""
        return True

    def preparer(self, scope: Scope) -> Prepares:
        return _prepared

    def look_up(self, scope: Scope, prepared: Prepared) -> MemoryLooked:
        found: dict[int, PersonId] = {}
        rows = prepared.rows
        for position, row in enumerate(rows):
            for document in _forms(row):
                person = self.people.on_file(scope, document)
                if person is not None:
                    found[position] = person.id
                    break
        return MemoryLooked(rows, found)

    def admit(  # noqa: PLR0913, PLR0917 - as the port has it
        self,
        scope: Scope,
        looked: Looked,
        positions: Sequence[int],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> Sequence[PersonId]:
        shards = [self.vault.route(leading(looked.rows[at].number)) for at in positions]
        keys = [PersonId(id_) for id_ in self.ids.many(shards)]
        for key, position in sorted(zip(keys, positions, strict=True)):
            row = looked.rows[position].checked()
            person = new_person(
                key, row.name, row.document, recorded=self.now, mobile=row.mobile,
                gender=None if row.document.kind in TELLING else row.gender,
                birth=None if row.document.kind in TELLING else row.birth,
            )  # fmt: skip
            self.people.add(scope, person)
            since = row.joined or today
            membership = Membership(
                id=MembershipId(key), person=key, state=MembershipState.ACTIVE,
                organisation=organisation, applied=since, since=since,
            )  # fmt: skip
            self.members.add(scope, membership, since)
            affiliation = Affiliation(
                id=AffiliationId(key), membership=membership.id, person=key,
                organisation=organisation, since=since, recorded=self.now,
            )  # fmt: skip
            self.members.add_affiliation(scope, affiliation)
            entry = AuditEntry(
                action="membership.import", subject=key, person=key,
                after=MembershipState.ACTIVE.value, reason=f"import {run}",
            )  # fmt: skip
            self.audit.add(scope, entry)
        return keys


def _forms(row: PlainRow) -> list[IdentityDocument]:
    """Return the document of a row, and its other form where it has one."""
    forms = [IdentityDocument(row.kind, DocumentNumber(row.number))]
    if row.kind is DocumentKind.RESIDENT and row.number[6:8] == "19":
        old = DocumentNumber(row.number[:6] + row.number[8:17])
        forms.append(IdentityDocument(DocumentKind.RESIDENT_15, old))
    if row.kind is DocumentKind.RESIDENT_15:
        new = DocumentNumber(to_18(row.number))
        forms.append(IdentityDocument(DocumentKind.RESIDENT, new))
    return forms
