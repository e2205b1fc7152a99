"""Know how a union's roster becomes members: judged row by row, kept in sets, safe to repeat.

A chunk of rows is one commit. Who is on file is decided by the document, so the same file again,
or the rest of it after a kill, changes nothing that is there and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import BinaryIO, Final, Protocol, TypeAlias

from attrs import define, evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.consents import on_paper
from szunion.application.episodes import check_takes_members, in_charge
from szunion.application.office import Office
from szunion.application.roster_rows import enrol_known
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.consent import ConsentPurpose
from szunion.domain.roster import judge_plain
from szunion.domain.roster_rows import Fix, PassedOver, PlainRow, PlainVerdict, RejectedRow
from szunion.domain.roster_sheet import Heading
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import NotAllowed, WrongNode
from szunion.ports.roster import RosterSheet
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.imports import RosterImport

CHUNK: Final = 25_000
"""Rows of one commit: a second's work. Each commit writes every page that it touched, and in a
large registry almost every row touches pages of its own: smaller chunks write more, not less."""

OnRow: TypeAlias = Callable[[PlainVerdict], object]


class OpensRosters(Protocol):
    """Opens a roster at a path or in a stream, within limits."""

    def __call__(
        self, source: str | BinaryIO, *, sheet: str | None = None
    ) -> AbstractContextManager[RosterSheet]:
        """Return the opened sheet."""
        ...


@frozen(kw_only=True)
class ImportResult:
    """What became of a roster (导入结果)."""

    import_id: int
    """0: a trial run, nothing was written."""
    accepted: tuple[PersonId, ...]
    """The member of each accepted row, in the order of the file; empty after a trial run."""
    rejected: tuple[RejectedRow, ...]
    fixes: tuple[Fix, ...]
    """What was mended, cell by cell."""
    duplicates: tuple[PersonId, ...]
    """Those who were members of this union before."""
    added: int
    changed: int
    unchanged: int
    passed_over: tuple[PassedOver, ...]
    heading: Heading
    sheet: str
    encoding: str
    sha256: str
    file_passed_over: tuple[tuple[str, str], ...] = ()
    """Why other sheets were not read, as a code, and their names."""


@define
class _Tally:
    """What has been counted so far; made anew for each call, and changed only after a commit."""

    accepted: list[PersonId] = field(factory=list)
    rejected: list[RejectedRow] = field(factory=list)
    fixes: list[Fix] = field(factory=list)
    duplicates: list[PersonId] = field(factory=list)
    passed_over: list[PassedOver] = field(factory=list)
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@frozen(kw_only=True)
class Kept:
    """What became of one chunk."""

    persons: Sequence[PersonId]
    known: Sequence[PersonId]
    added: int
    changed: int


@frozen
class Enrolment:
    """The desk for rosters (花名册)."""

    office: Office
    by: Principal = field()
    opens: OpensRosters = field()

    def import_file(  # noqa: PLR0913 - what the person at the desk decides
        self,
        source: str | BinaryIO,
        organisation: OrganisationId | None = None,
        *,
        dry_run: bool = False,
        on_row: OnRow | None = None,
        sheet: str | None = None,
        chunk: int = CHUNK,
        paper: str = "",
    ) -> ImportResult:
        """Import a roster into a union; the principal's own if not said.

        Rows of people who are members elsewhere are accepted like all others and wait in
        quarantine for the city federation: the answer tells nobody who is a member where.

        Args:
            source: A path or a binary stream: xlsx, xls or text.
            organisation: The union.
            dry_run: Only judge; write nothing.
            on_row: Called with the verdict on each row, in order, as it is reached.
            sheet: The sheet to read; else the first visible one with a header.
            chunk: Rows of one commit.
            paper: The number under which the signed consents of everybody on the roster to the
                hand-over to the bank are filed. A roster itself is no consent: without paper the
                question waits for each person, as all other purposes do.

        Raises:
            InvalidInput: the file cannot be read, or breaks a limit (E-ROSTER-001 to 009).
            NotAllowed: not the union's officer (E-ACCESS-001, E-ACCESS-002).
            Conflict: the union is not active, or takes no members.
        """
        union = organisation or self.by.organisation
        if union is None:
            raise NotAllowed("E-ACCESS-002")
        self.office.storage.read(lambda work: self._allowed(work, union, dry_run=dry_run))
        with self.opens(source, sheet=sheet) as opened:
            run = None if dry_run else self._begin(union, opened.sha256)
            tally = self._read(opened, union, run, on_row, chunk, paper.strip())
            if run is not None:
                self._end(run, opened, tally)
            return ImportResult(
                import_id=0 if run is None else run.id,
                accepted=tuple(tally.accepted),
                rejected=tuple(tally.rejected),
                fixes=tuple(tally.fixes),
                duplicates=tuple(tally.duplicates),
                added=tally.added,
                changed=tally.changed,
                unchanged=tally.unchanged,
                passed_over=tuple(tally.passed_over),
                heading=opened.heading,
                sheet=opened.name,
                encoding=opened.encoding,
                sha256=opened.sha256,
                file_passed_over=tuple(opened.passed_over),
            )

    # --- inside ------------------------------------------------------------------------------

    def _allowed(self, work: UnitOfWork, union: OrganisationId, *, dry_run: bool) -> None:
        operation = Operation.ROSTER_CHECK if dry_run else Operation.ROSTER_IMPORT
        scope = authorise(work, self.by, operation)
        check_takes_members(work, scope, union)
        if not dry_run and not in_charge(work, self.by, scope, union):
            raise NotAllowed("E-ACCESS-002")

    def _begin(self, union: OrganisationId, sha256: str) -> RosterImport:
        def begin(work: UnitOfWork) -> RosterImport:
            scope = authorise(work, self.by, Operation.ROSTER_IMPORT)
            known = work.imports.run_of(scope, union, sha256)
            if known is not None:
                return known
            run = RosterImport(
                id=work.ids.new(),
                organisation=union,
                sha256=sha256,
                actor=self.by.id,
                began=work.now,
            )
            work.imports.add_run(scope, run)
            return run

        return self.office.storage.run(begin)

    def _end(self, run: RosterImport, opened: RosterSheet, tally: _Tally) -> None:
        def end(work: UnitOfWork) -> None:
            scope = authorise(work, self.by, Operation.ROSTER_IMPORT)
            now = work.imports.run_of(scope, run.organisation, run.sha256) or run
            work.imports.put_run(
                scope,
                evolve(
                    now, ended=now.ended or work.now, unchanged=tally.unchanged,
                    rejected=len(tally.rejected),
                ),
            )  # fmt: skip
            if now.ended is None or tally.added or tally.changed:
                entry = AuditEntry(
                    action="roster.import", subject=run.id,
                    after=f"+{tally.added} ~{tally.changed} !{len(tally.rejected)}",
                    reason=f"sha256:{opened.sha256}",
                )  # fmt: skip
                work.audit.add(scope, entry)

        self.office.storage.run(end)

    def _read(  # noqa: PLR0913, PLR0917 - what the person at the desk decided
        self,
        opened: RosterSheet,
        union: OrganisationId,
        run: RosterImport | None,
        on_row: OnRow | None,
        chunk: int,
        paper: str,
    ) -> _Tally:
        tally = _Tally()
        today = self.office.clock.today()
        verdicts = judge_plain(opened.rows, opened.heading, today)
        good = self._ours(_sorted_out(verdicts, tally, on_row), tally)
        while rows := list(islice(good, chunk)):
            if run is None:
                continue
            kept = self.office.storage.run(self._keeping(union, run, rows, paper))
            tally.accepted += kept.persons
            tally.duplicates += kept.known
            tally.added += kept.added
            tally.changed += kept.changed
            tally.unchanged += len(rows) - kept.added - kept.changed
        return tally

    def _ours(self, rows: Iterator[PlainRow], tally: _Tally) -> Iterator[PlainRow]:
        """Yield the rows whose people belong to this machine, where several share a city."""
        for row in rows:
            try:
                self.office.check_ours(row.number)
            except WrongNode:
                tally.passed_over.append(PassedOver(row.row, "W-NODES-001"))
            else:
                yield row

    def _keeping(
        self, union: OrganisationId, run: RosterImport, rows: list[PlainRow], paper: str
    ) -> Callable[[UnitOfWork], Kept]:
        return lambda work: self._keep(work, union, run, rows, paper)

    def _keep(
        self,
        work: UnitOfWork,
        union: OrganisationId,
        run: RosterImport,
        rows: list[PlainRow],
        paper: str,
    ) -> Kept:
        """Keep one chunk in one commit; newcomers in sets, the others one by one."""
        scope = authorise(work, self.by, Operation.ROSTER_IMPORT)
        check_takes_members(work, scope, union)
        today = self.office.clock.today()
        looked = work.imports.look_up(scope, rows)
        new = [at for at in range(len(rows)) if at not in looked.on_file]
        persons = dict(
            zip(new, work.imports.admit(scope, looked, new, union, today, run.id), strict=True)
        )
        known = enrol_known(work, scope, looked, union, run.id, today)
        persons.update({at: each.person for at, each in known.items()})
        if paper:
            signed = persons.values()
            on_paper(self.office, work, scope, signed, ConsentPurpose.BANK, paper)
        added = len(new) + sum(each.added for each in known.values())
        changed = sum(each.changed for each in known.values())
        now = work.imports.run_of(scope, union, run.sha256) or run
        work.imports.put_run(
            scope,
            evolve(
                now, added=now.added + added, changed=now.changed + changed,
                last_line=max(now.last_line, rows[-1].row),
            ),
        )  # fmt: skip
        before = [each.person for each in known.values() if not each.added]
        return Kept(
            persons=[persons[at] for at in range(len(rows))],
            known=before,
            added=added,
            changed=changed,
        )


def _sorted_out(
    verdicts: Iterable[PlainVerdict], tally: _Tally, on_row: OnRow | None
) -> Iterator[PlainRow]:
    """Yield the accepted rows; count what else there is."""
    for verdict in verdicts:
        if on_row is not None:
            on_row(verdict)
        match verdict:
            case PlainRow():
                if verdict.fixes:
                    tally.fixes += verdict.fixes
                yield verdict
            case RejectedRow():
                tally.rejected.append(verdict)
            case PassedOver():
                tally.passed_over.append(verdict)
