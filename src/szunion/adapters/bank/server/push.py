"""Know how the bank brings what it tells: each notice by a signed call, until it is taken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Final

from szunion.adapters.bank.http_peer import Callback, HttpPeer
from szunion.adapters.bank.signatures import MOST_BODY
from szunion.adapters.bank.signed_http import Line
from szunion.adapters.http import MayHaveArrived, NeverArrived
from szunion.errors import BankUnavailable
from szunion.ports.bank import Cursor

_SECONDS: Final = 10.0
_TAKEN: Final = range(200, 300)
_REFUSED: Final = 401


class Pusher:
    """Brings notices in the order of the post, from where it stopped (推送).

    Args:
        peer: The bank's side.
        line: The line to the union.
        path: The path at which the union is called.
        kept: A file that remembers how far it has come; without one, it begins anew.
    """

    def __init__(self, peer: HttpPeer, line: Line, path: str, *, kept: Path | None = None) -> None:
        self._peer = peer
        self._line = line
        self._path = path
        self._kept = kept
        self._cursor = self._remembered()
        self._one_at_a_time = Lock()
        self.seen: Counter[str] = Counter()
        """What became of calls: ``taken``, ``again``, and by fault ``…-refused``, ``…-taken``."""

    def push(self) -> int:
        """Bring what was told since the last time; return how many notices were taken."""
        with self._one_at_a_time:
            return self._push()

    def _push(self) -> int:
        count = 0
        try:
            for each in self._peer.bank.collect(after=self._cursor):
                if not all(self._bring(call) for call in self._peer.callbacks(each.notice)):
                    break
                self._cursor = each.cursor
                count += 1
        except BankUnavailable:
            pass  # the bank's own line broke: the rest comes the next time
        if count and self._kept is not None:
            self._remember(self._kept)
        return count

    def _bring(self, call: Callback) -> bool:
        """Make one call; return whether the next one may follow."""
        if len(call.body) > MOST_BODY:
            self.seen["too-long"] += 1  # a long list is fetched: no union takes it as a call
            return True
        try:
            answer = self._line.call(
                "POST", self._path, headers=call.headers, body=call.body, seconds=_SECONDS
            )
        except (NeverArrived, MayHaveArrived):
            self.seen["again"] += call.fault is None
            return call.fault is not None
        taken = answer.status in _TAKEN
        if call.fault is None:
            self.seen["taken" if taken else "again"] += 1
            return taken
        self.seen[f"{call.fault.value}-{'taken' if taken else 'refused'}"] += 1
        return True

    def _remembered(self) -> Cursor | None:
        if self._kept is None or not self._kept.exists():
            return None
        return Cursor(self._kept.read_text("ascii").strip())

    def _remember(self, kept: Path) -> None:
        new = kept.with_suffix(".new")
        new.write_text(str(self._cursor), "ascii")
        new.replace(kept)
