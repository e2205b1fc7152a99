"""Many write at once: numbers without gaps, and a log that passes nothing over.

SQLite has one writer, so there it cannot be otherwise; PostgreSQL has as many as come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from attrs import define, field
from tests.offices import engine, office_on

from szunion.application.access import authorise
from szunion.application.audit import AuditLog
from szunion.application.office import Office
from szunion.domain.access import Operation, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.outbox import Dispatch, DispatchKind
from szunion.domain.values import RequestKey
from szunion.ports.storage import UnitOfWork

WRITERS = 8


failed: list[BaseException] = []
"""What a thread of this test has raised."""


class Undone(Exception):
    """A unit of work that is not to be kept."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    failed.clear()
    made = office_on(request.param, tmp_path)
    yield made
    made.storage.close()


def scoped(work: UnitOfWork) -> Scope:
    return authorise(work, engine(), Operation.BANK_DESK)


def together(jobs: Sequence[Callable[[], None]]) -> None:
    """Run *jobs* in threads that begin at once; raise what one of them raised.

    Whoever waits for the others asks :data:`failed` whether they are still there.
    """
    barrier = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        barrier.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def key_of(number: int) -> RequestKey:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    found = ""
    for _ in range(26):
        number, rest = divmod(number, 26)
        found += letters[rest]
    return RequestKey(found)


def queue(work: UnitOfWork, number: int, aggregate: int) -> Dispatch:
    """Put the next dispatch of *aggregate* into the outbox."""
    scope = scoped(work)
    made = Dispatch(
        id=work.ids.new(), kind=DispatchKind.SET_CARD_USE, key=key_of(number), digest="D",
        subject=number, aggregate=aggregate, created=work.now, due=work.now,
        sequence=work.outbox.next_sequence(scope, aggregate),
    )  # fmt: skip
    work.outbox.add(scope, made)
    return made


def test_the_next_number_of_an_aggregate_comes_once_and_leaves_no_gap(office: Office) -> None:
    each = 5

    def write(writer: int) -> None:
        for number in range(writer * each, (writer + 1) * each):
            office.storage.run(partial(_queued, number, 7, keep=True))

    together([partial(write, writer) for writer in range(WRITERS)])
    kept = office.storage.read(lambda work: work.outbox.of(scoped(work), 7))
    assert [each.sequence for each in kept] == list(range(1, WRITERS * each + 1))


@define
class Log:
    """Writers that commit and give up in any order, and a sealer beside them."""

    office: Office
    kept: dict[int, list[int]] = field(factory=dict)
    over: threading.Event = field(factory=threading.Event)

    def write(self, writer: int, units: int) -> None:
        random = Random(writer)
        self.kept[writer] = []
        for number in range(units):
            subjects = [writer * 1000 + number * 10 + part for part in range(random.randint(1, 3))]
            with suppress(Undone):
                self.office.storage.run(partial(_log, subjects, keep=random.random() < 0.7))
                self.kept[writer] += subjects

    def write_all(self, units: int) -> None:
        try:
            together([partial(self.write, writer, units) for writer in range(WRITERS)])
        finally:
            self.over.set()

    def seal(self) -> None:
        while not self.over.wait(0.01):
            AuditLog(self.office, engine()).seal_all()

    def sealed(self) -> list[int]:
        """Return whom the sealed log is about, in its order."""
        AuditLog(self.office, engine()).seal_all()
        return self.office.storage.read(
            lambda work: [
                each.entry.subject
                for head in work.audit.heads(scoped(work), 0, 1_000)
                for each in work.audit.covered(scoped(work), head.size)
            ]
        )


def _log(subjects: list[int], work: UnitOfWork, *, keep: bool) -> None:
    for subject in subjects:
        work.audit.add(scoped(work), AuditEntry(action="outbox.send", subject=subject))
    if not keep:
        raise Undone


def test_the_log_is_numbered_as_it_is_committed_and_nothing_is_passed_over(office: Office) -> None:
    log = Log(office)
    together([partial(log.write_all, 8), log.seal])
    sealed = log.sealed()
    assert sorted(sealed) == sorted(subject for found in log.kept.values() for subject in found)
    for writer, subjects in log.kept.items():
        assert [each for each in sealed if each // 1000 == writer] == subjects


def _queued(number: int, card: int, work: UnitOfWork, *, keep: bool) -> None:
    queue(work, number, card)
    if not keep:
        raise Undone
