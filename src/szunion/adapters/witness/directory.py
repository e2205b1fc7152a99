"""Know how a witness lives in a directory of its own: its key, whom it watches, what it saw last.

It runs where the log's operator has no hand: at the bank, at a district federation. What it saw is
on the disk before its signature leaves, so a witness that dies says nothing that it forgets.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from szunion.domain.signed_notes import Checkpoint, NoteKey, Signature, Verify, cosigned
from szunion.domain.witnessing import Question, Refused, WitnessRefusal, judged
from szunion.errors import ConfigError, InvalidInput
from szunion.ports.keys import Signer
from szunion.ports.system import Clock

_FORMAT: Final = "szunion-witness/1"
_SAYS: Final = "witness.json"
_LONGEST: Final = 65_536


def unusable(path: Path, problem: str, problem_en: str) -> ConfigError:
    """Return the error for a directory that is no witness's (E-AUDIT-005)."""
    return ConfigError("E-AUDIT-005", path=path.name, problem=problem, problem_en=problem_en)


def begin_witness(path: Path, name: str) -> None:
    """Make the directory of a new witness; its key comes beside, by the key store.

    Raises:
        ConfigError: it is there already, or cannot be made (E-AUDIT-005).
    """
    try:
        path.mkdir(mode=0o700, parents=True)  # whoever made it first keeps it, and its mode
        (path / "logs").mkdir()
        _write(path / _SAYS, json.dumps({"format": _FORMAT, "name": name}, ensure_ascii=False))
    except OSError as error:
        raise unusable(path, "已经存在或不能建立", error.strerror or "OSError") from None


def witness_name(path: Path) -> str:
    """Return the name of the witness of a directory.

    Raises:
        ConfigError: it is none (E-AUDIT-005).
    """
    try:
        said = json.loads((path / _SAYS).read_text("utf-8"))
        if said["format"] != _FORMAT:
            raise unusable(path, "格式不认识", "unknown format")
        return str(said["name"])
    except (OSError, ValueError, KeyError, TypeError):
        raise unusable(path, "不是见证目录", "it is no witness directory") from None


@frozen
class WitnessDirectory:
    """A witness whose memory is a directory: :class:`szunion.ports.witness.Witness`."""

    path: Path
    signer: Signer
    check: Verify
    clock: Clock

    @property
    def key(self) -> NoteKey:
        return NoteKey(name=witness_name(self.path), public=self.signer.public, witness=True)

    def _file(self, origin: str, kind: str) -> Path:
        return self.path / "logs" / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.{kind}"

    def trust(self, log: NoteKey) -> None:
        """Watch a log from now on; its key came by hand, not from the log.

        Raises:
            ConfigError: another key is trusted for that log (E-AUDIT-005).
        """
        with self._alone():
            known = self._trusted(log.name)
            if known not in {None, log}:
                raise unusable(self.path, "该日志已有另一把公钥", "the log has another key here")
            _write(self._file(log.name, "key"), f"{log}\n")

    def _trusted(self, origin: str) -> NoteKey | None:
        file = self._file(origin, "key")
        return NoteKey.of(file.read_text("utf-8")) if file.exists() else None

    def seen(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint of a log that it has signed."""
        file = self._file(origin, "note")
        return Checkpoint.of(file.read_text("utf-8")) if file.exists() else None

    def answer(self, text: str) -> Signature | WitnessRefusal:
        """Return the answer to a question as it came: whatever comes, one of the two."""
        try:
            question = Question.of(text if len(text) <= _LONGEST else "")
        except InvalidInput:
            return WitnessRefusal(Refused.UNREADABLE)
        return self.ask(question)

    def ask(self, question: Question) -> Signature | WitnessRefusal:
        """See :class:`szunion.ports.witness.Witness`."""
        new = question.checkpoint
        with self._alone():
            seen = self.seen(new.origin)
            refusal = judged(question, self._trusted(new.origin), seen, self.check)
            if refusal is not None:
                return refusal
            key, seconds = self.key, int(self.clock.now().timestamp())
            data = seconds.to_bytes(8, "big") + self.signer.sign(cosigned(new.text, seconds))
            _write(self._file(new.origin, "note"), new.note)
            return Signature(name=key.name, id=key.id, data=data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one question be judged at a time, also by two processes."""
        try:
            handle = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(self.path, "不能写", error.strerror or "OSError") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise unusable(self.path, "读写失败", error.strerror or "OSError") from None
        finally:
            os.close(handle)


def _write(path: Path, text: str) -> None:
    """Put a file in its place, whole and on the disk, or leave the old one."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
