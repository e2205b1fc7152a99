"""Know the promises of our own bank adapters: the same kit that a stranger's are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from attrs import frozen

from szunion.adapters.bank.faults import FaultPlan
from szunion.domain.bank import BankRequest, Receipt
from szunion.domain.values import RequestKey
from szunion.errors import BankUnavailable, InvalidInput
from szunion.ports.bank import BankAdapter, BankInfo, Collected, Cursor, Deadline
from szunion.testing.bank.behind import BankBehind, TroubleKind
from szunion.testing.bank.promises import BankPromises

T = TypeVar("T")

_SENDING: Final = {
    TroubleKind.NEVER_ARRIVED: FaultPlan(unreachable=1.0),
    TroubleKind.SERVER_ERROR: FaultPlan(error_after_acting=1.0),
}
_LOST: Final = FaultPlan(drop_response=1.0, drop_question=1.0, break_collect=1.0)


@frozen
class SimulatedLine:
    """The simulated bank's own line, with the kit's troubles as faults of its plan."""

    behind: BankBehind

    @property
    def info(self) -> BankInfo:
        """What the simulated bank says of itself."""
        return self.behind.bank.info

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Send as the simulated bank's line does."""
        before = self.behind.arrivals().get(request.key, 0)
        try:
            return self._troubled(lambda: self.behind.bank.send(request, deadline=deadline))
        finally:
            arrived = self.behind.arrivals().get(request.key, 0) - before
            self.behind.arrived.extend([request] * arrived)

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Ask as the simulated bank's line does."""
        return self._troubled(lambda: self.behind.bank.ask(key, deadline=deadline))

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Collect as the simulated bank's line does."""
        try:
            return self._troubled(lambda: self.behind.bank.collect(after=after))
        except InvalidInput:
            raise BankUnavailable("E-BANK-001", bank=self.info.name) from None

    def _troubled(self, call: Callable[[], T]) -> T:
        bank, kind = self.behind.bank, self.behind.next_trouble()
        if kind is None:
            return call()
        plan, bank.faults = bank.faults, _SENDING.get(kind, _LOST)
        try:
            return call()
        finally:
            bank.faults = plan


class SimulatedPromises(BankPromises):
    """The promises of ``simulated``."""

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Return the simulated bank's own line."""
        return SimulatedLine(behind)
