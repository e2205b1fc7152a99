"""Know how rosters come in by the thousand: looked up and kept in sets, never a row at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from attrs import frozen

from szunion.domain.access import Scope
from szunion.domain.roster_rows import PlainRow
from szunion.domain.values import OrganisationId, PersonId


@frozen(kw_only=True)
class RosterImport:
    """One file of one union, and how far it has come (导入记录). The file itself does not stay."""

    id: int
    organisation: OrganisationId
    sha256: str
    actor: str
    began: datetime
    ended: datetime | None = None
    last_line: int = 0
    """Rows up to this line are in."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0


class Prepared(Protocol):
    """Rows with all that can be computed of them before anything is asked of the store."""

    @property
    def rows(self) -> Sequence[PlainRow]:
        """The rows."""
        ...


class Prepares(Protocol):
    """Computes what rows take, in any thread and outside of any transaction."""

    def __call__(self, rows: Sequence[PlainRow], at: datetime, /) -> Prepared:
        """Return *rows* prepared; their files will say that they were recorded *at*."""
        ...


class Looked(Protocol):
    """Rows that were looked up in the registry."""

    @property
    def rows(self) -> Sequence[PlainRow]:
        """The rows."""
        ...

    @property
    def on_file(self) -> Mapping[int, PersonId]:
        """The position of each row whose document, in either form, is on file, and for whom.

        For deciding alone: it is the whole city's.
        """
        ...

    @property
    def by_keys_alone(self) -> bool:
        """Whether all are new, by numbers of which keys tell at once that two are one.

        A resident's number in its old form (15 digits) is no such number: it is another key than
        the new form's.
        """
        ...


class Imports(Protocol):
    """Imports of rosters."""

    def run_of(
        self, scope: Scope, organisation: OrganisationId, sha256: str
    ) -> RosterImport | None:
        """Return the import of that very file into that union."""
        ...

    def add_run(self, scope: Scope, run: RosterImport) -> None:
        """Keep a new import."""
        ...

    def put_run(self, scope: Scope, run: RosterImport) -> None:
        """Keep how far an import has come."""
        ...

    def side_by_side(self) -> bool:
        """Return whether chunks of people who are new to the city may be written at a time here.

        If so, such a chunk is a guarded unit: it waits for no other one of its kind.
        """
        ...

    def queue(self, *, more: bool = False, beside: bool = False) -> None:
        """Wait until no other import writes, before anything is read; held until the end.

        Two at once would read what the other writes, and one would do all its work again.

        Args:
            beside: Wait for those alone that have a turn of their own, as who has one waits for
                all. Whoever says so admits nobody but those whom keys alone tell apart (see
                :attr:`Looked.by_keys_alone`), and asks :meth:`still_holds` at the end.
            more: Whether another chunk of the same roster follows this one. A store with a journal
                need not empty it in between: both touch the same pages.
        """
        ...

    def preparer(self, scope: Scope) -> Prepares:
        """Return what prepares rows for this store; it outlives the unit of work."""
        ...

    def look_up(self, scope: Scope, prepared: Prepared) -> Looked:
        """Look up the documents of many rows with one statement.

        Rows that were prepared under other keys than the present ones are prepared anew.
        """
        ...

    def admit(  # noqa: PLR0913, PLR0917 - the columns of a chunk
        self,
        scope: Scope,
        looked: Looked,
        positions: Sequence[int],
        organisation: OrganisationId,
        today: date,
        run: int,
    ) -> Sequence[PersonId]:
        """Keep people who are new to the city as members of a union, log entries included.

        Args:
            scope: The permission.
            looked: The rows.
            positions: Which of them: nobody of these is on file.
            organisation: The union.
            today: The day of joining where a row does not say it.
            run: The id of the import, for the log.

        Each set of prepared rows is admitted once: whoever decides again prepares again.

        Raises:
            Conflict: a document is on file after all, or an id is taken (E-STORE-004).
        """
        ...

    def still_holds(self, scope: Scope, looked: Looked, organisation: OrganisationId) -> bool:
        """Return whether all holds on which people were admitted beside others; then it stays so.

        That the union is active and within reach, and that nobody was filed under the other form
        of one of the numbers. Asked last: who changes the union meanwhile decides again.
        """
        ...
