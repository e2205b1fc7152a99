"""The line of files keeps every law of the kit, with both reference layouts."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from szunion.adapters.bank.batch_file.config import BatchFileConfig
from szunion.adapters.bank.batch_file.make import batch_file_bank, layout_named
from szunion.adapters.bank.batch_file.peer import FilePeer
from szunion.domain.bank import BankRequest, Receipt
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports.bank import BankAdapter, Collected, Cursor, Deadline
from szunion.testing.bank import BankBehind, BankPromises
from szunion.testing.bank.behind import Trouble


@frozen
class BehindFiles:
    """The kit's bank, as the peer of files asks it: a call that fails is made at the next visit."""

    behind: BankBehind

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        del deadline
        try:
            return self.behind.take(request)
        except Trouble:
            raise BankOutcomeUnknown("E-BANK-002", bank="kit", key=request.key) from None

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        place = 0 if after is None else int(after)
        try:
            news = self.behind.news(place)
        except Trouble:
            raise BankUnavailable("E-BANK-001", bank="kit") from None
        return [Collected(notice=each.notice, cursor=Cursor(str(each.place))) for each in news]


class FilePromises(BankPromises):
    layout = "fixed"

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        root = behind.folder / "files"
        config = BatchFileConfig(
            layout=self.layout,
            spool=str(root / "spool"),
            outbox=str(root / "out"),
            inbox=str(root / "in"),
        )
        peer = FilePeer(
            layout_named(self.layout),
            root / "out",
            root / "in",
            root / "bank",
            BehindFiles(behind),
            behind.clock,
            wire=behind.wire,
        )
        behind.every_turn(peer.visit)
        return batch_file_bank(config, behind.clock)


class TestFixed(FilePromises):
    """Fixed width, GB 18030, fen."""


class TestDelimited(FilePromises):
    """Delimited, yuan with two places."""

    layout = "delimited"
    # the storms are of the exchange, not of the form of a record: one layout goes through them
    test_after_a_storm_both_sides_agree = None  # type: ignore[assignment]
    test_the_same_seed_gives_the_same_story = None  # type: ignore[assignment]
