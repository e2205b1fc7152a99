"""An installation whose members claim and are paid: a database, a bank's journal, a settings file.

Commands run on it by the machine's clock, as an office's do; what is checked never depends on it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from attrs import evolve, frozen
from tests.cli.speaking import Said, say
from tests.offices import PAPER, applicant

from szunion.adapters.bank.faults import FaultPlan
from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.system import SystemClock
from szunion.bootstrap import UnionSystem
from szunion.domain.bank import (
    OrderReturned,
    OrderSettled,
    Statement,
    StatementKind,
    StatementLine,
    Told,
)
from szunion.domain.values import Fen, PersonId, RequestKey
from szunion.testing.clock import SimClock
from szunion.testing.world import demo_world

STAY = "gp-hospital-allowance"
CONFIG = """[szunion]
database = "sqlite:///{folder}/union.db"

[szunion.bank]
name = "simulated"
settings = {{ seed = 7, journal = "{folder}/bank.jsonl" }}
"""


@frozen(kw_only=True)
class House:
    """The installation, and the names of its members."""

    folder: Path
    members: tuple[str, ...]
    union: str

    @property
    def today(self) -> date:
        return SystemClock().today()

    def say(self, *words: str, user: str = "甲", given: str = "", language: str = "zh") -> Said:
        """Run one command as *user*."""
        config = str(self.folder / "szunion.toml")
        front: Sequence[str] = ("--config", config, "--user", user, "--lang", language)
        return say([*front, *words], given)

    @contextmanager
    def bank(self) -> Iterator[SimulatedBank]:
        """Open the bank's own journal, to let it act between two commands."""
        bank = SimulatedBank.open(self.folder / "bank.jsonl", seed=7, clock=SystemClock())
        try:
            yield bank
        finally:
            bank.close()

    @contextmanager
    def system(self, faults: FaultPlan | None = None) -> Iterator[UnionSystem]:
        """Open the installation as a program does, by a clock a day ahead."""
        ahead = SimClock(SystemClock().now() + timedelta(days=1))
        bank = SimulatedBank.open(self.folder / "bank.jsonl", seed=7, clock=ahead, faults=faults)
        url = f"sqlite:///{self.folder / 'union.db'}"
        with UnionSystem.open(url, bank=bank, clock=ahead) as system:
            yield system
        bank.close()

    def work(self, faults: FaultPlan) -> None:
        """Let a worker send what is due over a bad line; what it then waits for is tomorrow's."""
        with self.system(faults) as system:
            system.run_until_idle()

    def tell_wrong_line(self, day: date) -> None:
        """Let the bank's statement of the next day name an order that nobody made."""
        with self.system() as system:
            told = Told(
                event_id="wrong-line", stream="statement-x", sequence=1,
                effective=system.office.clock.now(),
            )  # fmt: skip
            line = StatementLine(order=RequestKey("A" * 26), kind=StatementKind.PAID, fen=Fen(1))
            notice = Statement(told=told, day=day + timedelta(days=1), lines=(line,))
            system.worker().desk.ear.receive([notice])

    def tell_paid_after_all(self, key: RequestKey) -> None:
        """Let the bank say of an order, now: paid, came back, and by a later word paid."""
        clock = SystemClock()
        with self.bank() as bank:
            fen = bank.truth.orders[key].fen
            url = f"sqlite:///{self.folder / 'union.db'}"
            with UnionSystem.open(url, bank=bank) as system:
                ear = system.worker().desk.ear
                for number, kind in enumerate((OrderSettled, OrderReturned, OrderSettled), 10):
                    told = Told(
                        event_id=f"{key}-{number}", stream=f"order-{key}", sequence=number,
                        effective=clock.now(),
                    )  # fmt: skip
                    ear.receive([kind(told=told, order=key, fen=fen)])

    def die(self, number: int) -> None:
        """Note the death of a member, by two officers of the union."""
        with self.system() as system:
            person = PersonId(system.office.vault.inward("m", self.members[number]))
            city = demo_world(system)
            proposal = city.officer(city.unions[0]).memberships.death(person, document="证明 1")
            city.officer(city.unions[0], 2).memberships.confirm(proposal.id)


def house_in(folder: Path, count: int = 2) -> House:
    """Return an installation with so many members, each with an active card."""
    bank = SimulatedBank.open(folder / "bank.jsonl", seed=7, clock=SystemClock())
    with UnionSystem.open(f"sqlite:///{folder / 'union.db'}", bank=bank) as system:
        city = demo_world(system)
        union = city.unions[0]
        desk = city.officer(union)
        people = []
        for number in range(count):
            row = desk.memberships.apply(applicant(number), union.id)
            desk.memberships.approve(row.person)
            people.append(row.person)
        (batch,) = desk.batches.draft(people, paper=PAPER).batches
        desk.batches.check(batch.id)
        desk.batches.submit(batch.id)
        approved = city.federation().batches.approve(batch.id)
        system.run_until_idle()
        assert approved.key is not None
        bank.simulate.produce(approved.key)
        bank.simulate.face_sign(approved.key)
        system.run_until_idle()
        names = tuple(system.office.vault.outward("m", person) for person in people)
    bank.close()
    return settled(House(folder=folder, members=names, union=union.code))


def settled(house: House) -> House:
    """Write the settings file of an installation in its folder."""
    words = CONFIG.format(folder=house.folder.as_posix())
    (house.folder / "szunion.toml").write_text(words, "utf-8")
    return house


def copied(house: House, folder: Path) -> House:
    """Return the same installation in another folder."""
    shutil.copytree(house.folder, folder, dirs_exist_ok=True)
    return settled(evolve(house, folder=folder))


def ask_stay(house: House, days: int, number: str = "ZY-1", who: int = 0) -> str:
    until = (house.today + timedelta(days=days)).isoformat()
    said = house.say(
        "--json", "claim", "ask", house.members[who], STAY, "--on", house.today.isoformat(),
        "--until", until, "--days", str(days), "--consent", PAPER,
        "--org", house.union, given=f"{number}\n",
    )  # fmt: skip
    assert said.status == 0, said.err
    name: str = said.data["claim"]
    return name


def pay_for(house: House, plan: str) -> str:
    """Draft and approve a pay-out of a plan; return its name."""
    year = str(house.today.year)
    assert house.say("pay", "budget", plan, year, "--ceiling", "100000.00").status == 0
    drafted = house.say("--json", "pay", "plan", plan, year)
    assert drafted.status == 0, drafted.err
    total = f"{drafted.data['total'] / 100:.2f}"
    name: str = drafted.data["payout"]
    assert house.say("pay", "approve", name, "--total", total, user="乙").status == 0
    return name
