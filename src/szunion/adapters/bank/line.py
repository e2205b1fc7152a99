"""Know the line to a simulated bank: what is under way on it, and what goes wrong there (线路)."""

from __future__ import annotations

import heapq

from szunion.adapters.bank.books import Books, Op
from szunion.adapters.bank.faults import Fault, FaultKind, FaultPlan
from szunion.adapters.bank.habits import micros_of
from szunion.adapters.bank.post import Post


class Line:
    """Requests that are under way, notices on their way back, and the faults of both."""

    def __init__(self, books: Books, plan: FaultPlan) -> None:
        self._books = books
        self.plan = plan
        self.post = Post(books)
        self.happened: list[Fault] = []
        self._calls: dict[str, int] = {}
        self._flights: dict[int, Op] = {}
        self._landings: list[tuple[int, int]] = []

    def carries(self, op: Op) -> bool:
        """Do what one line of the journal says, if it is of the line; return whether it is."""
        match op["op"]:
            case "call":
                self._calls[op["what"]] = self._calls.get(op["what"], 0) + 1
            case "release":
                self.post.deliver(op["order"], op["refused"], self._books.now)
            case "flight":
                number = self._books.acts
                self._flights[number] = op["what"]
                heapq.heappush(self._landings, (op["due"], number))
            case "arrive":
                number = op["number"]
                del self._flights[number]
                self._landings = [each for each in self._landings if each[1] != number]
                heapq.heapify(self._landings)
            case _:
                return False
        return True

    # --- requests ---------------------------------------------------------------------------

    def under_way(self) -> list[int]:
        """Return the numbers of the requests that have not arrived, in the order they were sent."""
        return sorted(self._flights)

    def landing(self, by: int) -> tuple[int, int] | None:
        """Return when the next request arrives, and its number; None: none is due by then."""
        return self._landings[0] if self._landings and self._landings[0][0] <= by else None

    def request(self, number: int) -> Op:
        """Return a request that is under way."""
        return self._flights[number]

    # --- notices ----------------------------------------------------------------------------

    def take_in(self) -> None:
        """Send off what the bank has told since the last time."""
        self.post.take_in(self.plan, self.happened)

    def release(self) -> tuple[list[int], list[int]]:
        """Return what is due now in its order, and the files that were refused; keep neither."""
        self.take_in()
        return self.post.release(self.plan, self.happened)

    def recover(self) -> None:
        """Find out, after a restart, which notices are still under way."""
        self.post.recover(self.plan, self.happened)

    # --- faults -----------------------------------------------------------------------------

    def times(self, name: str) -> int:
        """Return how often a call was counted."""
        return self._calls[name]

    def skewed(self, op: Op) -> Op:
        """Return an act as the bank's clock shows its time: it may be wrong."""
        most = micros_of(self.plan.clock_skew)
        if not most:
            return op
        share = self.plan.share(FaultKind.CLOCK_SKEW.value, f"act-{self._books.acts}")
        return {**op, "skew": int((2 * share - 1) * most)}

    def strikes(self, kind: FaultKind, subject: str, nth: int) -> bool:
        """Return whether a fault happens now, and keep that it did."""
        if not self.plan.happens(kind, subject, nth):
            return False
        self.happened.append(Fault(kind, subject, nth))
        return True
