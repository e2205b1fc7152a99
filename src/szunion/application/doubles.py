"""Know how the machines of a city are compared for files that may be one person's (跨节点查重).

What is compared is equal or not: the tokens of blind indexes, which machines of one city make with
the same keys. They come in order, a page a look, and are merged as they come; nothing is kept but
what meets. Where a mobile meets, the files behind it are opened in here, and compared. Who asks is
told ids and a reason, each machine's log has whom it was told of, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain, combinations, groupby, islice
from operator import itemgetter
from typing import Final, Protocol, TypeAlias, TypeVar

from attrs import define, field, frozen

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal
from szunion.domain.audit import AuditEntry
from szunion.domain.doubles import Alike, At, Double, Doubles, Traits
from szunion.domain.values import PersonId
from szunion.errors import Conflict
from szunion.ports.keys import IndexField
from szunion.ports.storage import UnitOfWork
from szunion.ports.storage.people import IndexEntry

T = TypeVar("T")

MOST_FOUND: Final = 5_000
"""So many doubles are told at once."""
MOST_OF_ONE: Final = 40
"""A mobile of more files is a union's or a counter's, and is counted only."""
_PAGE: Final = 10_000
_MEETINGS: Final = 200
"""So many values that meet are gone into together."""

_Group: TypeAlias = Sequence[At]
"""The files, at two machines at least, behind one token."""


class Asks(Protocol):
    """Asks a machine of the city something."""

    def __call__(self, node: str, work: Callable[[Office], T], /) -> T:
        """Return what *work* does at *node*."""
        ...


def doubles(nodes: Sequence[str], ask: Asks, by: Principal, *, most: int = MOST_FOUND) -> Doubles:
    """Return the files at two of *nodes* that may be one person's.

    Both have an open membership. Two files at one machine are no affair of this: see
    :meth:`~szunion.application.duplicates.Duplicates.waiting`.

    Raises:
        NotAllowed: *by* does not see possible duplicates (E-ACCESS-001, E-ACCESS-007).
        Conflict: the keys of an index are being changed, so equal values have two tokens now
            (E-NODES-023).
    """
    search = _Search(nodes, ask, by, most)
    search.look(IndexField.DOCUMENT)
    search.look(IndexField.MOBILE)
    told = Doubles(
        found=sorted(search.found.values(), key=lambda double: (double.one, double.other)),
        more=search.full, shared=search.shared,
    )  # fmt: skip
    for node in nodes:
        shown = {
            at.person: double.alike
            for double in told.found
            for at in (double.one, double.other)
            if at.node == node
        }
        ask(node, _Logged(by, shown))
    return told


@define
class _Search:
    """What is found so far: it grows with what meets, never with the city."""

    nodes: Sequence[str]
    ask: Asks
    by: Principal
    most: int
    found: dict[tuple[At, At], Double] = field(factory=dict)
    shared: int = 0

    @property
    def full(self) -> bool:
        return len(self.found) >= self.most

    def look(self, index: IndexField) -> None:
        """Compare one index of all machines."""
        groups = self._meeting(index)
        while not self.full and (some := list(islice(groups, _MEETINGS))):
            self._go_into(index, some)

    def _meeting(self, index: IndexField) -> Iterator[_Group]:
        """Yield the files behind each token that two machines have."""
        streams = (self._entries(node, index) for node in self.nodes)
        for _, entries in groupby(merge(*streams), key=itemgetter(0)):
            group = [At(node, person) for _, node, person in islice(entries, MOST_OF_ONE)]
            nodes = {at.node for at in group}
            rest = {node for _, node, _ in entries}
            if len(nodes | rest) == 1:
                continue
            if rest:
                self.shared += 1
            else:
                yield group

    def _entries(self, node: str, index: IndexField) -> Iterator[tuple[bytes, str, PersonId]]:
        last: IndexEntry | None = None
        while page := self.ask(node, _Page(self.by, index, last)):
            for token, person in page:
                yield token, node, person
            last = page[-1]

    def _go_into(self, index: IndexField, groups: Sequence[_Group]) -> None:
        traits: dict[At, Traits] = {}
        for node in self.nodes:
            people = sorted({at.person for at in chain(*groups) if at.node == node})
            if people:
                known = self.ask(node, _Known(self.by, people))
                traits |= {At(node, person): each for person, each in known.items()}
        for group in groups:
            for pair in combinations(sorted(at for at in group if at in traits), 2):
                self._judge(index, pair, traits)

    def _judge(self, index: IndexField, pair: tuple[At, At], traits: Mapping[At, Traits]) -> None:
        one, other = pair
        if one.node == other.node or pair in self.found or self.full:
            return
        if index is IndexField.DOCUMENT:
            self.found[pair] = Double(one, other, Alike.DOCUMENT)
        elif (alike := traits[one].alike(traits[other])) is not None:
            self.found[pair] = Double(one, other, alike)


# --- what one machine is asked --------------------------------------------------------------------


@frozen
class _Page:
    """Asks for the next page of an index."""

    by: Principal
    index: IndexField
    after: IndexEntry | None

    def __call__(self, office: Office) -> Sequence[IndexEntry]:
        def look(work: UnitOfWork) -> Sequence[IndexEntry]:
            scope = authorise(work, self.by, Operation.QUARANTINE_READ)
            work.vault.refresh()
            if len(work.vault.index_keys(self.index)) > 1:
                raise Conflict("E-NODES-023", field=self.index.value)
            return work.people.entries(scope, self.index, self.after, _PAGE)

        return office.storage.read(look)


@frozen
class _Known:
    """Asks what is compared of those who are members now, and were not merged into another."""

    by: Principal
    people: Sequence[PersonId]

    def __call__(self, office: Office) -> Mapping[PersonId, Traits]:
        def look(work: UnitOfWork) -> Mapping[PersonId, Traits]:
            scope = authorise(work, self.by, Operation.QUARANTINE_READ)
            members = [each.person for each in work.members.open_of_many(scope, self.people)]
            return {
                each.id: Traits(each.present.name, each.birth_date)
                for each in work.people.many(scope, members)
                if each.merged_into is None
            }

        return office.storage.read(look)


@frozen
class _Logged:
    """Has a machine's log say how many of its files were told of, and each of them that it was."""

    by: Principal
    shown: Mapping[PersonId, Alike]

    def __call__(self, office: Office) -> None:
        def write(work: UnitOfWork) -> None:
            scope = authorise(work, self.by, Operation.QUARANTINE_READ)
            whole = AuditEntry(action="member.doubles", subject=0, after=str(len(self.shown)))
            each_of = (
                AuditEntry(
                    action="person.double", subject=person, person=person, reason=alike.value
                )
                for person, alike in sorted(self.shown.items())
            )
            work.audit.add_many(scope, (whole, *each_of))

        office.storage.run(write)
