"""The log is checked by others: a program that has nothing of ours, and witnesses elsewhere."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from attrs import evolve
from tests.log_edits import EDITS, History
from tests.offices import Town, applicant, engine, office_on, town_on

from szunion.adapters.keys.checks import signature_holds
from szunion.adapters.keys.file import FileKeys
from szunion.adapters.system import SystemClock
from szunion.adapters.witness.command import CommandWitness
from szunion.adapters.witness.directory import WitnessDirectory, begin_witness
from szunion.application.audit import AuditLog
from szunion.application.witnesses import Witnesses
from szunion.domain.audit_export import Finding, verify
from szunion.domain.signed_notes import Checkpoint, NoteKey, Signature
from szunion.domain.witnessing import Question, Refused, WitnessRefusal
from szunion.emv import sm2
from szunion.errors import ConfigError, InvalidInput, WitnessUnavailable

VERIFIER = Path(__file__).parents[2] / "examples" / "audit-verifier" / "verify_log.py"
NAME = "bank.example/witness"


def witness_at(folder: Path) -> WitnessDirectory:
    keys = FileKeys.open(folder / "witness.keys")
    return WitnessDirectory(folder, keys.signer(NAME), signature_holds, SystemClock())


@pytest.fixture
def witness(tmp_path: Path) -> WitnessDirectory:
    begin_witness(tmp_path / "witness", NAME)
    return witness_at(tmp_path / "witness")


@pytest.fixture
def town() -> Town:
    return town_on(office_on("memory", None))  # type: ignore[arg-type]


def grown(town: Town, start: int, count: int = 3) -> AuditLog:
    log = AuditLog(town.office, engine())
    for index in range(start, start + count):
        town.admit(index % 3, applicant(index))
    log.seal_all()
    return log


def seen(town: Town) -> Witnesses:
    return Witnesses(town.office, engine(), signature_holds)


def question(log: AuditLog, old: int) -> Question:
    point = log.checkpoint()
    assert point is not None
    return Question(old=old, proof=log.consistency(old, point.size), checkpoint=point)


# --- a program that has nothing of ours -------------------------------------------------------


def outside(folder: Path, lines: list[str], history: History, known: Checkpoint) -> int:
    (folder / "log").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (folder / "key").write_text(f"{history.key}\n", "utf-8")
    (folder / "old").write_text(known.note, "utf-8")
    done = subprocess.run(
        [sys.executable, VERIFIER, "log", "key", "old"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode


def test_somebody_else_s_sixty_lines_find_what_ours_find(town: Town, tmp_path: Path) -> None:
    """The example has no import of ours; it takes the export and refuses every kind of edit."""
    assert not re.search(r"^(import|from) szunion", VERIFIER.read_text("utf-8"), re.MULTILINE)
    log = grown(town, 0)
    early = log.checkpoint()
    lines = list(grown(town, 3).export())
    assert early is not None
    history = History(
        entries=tuple(json.loads(line)["entry"] for line in lines if line.startswith('{"entry"')),
        sizes=(early.size,), signer=town.office.signer, origin=log.origin,
    )  # fmt: skip

    assert outside(tmp_path, lines, history, early) == 0
    for kind, edit in EDITS.items():
        edited = edit(history, early.size, random.Random(kind))
        assert outside(tmp_path, edited, history, early) != 0, kind


# --- witnesses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1, 63])
def test_a_question_to_a_witness_is_read_as_it_was_written(town: Town, steps: int) -> None:
    history = History(entries=("a", "b"), sizes=(), signer=town.office.signer, origin="log.example")
    point = history.checkpoint(history.entries)
    proof = tuple(bytes([at] * 32) for at in range(steps))
    asked = Question(old=10**19 - 1, proof=proof, checkpoint=point)
    for each in (asked, evolve(asked, old=0), evolve(asked, old=1)):
        assert Question.of(each.text) == each
    for head in ("old", "old ", "old -1", "old 01", f"old {10**19}", "new 1", " old 1", ""):
        wrong = asked.text.replace(f"old {asked.old}", head, 1)
        with pytest.raises(InvalidInput, match="E-AUDIT-001"):
            Question.of(wrong)
    with pytest.raises(InvalidInput, match="E-AUDIT-001"):
        Question.of(evolve(asked, proof=(bytes(32),) * 64).text)


def test_a_witness_signs_a_log_that_only_grew(town: Town, witness: WitnessDirectory) -> None:
    log = grown(town, 0)
    witness.trust(log.key)
    for start in (3, 6, 9):
        asked = seen(town).ask(witness)
        assert asked is not None
        assert asked.refusal is None
        assert seen(town).ask(witness) is None
        grown(town, start)
    last = seen(town).ask(witness)

    assert last is not None
    assert verify(log.export(), [log.key], signature_holds, None, [witness.key]).witnesses == (
        NAME,
    )
    kept = witness.seen(log.origin)
    assert kept is not None
    assert kept.size == last.size
    assert NoteKey.of(str(witness.key)) == witness.key


def test_a_log_that_nobody_saw_is_not_taken_by_who_wants_a_witness(
    town: Town, witness: WitnessDirectory
) -> None:
    log = grown(town, 0)
    found = verify(log.export(), [log.key], signature_holds, None, [witness.key])

    assert [each.finding for each in found.problems] == [Finding.UNSEEN]


def test_a_witness_refuses_what_is_not_the_log_that_it_knows(
    town: Town, witness: WitnessDirectory
) -> None:
    """A stranger's log, a wrong proof, a rollback, a second history: no signature."""
    log = grown(town, 0)
    first = question(log, 0)
    assert witness.ask(first) == WitnessRefusal(Refused.UNKNOWN_LOG)
    witness.trust(log.key)
    assert isinstance(witness.ask(first), Signature)
    size = first.checkpoint.size
    grown(town, 3)
    fresh = question(log, size)

    assert witness.ask(question(log, 0)) == WitnessRefusal(Refused.STALE, size)
    lacking = Question(old=size, proof=fresh.proof[:-1], checkpoint=fresh.checkpoint)
    assert witness.ask(lacking) == WitnessRefusal(Refused.NO_PROOF, size)
    assert isinstance(witness.ask(fresh), Signature)
    assert witness.ask(first) == WitnessRefusal(Refused.STALE, fresh.checkpoint.size)

    history = History(entries=("a",) * fresh.checkpoint.size, sizes=(),
                      signer=town.office.signer, origin=log.origin)  # fmt: skip
    forked = history.checkpoint(history.entries)
    asked = Question(old=forked.size, proof=(), checkpoint=forked)
    assert witness.ask(asked) == WitnessRefusal(Refused.FORK, forked.size)
    stranger = FileKeys(bytes(32)).signer("stranger")
    other = History(entries=("a",), sizes=(), signer=stranger, origin=log.origin)
    not_signed = Question(old=forked.size, proof=(), checkpoint=other.checkpoint(("a",)))
    assert witness.ask(not_signed) == WitnessRefusal(Refused.SIGNATURE)
    assert witness.answer("old 1\nrubbish") == WitnessRefusal(Refused.UNREADABLE)
    kept = witness.seen(log.origin)
    assert kept is not None
    assert kept.root == fresh.checkpoint.root


def test_an_old_copy_that_was_brought_back_is_refused(
    town: Town, witness: WitnessDirectory, tmp_path: Path
) -> None:
    """The alarm that no check inside can give: the witness has seen more than the store has."""
    town = town_on(office_on("sqlite", tmp_path))
    witness.trust(grown(town, 0).key)
    seen(town).ask(witness)
    town.office.storage.close()
    shutil.copy(tmp_path / "union.db", tmp_path / "old.db")
    town = evolve(town, office=office_on("sqlite", tmp_path))
    grown(town, 3)
    seen(town).ask(witness)
    town.office.storage.close()
    for left in tmp_path.glob("union.db*"):
        left.unlink()
    shutil.copy(tmp_path / "old.db", tmp_path / "union.db")
    town = evolve(town, office=office_on("sqlite", tmp_path))
    grown(town, 6, 1)

    asked = seen(town).ask(witness)
    assert asked is not None
    assert asked.refusal is not None
    assert asked.refusal.why is Refused.STALE
    assert asked.refusal.size > asked.size
    town.office.storage.close()


def test_two_questions_at_once_are_judged_one_after_the_other(
    town: Town, witness: WitnessDirectory
) -> None:
    """No rollback by a race: of two histories that come together at most one is signed."""
    log = grown(town, 0)
    witness.trust(log.key)
    made = [
        History(entries=(f"{n}",) * 5, sizes=(), signer=town.office.signer, origin=log.origin)
        for n in range(8)
    ]
    answers: list[Signature | WitnessRefusal] = []

    def ask(history: History) -> None:
        point = history.checkpoint(history.entries)
        answers.append(witness_at(witness.path).ask(Question(old=0, proof=(), checkpoint=point)))

    threads = [threading.Thread(target=ask, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Signature) for answer in answers) == 1


def test_a_witness_is_asked_through_a_command_and_a_dead_one_holds_up_nothing(
    town: Town, witness: WitnessDirectory
) -> None:
    """The real thing, in a process of its own, as it is asked over ssh."""
    log = grown(town, 0)
    witness.trust(log.key)
    szunion = Path(sys.executable).parent / "szunion"
    far = CommandWitness(witness.key, (str(szunion), "audit", "witness", "sign", str(witness.path)))

    asked = seen(town).ask(far)
    assert asked is not None
    assert asked.refusal is None
    assert far.ask(question(log, 0)) == WitnessRefusal(Refused.STALE, asked.size)
    grown(town, 3)
    for command in (("/nowhere/at/all",), ("false",), ("echo", "refused NOT-A-WORD 1"), ("echo",)):
        with pytest.raises(WitnessUnavailable, match="E-AUDIT-004"):
            seen(town).ask(CommandWitness(witness.key, command))
    assert grown(town, 6).state().unsealed == 0


def test_a_witness_with_another_key_is_not_believed(town: Town, witness: WitnessDirectory) -> None:
    log = grown(town, 0)
    witness.trust(log.key)

    class Impostor:
        key = NoteKey(name=NAME, public=bytes(32), witness=True)
        ask = witness.ask

    with pytest.raises(WitnessUnavailable, match="E-AUDIT-004"):
        seen(town).ask(Impostor())


def test_a_directory_that_somebody_else_made_is_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "etc"
    theirs.mkdir()
    theirs.chmod(0o755)
    with pytest.raises(ConfigError, match="E-AUDIT-005"):
        begin_witness(theirs, NAME)
    assert theirs.stat().st_mode & 0o777 == 0o755
    assert list(theirs.iterdir()) == []
    begin_witness(tmp_path / "of" / "our own", NAME)
    assert (tmp_path / "of" / "our own").stat().st_mode & 0o777 == 0o700


def test_a_directory_is_made_once_and_a_log_has_one_key(
    town: Town, witness: WitnessDirectory, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="E-AUDIT-005"):
        begin_witness(witness.path, NAME)
    key = grown(town, 0).key
    witness.trust(key)
    witness.trust(key)
    with pytest.raises(ConfigError, match="E-AUDIT-005"):
        witness.trust(NoteKey(name=key.name, public=bytes(32)))
    with pytest.raises(ConfigError, match="E-AUDIT-005"):
        _ = witness_at(tmp_path).key
    assert (witness.path / "witness.keys").stat().st_mode & 0o077 == 0


def test_a_checkpoint_signed_with_sm2_is_checked_with_sm2() -> None:
    """A city of the gm profile signs its log with SM2: the same note, another kind of key."""
    private = sm2.PrivateKey(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)

    class Sm2Signer:
        name = "sm2"
        public = b"\x04" + private.public.encode()

        def sign(self, data: bytes) -> bytes:
            return sm2.sign(private, data)

    history = History(entries=("a", "b"), sizes=(1,), signer=Sm2Signer(), origin="szunion/gm/audit")
    key = NoteKey.of(str(history.key))
    assert verify(history.lines(), [key], signature_holds).sound
    altered = [line.replace('"b"', '"c"') for line in history.lines()]
    assert not verify(altered, [key], signature_holds).sound
