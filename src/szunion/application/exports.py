"""Know how members leave as a file: masked, counted, marked for the officer, and traced again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from attrs import frozen

from szunion.application.access import authorise
from szunion.application.disclosing import about_to, checked_reason
from szunion.application.office import Office, one_commit, one_look
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.cells import safe_cell
from szunion.domain.disclosures import Disclosure, DisclosureKind
from szunion.domain.members import MembershipState
from szunion.domain.values import OrganisationId, PersonId
from szunion.domain.watermarks import ExportRow, Leak, Suspicion, marked
from szunion.errors import InvalidInput, NotAllowed, NotFound
from szunion.ports.storage import UnitOfWork
from szunion.text import Text

HEAD: Final = (
    Text("姓名", "name"), Text("证件", "document"), Text("手机", "mobile"),
    Text("工会", "union"), Text("会籍", "membership"), Text("起于", "since"),
)  # fmt: skip
_OPEN: Final = (MembershipState.ACTIVE, MembershipState.RETAINED)
_PAGE: Final = 500
_MOST_SUSPECTS: Final = 10


@frozen(kw_only=True)
class Export:
    """One file for one officer (导出件): rows of cells that are no formulas."""

    id: int
    members: int
    """How many members it names; the file has a few rows more."""
    rows: tuple[tuple[str, ...], ...]


@frozen(kw_only=True)
class Traced:
    """An export that a leaked copy points to, and whose it was (溯源结果)."""

    of: Disclosure
    suspicion: Suspicion


@frozen
class Exports:
    """The desk at which members leave as a file, and copies are traced (导出与溯源)."""

    office: Office
    by: Principal

    @one_commit
    def members(
        self,
        work: UnitOfWork,
        organisation: OrganisationId,
        *,
        reason: str,
        states: Iterable[MembershipState] = _OPEN,
    ) -> Export:
        """Export the members of a union, masked (导出会员名册).

        It is counted and in the audit log before anything is returned. Plain numbers leave by no
        export: they are shown one by one, with a reason.

        Args:
            work: Given by the office.
            organisation: Of which union.
            reason: What for; nothing personal.
            states: Memberships in which states.

        Raises:
            NotFound: the union is not within reach (E-ACCESS-002).
            NotAllowed: above the day's number of rows (E-EXPORT-002); or not confirmed by a
                second thing (E-ACCESS-008).
            InvalidInput: no reason, or a whole story (E-EXPORT-001).
        """
        scope = authorise(work, self.by, Operation.MEMBER_EXPORT)
        union = work.organisations.get(scope, organisation)
        if union is None:
            raise NotFound("E-ACCESS-002")
        found = self._rows(work, scope, organisation, f"{union.code} {union.name}", states)
        disclosed = self._counted(work, scope, len(found), checked_reason(reason))
        key = key_of(work, disclosed.id)
        entry = AuditEntry(
            action="member.export", subject=disclosed.id, before=str(organisation),
            after=str(len(found)), reason=disclosed.reason,
        )  # fmt: skip
        work.audit.add(scope, entry)
        # Each member finds it in the own access log, and whoever asks what a login has touched.
        each_of = (
            AuditEntry(action="person.export", subject=disclosed.id, person=person)
            for person in found
        )
        work.audit.add_many(scope, each_of)
        rows = tuple(
            tuple(map(safe_cell, row.cells())) for row in marked(key, list(found.values()))
        )
        return Export(id=disclosed.id, members=len(found), rows=rows)

    def _rows(
        self,
        work: UnitOfWork,
        scope: Scope,
        organisation: OrganisationId,
        name: str,
        states: Iterable[MembershipState],
    ) -> dict[PersonId, ExportRow]:
        most = self.office.policy.access.export_rows
        memberships = work.members.of_union(scope, organisation, states)
        wanted = {row.person: row for row in islice(memberships, most + 1)}
        rows: dict[PersonId, ExportRow] = {}
        for page in _pages(list(wanted)):
            for person in work.people.many(scope, page):
                row = wanted[person.id]
                rows[person.id] = ExportRow(
                    name=str(person.present.name),
                    document=str(person.present.document.number),
                    mobile="" if person.mobile is None else str(person.mobile),
                    union=name, state=row.state.label,
                    since="" if row.since is None else row.since.isoformat(),
                )  # fmt: skip
        return rows

    def _counted(self, work: UnitOfWork, scope: Scope, rows: int, reason: str) -> Disclosure:
        most = self.office.policy.access.export_rows
        disclosed = about_to(work, self.by, DisclosureKind.EXPORT, rows=rows, reason=reason)
        if not work.disclosures.add(scope, disclosed, most):
            done = work.disclosures.counted(scope, self.by.id, disclosed.day, DisclosureKind.EXPORT)
            raise NotAllowed("E-EXPORT-002", most=most, left=max(0, most - done))
        return disclosed

    @one_look
    def listed(
        self, work: UnitOfWork, *, kind: DisclosureKind = DisclosureKind.EXPORT, after: int = 0,
        most: int = 200,
    ) -> Sequence[Disclosure]:  # fmt: skip
        """Return a page of what was exported, or shown in plain, oldest first (披露清单)."""
        scope = authorise(work, self.by, Operation.DISCLOSURE_READ)
        return work.disclosures.listed(scope, kind, after=after, most=most)

    @one_look
    def trace(self, work: UnitOfWork, lines: Iterable[str]) -> Sequence[Traced]:
        """Return whose export a leaked copy comes from, the surest first (溯源).

        Args:
            work: Given by the office.
            lines: The copy as text, a row a line; columns in any order, rows may be missing.

        Raises:
            InvalidInput: nothing in it looks like a row of an export (E-EXPORT-003).
        """
        scope = authorise(work, self.by, Operation.DISCLOSURE_READ)
        leak = Leak.read(lines)
        if not leak.documents:
            raise InvalidInput("E-EXPORT-003")
        found = [
            Traced(of=each, suspicion=suspicion)
            for each in self._all(work, scope)
            if (suspicion := leak.compare(each.id, key_of(work, each.id), each.rows)).sure
        ]
        found.sort(key=lambda each: (-each.suspicion.canaries, -each.suspicion.in_order))
        return found[:_MOST_SUSPECTS]

    def _all(self, work: UnitOfWork, scope: Scope) -> Iterator[Disclosure]:
        after = 0
        while page := work.disclosures.listed(
            scope, DisclosureKind.EXPORT, after=after, most=_PAGE
        ):
            yield from page
            after = page[-1].id


def _pages(persons: list[PersonId]) -> Iterator[list[PersonId]]:
    for start in range(0, len(persons), _PAGE):
        yield persons[start : start + _PAGE]


def key_of(work: UnitOfWork, export: int) -> str:
    """Return the key of an export's marks: the vault's word on its number, kept nowhere."""
    return work.vault.request_key(f"export:{export}").text
