"""Know the line to a bank that takes files and answers in files (批量文件): a bank adapter.

To send is to lay a file out; whether the bank has taken it in, only its answer file says, so a
request that was laid out has an unknown outcome until then. To ask is to look for that answer. To
collect is to read the bank's files in their sequence, each only when it is whole.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from attrs import field, frozen

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.carrier import Carrier, MaybeCarried, NotCarried, Seen
from szunion.adapters.bank.batch_file.channels import Channels, Positions
from szunion.adapters.bank.batch_file.layout import DAY, NUMBER, BankLayout
from szunion.adapters.bank.batch_file.names import FileName, Place
from szunion.adapters.bank.batch_file.records import BadField
from szunion.adapters.bank.batch_file.sheets import BadLine, Broken, Sheet, digest_of
from szunion.adapters.bank.batch_file.spool import Entry, Spool
from szunion.adapters.files import appear
from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import Answer, BankRequest, Receipt
from szunion.domain.city_time import day_of
from szunion.domain.values import Fen, RequestKey
from szunion.errors import BankOutcomeUnknown, BankUnavailable, InvalidInput
from szunion.ports.bank import BankInfo, Collected, Cursor, Deadline, FileTrouble
from szunion.ports.system import Clock

_LOOK: Final = 30.0
"""How many seconds looking at what the bank has laid out may take."""
SAME_KEY: Final = "SAME-KEY"
UNWRITABLE: Final = "UNWRITABLE"
"""Codes of our own, for what never leaves: its text names field, rule and row, never the value."""


@frozen
class BatchFileBank:
    """A bank adapter: see :class:`szunion.ports.bank.BankAdapter`."""

    layout: BankLayout
    spool: Spool
    carrier: Carrier
    clock: Clock
    _channels: Channels = field(init=False, repr=False)
    _out: Mapping[str, Sheet] = field(init=False, repr=False)
    _receipt: Sheet = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        layout = self.layout
        assert layout.receipt is not None, "read_layout checks it"
        out = {name: Sheet(layout, file) for name, file in layout.send.items()}
        object.__setattr__(self, "_out", out)
        object.__setattr__(self, "_receipt", Sheet(layout, layout.receipt))
        object.__setattr__(self, "_channels", Channels(layout, self.spool))

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        layout = self.layout
        return BankInfo(
            name=layout.name,
            accepts=frozenset(speech.REQUESTS[name] for name in layout.send),
            most_rows=layout.most_rows,
            charset=layout.writing.python_name,
            idempotent_send=layout.idempotent_send,
            settling=layout.settling,
        )

    # --- sending ----------------------------------------------------------------------------

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Lay *request* out as a file, and look once whether it is answered already.

        Raises:
            BankUnavailable: it was not laid out.
            BankOutcomeUnknown: it lies there, and there is no answer yet.
            TypeError: the request is not in ``info.accepts``.
        """
        kind = type(request).__name__
        if kind not in self._out:
            msg = f"{kind} is not in info.accepts"
            raise TypeError(msg)
        if deadline.seconds <= 0:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name)
        try:
            content = self._content(kind, request)
        except BadField as error:
            return _refused(request.key, UNWRITABLE, f"{error.name}: {error.rule}")
        try:
            with self.spool.alone():
                entry = self._entry(kind, request.key, content)
                if entry.content != content:
                    return _refused(request.key, SAME_KEY, "同一请求键，内容不同")
            name = self._name(entry)
            answered = self._answer(name, deadline)
            if answered is not None:
                return answered
            with self.spool.alone():
                self._lay(kind, request, entry, name)
            self.carrier.put(self.spool.out / name, seconds=deadline.seconds)
        except MaybeCarried:
            raise self._unknown(request.key) from None
        except OSError:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name) from None
        answered = self._answered_or_none(name, deadline)
        if answered is None:
            raise self._unknown(request.key)
        return answered

    def _unknown(self, key: RequestKey) -> BankOutcomeUnknown:
        return BankOutcomeUnknown("E-BANK-002", bank=self.layout.name, key=key)

    def _content(self, kind: str, request: BankRequest) -> str:
        """Return a digest of the request as its file will say it, wherever it comes to stand."""
        data = self._written(kind, request, Place(1, 1))
        return hashlib.sha256(data).hexdigest()[:16]

    def _written(self, kind: str, request: BankRequest, place: Place) -> bytes:
        day = date.fromordinal(place.day)
        place_of: dict[str, speech.Plain] = {DAY: day, NUMBER: place.number}
        head = {**speech.apart(request), **place_of}
        lines = [{**place_of, **speech.apart(line)} for line in speech.lines_of(request)]
        out = io.BytesIO()
        self._out[kind].write(out, head, lines)
        return out.getvalue()

    def _entry(self, kind: str, key: RequestKey, content: str) -> Entry:
        known = self.spool.entry_of(key.text)
        if known is not None:
            return known
        today = day_of(self.clock.now())
        daily = self.layout.send[kind].numbering == "daily"
        entry = Entry(kind, self.spool.next_place(kind, today, daily=daily), key.text, content)
        self.spool.keep(entry)
        return entry

    def _lay(self, kind: str, request: BankRequest, entry: Entry, name: str) -> None:
        if not (self.spool.out / name).exists():
            data = self._written(kind, request, entry.place)
            appear(self.spool.out / name, lambda out: out.write(data))

    def _name(self, entry: Entry) -> str:
        named = FileName.of(self.layout.send[entry.kind].name)
        assert named is not None, "read_layout checks it"
        return named.write(day=date.fromordinal(entry.place.day), number=entry.place.number)

    # --- asking -----------------------------------------------------------------------------

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: no file was ever laid out for it.

        Raises:
            BankUnavailable: it was laid out, and there is no answer yet that can be read.
        """
        if deadline.seconds <= 0:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name)
        try:
            entry = self.spool.entry_of(key.text)
            if entry is None:
                return None
            name = self._name(entry)
            answered = self._answer(name, deadline)
            laid = (self.spool.out / name).exists()
        except OSError:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name) from None
        if answered is None and laid:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name)
        return answered

    def _answered_or_none(self, name: str, deadline: Deadline) -> Receipt | None:
        try:
            return self._answer(name, deadline)
        except OSError:
            return None  # it was laid out; looking for the answer can wait

    def _answer(self, request: str, deadline: Deadline) -> Receipt | None:
        """Return the answer to a file; an answer that is not whole has not been given."""
        assert self.layout.receipt is not None, "read_layout checks it"
        named = FileName.of(self.layout.receipt.name)
        assert named is not None, "read_layout checks it"
        name = named.write(request=request.rpartition(".")[0] or request)
        path = self.spool.done / name
        if not path.exists():
            if not any(each.name == name for each in self.carrier.seen(seconds=deadline.seconds)):
                return None
            self.carrier.fetch(name, self.spool.incoming / name, seconds=deadline.seconds)
            path = self.spool.incoming / name
        try:
            receipt = self._read_receipt(path)
        except (Broken, ValueError, KeyError, InvalidInput):
            self._channels.note(name, "ANSWER")
            return None
        self._channels.settled(name)
        self.spool.archive(name)
        # What was sent names people; it is the bank's now, and would only lie here.
        (self.spool.out / request).unlink(missing_ok=True)
        return receipt

    def _read_receipt(self, path: Path) -> Receipt:
        with path.open("rb") as file:
            head = self._receipt.verify(file)
            lines = list(self._receipt.details(file, head))
        if len(lines) != 1 or isinstance(lines[0], BadLine):
            raise Broken("COUNT")
        receipt: Receipt = speech.maker_of(Receipt)({**head.words, **lines[0]})
        return receipt

    # --- hearing ----------------------------------------------------------------------------

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Yield the notices of the bank's files behind *after*, each file in its sequence.

        Raises:
            BankUnavailable: nothing new could be fetched, or the next file of a channel is broken
                or not there; everything that can be read is yielded first.
            InvalidInput: the cursor is not one of this adapter's (E-FILE-002).
        """
        reached = self._channels.reached(after)
        lost = not self._fetch(reached)
        yield from self._channels.read(reached)
        if lost or self._channels.stuck:
            raise BankUnavailable("E-BANK-001", bank=self.layout.name)

    def _fetch(self, reached: Positions) -> bool:
        """Fetch what the bank has laid out and we have not; return whether it could be seen."""
        try:
            for each in self.carrier.seen(seconds=_LOOK):
                if not self._channels.wants(each):
                    continue
                if self._channels.begun(each.name, reached):
                    self._compare(each)
                else:
                    self.carrier.fetch(each.name, self.spool.incoming / each.name, seconds=_LOOK)
                    self.spool.stamp(each.name, each.changed)
        except NotCarried:
            return False
        return True

    def _compare(self, seen: Seen) -> None:
        """Look at a file that was begun: the same changes nothing, another is kept out (F12)."""
        again = self.spool.root / f".again.{seen.name}"
        try:
            self.carrier.fetch(seen.name, again, seconds=_LOOK)
            with again.open("rb") as file:
                same = digest_of(file) == self.spool.fingerprint(seen.name)
        finally:
            again.unlink(missing_ok=True)
        if same:
            self._channels.settled(seen.name)
            self.spool.stamp(seen.name, seen.changed)
        else:
            self._channels.note(seen.name, "OTHER_CONTENT")

    def reread(self, name: str) -> Iterable[BankNotice]:
        """Yield the notices of a file again, wherever it stands in its sequence.

        What was heard before changes nothing; a line that could not be read before is heard now.

        Raises:
            NotFound: no such file was fetched (E-FILE-003).
            InvalidInput: it is not whole (E-FILE-004).
        """
        return self._channels.reread(name)

    @property
    def troubles(self) -> Sequence[FileTrouble]:
        """Files that could not be read, as far as this process has seen them."""
        return self._channels.troubles


def _refused(key: RequestKey, code: str, text: str) -> Receipt:
    return Receipt(
        key=key, answer=Answer.REFUSED, rows=0, total=Fen(0), bank_code=code, bank_text=text
    )
