"""Know how a union's roster becomes members: judged row by row, kept in sets, safe to repeat.

A chunk of rows is one commit, made ready before it begins: the store is held for no longer than it
works itself, so that another desk's chunk is judged and sealed meanwhile. Who is on file is decided
by the document, so the same file again, or the rest of it after a kill, changes nothing that is
there and doubles nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from itertools import islice
from typing import BinaryIO, Final, Protocol, TypeAlias

from attrs import define, evolve, field, frozen

from szunion.application.access import authorise
from szunion.application.consent_words import on_paper
from szunion.application.membership_moves import check_takes_members, in_charge
from szunion.application.office import Office
from szunion.application.roster_rows import enrol_known
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.consent import ConsentPurpose
from szunion.domain.roster import judge_plain
from szunion.domain.roster_rows import Fix, PassedOver, PlainRow, PlainVerdict, RejectedRow
from szunion.domain.roster_sheet import Heading
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import NotAllowed, WrongNode
from szunion.ports.roster import RosterSheet
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.imports import Looked, Prepares, RosterImport
from szunion.ports.storage.races import TurnNeeded

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


@frozen
class _File:
    """A roster that is being imported."""

    union: OrganisationId
    sha256: str
    paper: str
    """Where the signed consents are; empty: nobody signed."""
    prepare: Prepares
    beside: bool
    """Whether chunks of newcomers may be written side by side."""


@define
class _Tally:
    """What has been counted so far; made anew for each call, and changed only after a commit."""

    run: int = 0
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

    run: int
    persons: Sequence[PersonId]
    known: Sequence[PersonId]
    added: int
    changed: int
    beside: bool
    """Whether it took no turn of its own."""


class _Keeps(Protocol):
    """Keeps one chunk in a unit of work, each time as if for the first time."""

    def __call__(self, work: UnitOfWork, *, beside: bool) -> Kept:
        """Keep it, *beside* others or in its turn."""
        ...


@frozen
class Rosters:
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
            tally = self._read(opened, union, on_row, chunk, None if dry_run else paper.strip())
            return ImportResult(
                import_id=tally.run,
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

    def _read(
        self,
        opened: RosterSheet,
        union: OrganisationId,
        on_row: OnRow | None,
        chunk: int,
        paper: str | None,
    ) -> _Tally:
        """Read the sheet, and keep it; without *paper*, which may be empty, only read it."""
        tally = _Tally()
        verdicts = judge_plain(opened.rows, opened.heading, self.office.clock.today())
        good = self._ours(_sorted_out(verdicts, tally, on_row), tally)
        if paper is None:
            deque(good, maxlen=0)
            return tally
        file = _File(union, opened.sha256, paper, *self.office.storage.read(self._prepares))
        beside = file.beside
        for rows, last in _chunks(good, chunk):
            kept = self._kept(self._keeping(file, rows, tally if last else None), beside=beside)
            beside = kept.beside  # where one was known, others will be
            tally.run = kept.run
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

    def _prepares(self, work: UnitOfWork) -> tuple[Prepares, bool]:
        scope = authorise(work, self.by, Operation.ROSTER_IMPORT)
        return work.imports.preparer(scope), work.imports.side_by_side()

    def _kept(self, keep: _Keeps, *, beside: bool) -> Kept:
        """Keep one chunk: of newcomers alone *beside* others, any other in its turn."""
        if beside:
            with suppress(TurnNeeded):
                return self.office.storage.run(partial(keep, beside=True), guarded=True)
        return self.office.storage.run(partial(keep, beside=False))

    def _keeping(self, file: _File, rows: Sequence[PlainRow], ending: _Tally | None) -> _Keeps:
        """Return what keeps one chunk; what is decided again is prepared again, with new ids."""
        ready = [file.prepare(rows, self.office.clock.now())]

        def keep(work: UnitOfWork, *, beside: bool) -> Kept:
            work.imports.queue(more=ending is None, beside=beside)
            prepared = ready.pop() if ready else file.prepare(rows, work.now)
            scope = authorise(work, self.by, Operation.ROSTER_IMPORT)
            check_takes_members(work, scope, file.union)
            looked = work.imports.look_up(scope, prepared)
            if beside and not looked.by_keys_alone:
                ready.append(prepared)  # nobody of it was admitted
                raise TurnNeeded
            run = self._run(work, scope, file)
            kept = self._keep(work, scope, file, run, looked, beside=beside)
            now = evolve(
                run, added=run.added + kept.added, changed=run.changed + kept.changed,
                last_line=max(run.last_line, rows[-1].row if rows else 0),
            )  # fmt: skip
            if ending is not None:
                now = _ended(work, scope, now, kept, ending)
            work.imports.put_run(scope, now)
            if beside and not work.imports.still_holds(scope, looked, file.union):
                raise TurnNeeded
            return kept

        return keep

    def _run(self, work: UnitOfWork, scope: Scope, file: _File) -> RosterImport:
        """Return the import of this file into this union; its first chunk begins it."""
        known = work.imports.run_of(scope, file.union, file.sha256)
        if known is not None:
            return known
        run = RosterImport(
            id=work.ids.new(), organisation=file.union, sha256=file.sha256, actor=self.by.id,
            began=work.now,
        )  # fmt: skip
        work.imports.add_run(scope, run)
        return run

    def _keep(  # noqa: PLR0913 - who, where, by which import
        self,
        work: UnitOfWork,
        scope: Scope,
        file: _File,
        run: RosterImport,
        looked: Looked,
        *,
        beside: bool,
    ) -> Kept:
        """Keep a chunk's rows; newcomers in sets, the others one by one."""
        today, union = self.office.clock.today(), file.union
        rows = looked.rows
        new = [at for at in range(len(rows)) if at not in looked.on_file]
        persons = dict(
            zip(new, work.imports.admit(scope, looked, new, union, today, run.id), strict=True)
        )
        known = enrol_known(work, scope, looked, union, run.id, today)
        persons.update({at: each.person for at, each in known.items()})
        if file.paper:
            signed = persons.values()
            on_paper(self.office, work, scope, signed, ConsentPurpose.BANK, file.paper)
        return Kept(
            run=run.id,
            persons=[persons[at] for at in range(len(rows))],
            known=[each.person for each in known.values() if not each.added],
            added=len(new) + sum(each.added for each in known.values()),
            changed=sum(each.changed for each in known.values()),
            beside=beside,
        )


def _ended(
    work: UnitOfWork, scope: Scope, run: RosterImport, kept: Kept, tally: _Tally
) -> RosterImport:
    """Return an import that its last chunk has ended, and log it: once, or when it did something.

    Args:
        work: The unit of work of the last chunk.
        scope: The permission.
        run: The import.
        kept: What became of the last chunk.
        tally: What had been counted before it, and everything that was rejected.
    """
    added, changed = tally.added + kept.added, tally.changed + kept.changed
    rejected, rows = len(tally.rejected), len(tally.accepted) + len(kept.persons)
    if run.ended is None or added or changed:
        entry = AuditEntry(
            action="roster.import", subject=run.id, after=f"+{added} ~{changed} !{rejected}",
            reason=f"sha256:{run.sha256}",
        )  # fmt: skip
        work.audit.add(scope, entry)
    return evolve(
        run, ended=run.ended or work.now, unchanged=rows - added - changed, rejected=rejected
    )


def _chunks(rows: Iterator[PlainRow], size: int) -> Iterator[tuple[list[PlainRow], bool]]:
    """Yield chunks of rows, and whether each is the last; of no rows, one that is empty."""
    chunk = list(islice(rows, size))
    while following := next(rows, None):
        yield chunk, False
        chunk = [following, *islice(rows, size - 1)]
    yield chunk, True


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
