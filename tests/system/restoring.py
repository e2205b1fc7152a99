"""A town's year with backups taken at random steps; each is restored while the bank went on.

Run as ``python -m tests.system.restoring ENGINE FOLDER SEED POINTS EARLY``. A restored store is
held; it hears what the bank has told since, is let go, and the town lives on from the step of the
backup, with the bank as it was at the end of the year. It must then be right, to the last card and
fen.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field
from tests.offices import engine, officer, operating, town_on
from tests.places import FILE, grounds, nothing_at, opened_at
from tests.system.kill_client import AID, SENDS, START, YEAR, Acks, Client, Countdown, city
from tests.system.kill_findings import Findings, wrong_with

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.notifier.recording import RecordingNotifier
from szunion.adapters.storage.backing import Database, back_up
from szunion.adapters.storage.postgres import admin
from szunion.adapters.storage.postgres.backing import PostgresDatabase
from szunion.adapters.system import ChineseCalendar
from szunion.application.aftermath import Aftermath, Gap
from szunion.application.bank_books import BankBooks
from szunion.application.office import Office
from szunion.application.treasury import Treasury
from szunion.application.worker import Worker
from szunion.domain.access import Role
from szunion.errors import StorageError, SzunionError
from szunion.ports.keys import Vault
from szunion.testing.clock import SeededChance, SeededIds, SimClock


def vault_of(seed: int) -> Vault:
    return FileKeys(bytes(range(32))).vault(chance=SeededChance(seed).bytes)


@define
class Backing(Client):
    """A client who has a backup made before some of its steps."""

    place: Database
    points: frozenset[int] = frozenset()
    at: int = 0
    made: list[dict[str, Any]] = field(factory=list)

    def step(self, name: str, work: Any) -> Any:
        if name not in self.acks.known:
            self.at += 1
            if self.at in self.points:
                self._back_up(name)
        return super().step(name, work)

    def _back_up(self, name: str) -> None:
        folder = self.acks.path.parent
        file = folder / f"{self.at}.szb"
        with file.open("wb") as out:
            contents = back_up(
                self.place, self.office.vault, out, city="440300",
                at=self.clock.now(), progress=lambda _table, _rows: None,
            )  # fmt: skip
        self.made.append(
            {"file": file.name, "step": name, "acks": list(self.acks.known), "rows": contents.rows}
        )


def office_at(place: Database, seed: int, clock: SimClock, *, recovering: bool = False) -> Office:
    ids = SeededIds(clock)
    keys, vault = FileKeys(bytes(range(32))), vault_of(seed)
    storage = opened_at(place, clock=clock, ids=ids, vault=vault, recovering=recovering)
    return Office(
        storage=storage, clock=clock, ids=ids, vault=vault, signer=keys.signer("szunion/440300"),
        calendar=ChineseCalendar(), policy=city().policy, catalogue=city().catalogue,
        bank_info=SENDS,
    )  # fmt: skip


def client_of(  # noqa: PLR0913, PLR0917 - what a client is made of
    kind: type[Client],
    folder: Path,
    office: Office,
    bank: SimulatedBank,
    seed: int,
    clock: SimClock,
    **more: Any,
) -> Any:
    acks = Acks(folder / "acks")
    acks.load()
    unions = json.loads((folder / "unions").read_text("ascii"))
    worker = Worker(office=office, bank=bank, notifier=RecordingNotifier())
    return kind(office, bank, worker, acks, unions, seed, Countdown(), "", clock,
                folder / "clock", **more)  # fmt: skip


def year(
    kind: str, folder: Path, seed: int, points: frozenset[int]
) -> tuple[list[dict[str, Any]], SimClock]:
    """Live a year with backups; return what was backed up, and what time it is then."""
    clock, place = SimClock(START), nothing_at(kind, folder / FILE)
    if isinstance(place, PostgresDatabase):
        admin.bring_up(place.owner, place.application, at=0)
    office = office_at(place, seed, clock)
    bank = SimulatedBank.open(folder / "bank.journal", seed=7, clock=clock, info=SENDS)
    town = town_on(office)
    (folder / "unions").write_text(json.dumps([one.id for one in town.unions]), "ascii")
    client = client_of(Backing, folder, office, bank, seed, clock, place=place, points=points)
    client.live()
    assert wrong_with(client) == []
    office.storage.close()
    bank.close()
    return client.made, clock


def again(
    kind: str, folder: Path, made: dict[str, Any], seed: int, clock: SimClock
) -> dict[str, Any]:
    """Restore one backup beside the year, and live on; return how it went."""
    there = folder / f"from-{made['file']}"
    there.mkdir()
    for name in ("bank.journal", "unions", "acks"):
        shutil.copy(folder / name, there / name)
    kept = [line for line in (there / "acks").read_bytes().splitlines(keepends=True)
            if json.loads(line)[0] in made["acks"]]  # fmt: skip
    (there / "acks").write_bytes(b"".join(kept))
    clock.advance(days=1)
    place = nothing_at(kind, there / FILE)
    with (folder / made["file"]).open("rb") as source:
        place.restore(source, vault_of(seed), at=clock.now(), progress=lambda _table, _rows: None)
    bank = SimulatedBank.open(there / "bank.journal", seed=7, clock=clock, info=SENDS)
    try:
        return _lived_on(there, place, made, seed, clock, bank)
    finally:
        bank.close()


def _lived_on(  # noqa: PLR0913, PLR0917 - what a life is made of
    there: Path,
    place: Database,
    made: dict[str, Any],
    seed: int,
    clock: SimClock,
    bank: SimulatedBank,
) -> dict[str, Any]:
    office = office_at(place, seed + 1, clock)
    held = ""
    try:
        office.storage.run(lambda work: work.messages.lease)
    except StorageError as error:
        held = error.code
    office.storage.close()
    clock.advance(seconds=1)
    office = office_at(place, seed + 2, clock, recovering=True)
    desk = Aftermath(office, engine(), bank)
    lacks = sum(1 for _ in bank.collect(after=None)) - inbox_in(place)
    gap = desk.catch_up()
    explain_all(office)
    desk.released(desk.catch_up(), note="asked of the bank after the backup")
    office.storage.close()
    place.release(at=clock.now(), note="")
    clock.advance(seconds=1)
    office = office_at(place, seed + 3, clock)
    client = client_of(Client, there, office, bank, seed, clock)
    wrong: list[str] = []
    try:
        for _ in range(2):
            client.live()
            retry_all(office, client.worker)
            pay_again(office, client)
        wrong = wrong_now(client)
        after = _after(office, bank)
    except (IndexError, AssertionError, SzunionError) as error:
        return {"step": made["step"], "held": held, "lacks": lacks, "gap": _told(gap),
                "most": 0, "after": _told(gap), "wrong": [repr(error)]}  # fmt: skip
    finally:
        office.storage.close()
    most = max(account.fen.amount for account in bank.truth.accounts)
    return {"step": made["step"], "held": held, "lacks": lacks, "gap": _told(gap), "most": most,
            "after": _told(after), "wrong": wrong}  # fmt: skip


def inbox_in(place: Database) -> int:
    """Return how many notices of the bank's the backup holds."""
    with place.snapshot() as tables:
        (inbox,) = (table for table in tables.tables() if table.name == "inbox")
        return tables.count(inbox)


def retry_all(office: Office, worker: Worker) -> None:
    """Hear again what was set aside, as an operator does once the union has done its part."""
    for _ in range(3):
        for each in BankBooks(office, operating(officer("city-1", Role.CITY))).troubles(most=1000):
            with suppress(SzunionError):
                worker.desk.ear.retry_aside(each.event_id)


def pay_again(office: Office, client: Client) -> None:
    """Pay what came back, once more."""
    made = Treasury(office, client.finance(1)).draft(AID, YEAR).payout
    if made is not None:
        Treasury(office, client.finance(2)).approve(made.id, total=made.total)
        client.settle_down()


def wrong_now(client: Client) -> list[str]:
    """Return what is wrong: everything but that the bank remembers requests that we do not."""
    findings = Findings(client)
    findings.members()
    findings.cards()
    findings.money()
    return [each for each in findings.wrong if "approved for" not in each]  # by other hands


def explain_all(office: Office) -> None:
    """Do what finance does with lines of the bank's that the books do not know: say why."""
    desk = Treasury(office, officer("finance-1", Role.FINANCE))
    for line in desk.books().lines:
        desk.explain(line.day, line.position, "paid between the backup and the loss")


def _after(office: Office, bank: SimulatedBank) -> Gap:
    return Aftermath(office, engine(), bank).catch_up()


def _told(gap: Gap) -> dict[str, Any]:
    return {
        "heard": gap.heard, "doubtful": gap.doubtful, "unknown": gap.unknown, "aside": gap.aside,
        "differences": gap.differences, "explained": gap.explained, "closed": gap.closed,
    }  # fmt: skip


APPLIED = 9
"""The step at which the last union applies for its members' cards."""
STEPS = 33


def main(kind: str, folder: Path, seed: int, points: int, early: int) -> list[dict[str, Any]]:
    """Back up at so many random steps, *early* of them before all have applied; restore each."""
    luck = random.Random(seed)
    steps = frozenset(
        luck.sample(range(APPLIED, STEPS), points) + luck.sample(range(2, APPLIED), early)
    )
    made, clock = year(kind, folder, seed, steps)
    return [again(kind, folder, one, seed, clock) for one in made]


if __name__ == "__main__":
    engine_, where, number, wanted, before = sys.argv[1:]
    with grounds(engine_):
        found_ = main(engine_, Path(where), int(number), int(wanted), int(before))
    sys.stdout.write(json.dumps(found_) + "\n")
