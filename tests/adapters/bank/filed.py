"""A union and its simulated bank that exchange files, and files with whatever lines are wanted."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen
from tests.cardtown import CardTown
from tests.offices import clock_of, town_on

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.carrier import Carrier, FolderCarrier
from szunion.adapters.bank.batch_file.layout import BankLayout
from szunion.adapters.bank.batch_file.line import BatchFileBank
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.peer import FilePeer
from szunion.adapters.bank.batch_file.sheets import Sheet
from szunion.adapters.bank.batch_file.spool import Spool
from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.application.office import Office
from szunion.domain.bank import BankNotice
from szunion.errors import BankUnavailable
from szunion.ports.bank import Collected, Cursor, Deadline
from szunion.testing.clock import SimClock

SOON = Deadline(5.0)
DAY = date(2017, 11, 23)


@frozen(kw_only=True)
class Filed:
    """Both ends of a line of files, in one folder."""

    root: Path
    layout: BankLayout
    clock: SimClock
    bank: SimulatedBank
    faults: FaultPlan = field(factory=FaultPlan.none)
    carrier: Carrier | None = None
    line: BatchFileBank = field(init=False)
    peer: FilePeer = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "line", self.new_line())
        object.__setattr__(self, "peer", self.new_peer())

    @property
    def outbox(self) -> Path:
        return self.root / "out"

    @property
    def inbox(self) -> Path:
        return self.root / "in"

    def new_line(self) -> BatchFileBank:
        """Return the union's end as a process has it that has just begun."""
        carrier = self.carrier or FolderCarrier(self.outbox, self.inbox)
        return BatchFileBank(self.layout, Spool(self.root / "spool"), carrier, self.clock)

    def new_peer(self) -> FilePeer:
        return FilePeer(
            self.layout, self.outbox, self.inbox, self.root / "bank", self.bank, self.clock,
            faults=self.faults,
        )  # fmt: skip

    def collected(self, after: Cursor | None = None) -> list[Collected]:
        """Collect what can be read; a channel that is stuck says so at the end."""
        found: list[Collected] = []
        with suppress(BankUnavailable):
            found.extend(self.line.collect(after=after))
        return found

    @property
    def troubles(self) -> dict[str, str]:
        return {each.name: each.reason for each in self.line.troubles}

    def lay(self, channel: str, number: int, data: bytes, day: date = DAY) -> Path:
        """Lay a file of the bank's, whatever is in it."""
        name = self.layout.collect[channel].name
        for width in (2, 4):
            name = name.replace(f"{{number:{width}}}", f"{number:0{width}d}")
        path = self.inbox / name.replace("{day}", f"{day:%Y%m%d}")
        self.inbox.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


def filed(root: Path, layout: str | BankLayout = "fixed", **more: Any) -> Filed:
    """Return both ends with nothing on the way."""
    clock = more.pop("clock", None) or SimClock("2017-11-23")
    bank = more.pop("bank", None) or SimulatedBank(seed=7, clock=clock)
    known = layout_named(layout) if isinstance(layout, str) else layout
    return Filed(root=root, layout=known, clock=clock, bank=bank, **more)


def sheet_of(
    layout: BankLayout,
    channel: str,
    notices: Iterable[BankNotice],
    *,
    number: int = 1,
    day: date = DAY,
) -> bytes:
    """Return a whole file of *channel* that tells *notices*."""
    file = layout.collect[channel]
    tags = {kind: tag for tag, kind in file.notices.items()}
    lines = [{**speech.apart(each), file.tag: tags[type(each).__name__]} for each in notices]
    return sheet_of_words(layout, channel, lines, number=number, day=day)


def sheet_of_words(
    layout: BankLayout,
    channel: str,
    lines: Iterable[Mapping[str, Any]],
    *,
    number: int = 1,
    day: date = DAY,
) -> bytes:
    """Return a whole file of *channel* with these lines."""
    out = io.BytesIO()
    Sheet(layout, layout.collect[channel]).write(out, {"day": day, "number": number}, lines)
    return out.getvalue()


def file_town(root: Path, office: Office, layout: str = "fixed") -> tuple[CardTown, Filed]:
    """Return a town whose bank takes files."""
    both = filed(root, layout, clock=clock_of(office))
    town = town_on(evolve(office, bank_info=both.line.info))
    return CardTown(town=town, bank=both.line), both  # type: ignore[arg-type]


def settle(place: CardTown, both: Filed, *, rounds: int = 6) -> None:
    """Let both ends come by a few times, hours apart."""
    for _ in range(rounds):
        place.run()
        both.peer.visit()
        place.pass_time(hours=2)
