"""Somebody who has the whole database edits its log: whoever kept one older checkpoint finds it.

Promise 25, on each engine. The edits are made in the tables, by the server's administrator and past
every trigger; whoever has stolen the log's key seals anew as well. The log is then taken out and
checked by a program that has nothing of ours.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import evolve, frozen
from tests.offices import ENGINES, Town, applicant, engine, office_on, town_on
from tests.places import copied, opened, unguarded
from tests.system.test_audit_outside import VERIFIER

from szunion.adapters.keys.checks import signature_holds
from szunion.application.audit import AuditLog
from szunion.domain.audit_export import verify
from szunion.domain.signed_notes import Checkpoint

Tell = Callable[[str], None]


@frozen
class Kept:
    """A log with checkpoints, one of which somebody outside has kept, and the store before it."""

    kind: str
    folder: Path
    town: Town
    known: Checkpoint

    @property
    def log(self) -> AuditLog:
        return AuditLog(self.town.office, engine())

    def found(self) -> bool:
        """Return whether the outside program, and ours, find fault with the log as it now is."""
        lines = list(self.log.export())
        ours = verify(lines, [self.log.key], signature_holds, self.known).sound
        for name, text in (
            ("log", "".join(f"{line}\n" for line in lines)),
            ("key", f"{self.log.key}\n"),
            ("old", self.known.note),
        ):
            (self.folder / name).write_text(text, "utf-8")
        theirs = subprocess.run(
            [sys.executable, VERIFIER, "log", "key", "old"], cwd=self.folder, capture_output=True,
            check=False,
        )  # fmt: skip
        assert (theirs.returncode == 0) is ours, theirs.stderr
        return not ours

    def goes_on(self, index: int) -> None:
        """Do more work, and seal it with the log's key."""
        self.town.admit(0, applicant(index))
        self.log.seal_all()


@pytest.fixture(params=ENGINES[1:])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    town = town_on(office_on(request.param, tmp_path))
    log = AuditLog(town.office, engine())
    log.seal_all()
    town.office.storage.close()
    copied(request.param, tmp_path, tmp_path / "before")
    town = reopened(town, request.param, tmp_path)
    log = AuditLog(town.office, engine())
    for index in range(3):
        town.admit(index, applicant(index))
        log.seal_all()
    known = log.checkpoint()
    assert known is not None
    made = Kept(request.param, tmp_path, town, known)
    made.goes_on(4)
    yield made
    made.town.office.storage.close()


def reopened(town: Town, kind: str, folder: Path) -> Town:
    office = town.office
    storage = opened(kind, folder, clock=office.clock, ids=office.ids, vault=office.vault)
    return evolve(town, office=evolve(office, storage=storage))


_COLUMNS = (
    "shard, person_id, at, actor, role, node, purpose, action, subject, before, after, reason,"
    " committed"
)
_CUT = (
    "DELETE FROM audit WHERE place > (SELECT min(last) FROM audit_checkpoint)",
    "DELETE FROM audit_checkpoint WHERE size > (SELECT min(size) FROM audit_checkpoint)",
)
_UNSEALED = ("DELETE FROM audit_tile", "DELETE FROM audit_checkpoint")
_INSERT = (
    f"INSERT INTO audit (place, audit_id, {_COLUMNS})"
    f" SELECT 5, audit_id + 1000000, {_COLUMNS} FROM audit WHERE place = 4"
)
_FLIP = "UPDATE audit SET actor = 'x' WHERE place = 2"
#: kind: what is done in the tables, and whether work goes on and is sealed with the stolen key.
EDITS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "flip": ((_FLIP,), False),
    "delete": (("DELETE FROM audit WHERE place = 2",), False),
    "insert": (
        (
            "UPDATE audit SET place = -2 * place",
            "UPDATE audit SET place = -place",
            "UPDATE audit_checkpoint SET last = 1000000 + 2 * last",
            "UPDATE audit_checkpoint SET last = last - 1000000",
            _INSERT,
        ),
        False,
    ),
    "swap": (
        (
            "UPDATE audit SET place = -2 WHERE place = 2",
            "UPDATE audit SET place = 2 WHERE place = 3",
            "UPDATE audit SET place = 3 WHERE place = -2",
        ),
        False,
    ),
    "cut tail": (_CUT, False),
    "fork": (_CUT, True),
    "signed again with the stolen key": ((_FLIP, *_UNSEALED), True),
    "an entry dropped, and all signed again": (
        ("DELETE FROM audit WHERE place = 2", *_UNSEALED), True,
    ),
}  # fmt: skip


def test_a_log_that_nobody_edited_is_found_whole(kept: Kept) -> None:
    assert not kept.found()


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_in_the_tables_is_found(kept: Kept, edit: str) -> None:
    told, goes_on = EDITS[edit]
    with unguarded(kept.kind, kept.folder) as tell:
        for command in told:
            assert tell(command) > 0, "the edit was made"
    if goes_on:
        kept.goes_on(5)
    assert kept.found()


def test_an_older_copy_that_was_brought_back_is_found(kept: Kept) -> None:
    """Whole, signed, and work goes on from it: only the outside can tell."""
    town = reopened(kept.town, kept.kind, kept.folder / "before")
    old = evolve(kept, town=town)
    assert old.found()
    for index in range(5, 10):
        old.goes_on(index)
    size = old.log.checkpoint()
    assert size is not None
    assert size.size >= kept.known.size, "it is as long as what was kept"
    assert old.found()
    town.office.storage.close()
