"""Know what every use case works with, and how one becomes one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from inspect import Signature, signature
from itertools import chain
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from attrs import frozen

from szunion.domain.catalogue import Catalogue
from szunion.domain.city_time import check_aware, check_day
from szunion.domain.documents import leading
from szunion.domain.nodes import Node
from szunion.domain.policy import CityPolicy
from szunion.ports.bank import BankInfo
from szunion.ports.keys import Signer, Vault
from szunion.ports.storage import Storage, UnitOfWork
from szunion.ports.system import Clock, Crowd, Ids, Piles, WorkCalendar

P = ParamSpec("P")
T = TypeVar("T")

W = TypeVar("W")
A = TypeVar("A")

NO_BANK: Final = BankInfo(name="none", accepts=frozenset())


@frozen
class Alone:
    """A crowd of one: every wish is decided by itself, in a transaction of its own."""

    def ask(self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]], /) -> A:
        """See :class:`szunion.ports.system.Crowd`."""
        (answer,) = decide((wish,))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ask_soon(
        self, wish: W, decide: Callable[[Sequence[W]], Sequence[A]],
        told: Callable[[Callable[[], A]], object], /,
    ) -> None:  # fmt: skip
        """Decide it now: nobody else is there to wait for."""
        told(lambda: self.ask(wish, decide))

    def close(self) -> None:
        """Nobody waits."""


def in_memory(pages: Iterable[Sequence[bytes]]) -> Iterator[bytes]:
    """Deal records in memory, all of them: see :class:`szunion.ports.system.Piles`."""
    piles: list[list[bytes]] = [[] for _ in range(256)]
    for page in pages:
        for record in page:
            piles[record[0]].append(record)
    return map(b"".join, piles)


@frozen(kw_only=True)
class Office:
    """The ports and the policy of one city: what its desks share."""

    storage: Storage
    clock: Clock
    ids: Ids
    vault: Vault
    signer: Signer
    calendar: WorkCalendar
    policy: CityPolicy
    catalogue: Catalogue
    bank_info: BankInfo = NO_BANK
    """What the city's bank says of itself; the bank itself is the bank desk's alone."""
    crowd: Crowd = Alone()
    """Where those who want limited stock at the same moment are decided together."""
    bank_calls: Crowd = Alone()
    """Where what the bank brings in many calls at the same moment is obeyed together."""
    piles: Piles = in_memory
    """Where the bank's list of a whole city is dealt into parts that fit into memory."""
    node: Node | None = None
    """Which part of the city's members lie here, where several machines share them."""

    def check_ours(self, number: str) -> None:
        """Check that whoever has the document *number* belongs to this machine.

        Raises:
            WrongNode: to another one of the city (E-NODES-007).
        """
        if self.node is not None and not self.node.whole:
            self.node.check_holds(self.vault.route(leading(number)))


class AtAnOffice(Protocol):
    """A desk, a clerk: whatever works for one office."""

    @property
    def office(self) -> Office:
        """Where it works."""
        ...


D = TypeVar("D", bound=AtAnOffice)


def _check_moments(
    method: Callable[..., object], args: tuple[object, ...], named: Mapping[str, object]
) -> None:
    """Check each moment that is handed in to a use case: here, so that none forgets it.

    Where a day is asked for it is refused: no type checker does, for a moment is a ``date``.
    """
    for each in chain(args, named.values()):
        if isinstance(each, datetime):
            break
    else:
        return
    asked = signature(method)
    for name, value in asked.bind_partial(None, None, *args, **named).arguments.items():
        if isinstance(value, datetime):
            if "datetime" in str(asked.parameters[name].annotation):
                check_aware(value)
            else:
                check_day(value)


@frozen(eq=False)
class _Asked:
    """A use case as it is called: without the unit of work, which the office gives it.

    ``help`` and editors ask for it; nobody else does, so it is put together when they do.
    """

    __wrapped__: Callable[..., object]

    @property
    def __signature__(self) -> Signature:
        whole = signature(self.__wrapped__)
        given = (each for each in whole.parameters.values() if each.name != "work")
        return whole.replace(parameters=list(given))


_GIVEN: Final = re.compile(r"^ *work: Given by the office\.\n", re.MULTILINE)
"""What a docstring says of the unit of work; some Pythons take its indentation away."""


def _told(run: Callable[..., object], method: Callable[..., object]) -> None:
    """Let *run* say of itself what its caller is to know of *method*."""
    run.__doc__ = _GIVEN.sub("", method.__doc__ or "")
    run.__wrapped__ = _Asked(method)  # type: ignore[attr-defined]


def one_commit(
    method: Callable[Concatenate[D, UnitOfWork, P], T],
) -> Callable[Concatenate[D, P], T]:
    """Make *method* one unit of work: everything it changes is committed together.

    It may run more than once when the store asks to try again, so it has no effect outside it.
    """

    @wraps(method)
    def run(self: D, /, *args: P.args, **kwargs: P.kwargs) -> T:
        _check_moments(method, args, kwargs)
        return self.office.storage.run(lambda work: method(self, work, *args, **kwargs))

    _told(run, method)
    return run


def one_look(
    method: Callable[Concatenate[D, UnitOfWork, P], T],
) -> Callable[Concatenate[D, P], T]:
    """Make *method* read one consistent snapshot."""

    @wraps(method)
    def run(self: D, /, *args: P.args, **kwargs: P.kwargs) -> T:
        _check_moments(method, args, kwargs)
        return self.office.storage.read(lambda work: method(self, work, *args, **kwargs))

    _told(run, method)
    return run
