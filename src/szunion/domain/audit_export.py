"""Know how the audit log leaves the system as lines, and how anybody checks them (审计导出与核验).

The check needs the lines, the log's public key, and at best one older checkpoint that somebody
outside has kept: no database, no secret. A changed, missing, swapped or added entry, a cut tail, an
older copy and a second history (a fork) are found, also when the log's own key was stolen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from szunion.domain.audit import LoggedEntry
from szunion.domain.merkle import EMPTY_ROOT, Frontier, leaf_hash
from szunion.domain.signed_notes import Checkpoint, NoteKey, Verify
from szunion.domain.values import Labelled
from szunion.errors import InvalidInput
from szunion.text import Text, counted

FORMAT: Final = "szunion-audit/2"
_TOGETHER: Final = 4_096
"""Leaves that are held before they go into the tree."""


class Finding(Labelled):
    """What is wrong with a log (问题)."""

    UNREADABLE = "UNREADABLE", "无法读取的一行", "a line that cannot be read"
    ORDER = "ORDER", "条目次序不对或有缺", "entries out of order, or missing"
    ROOT = "ROOT", "条目与已签名的树根不符", "entries do not give the signed root"
    SIGNATURE = "SIGNATURE", "检查点签名无效", "a checkpoint's signature is not valid"
    CUT = "CUT", "日志比已知检查点短：尾部被截", "shorter than a known checkpoint: the tail is cut"
    FORK = "FORK", "与已知检查点不是同一历史", "not the history of a known checkpoint"
    UNCOVERED = "UNCOVERED", "有条目未被任何检查点覆盖", "entries that no checkpoint covers"
    UNSEEN = "UNSEEN", "最后的检查点没有见证人签名", "the last checkpoint was seen by no witness"


@frozen
class Problem:
    """One thing that is wrong, and where: the line (from 1), or the size of the tree."""

    finding: Finding
    at: int


@frozen(kw_only=True)
class Verified:
    """What a check of the log found (核验结果)."""

    entries: int
    root: bytes
    checkpoints: int
    problems: tuple[Problem, ...]
    witnesses: tuple[str, ...] = ()
    """Who of those that were asked about has seen the last checkpoint."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def text(self) -> Text:
        """The result in a sentence."""
        if self.sound:
            return Text(
                f"审计日志 {self.entries:,} 条，与 {self.checkpoints} 个已签名检查点一致",
                f"{counted(self.entries, 'entry', 'entries')}, as "
                f"{counted(self.checkpoints, 'signed checkpoint says', 'signed checkpoints say')}",
            )
        first = self.problems[0]
        return Text(
            f"审计日志有问题：{first.finding.text.zh}（位置 {first.at}）",
            f"the log is not sound: {first.finding.text.en} (at {first.at})",
        )


def head_line(origin: str) -> str:
    """Return the first line of an export."""
    return json.dumps({"format": FORMAT, "origin": origin}, ensure_ascii=False)


def entry_line(entry: LoggedEntry) -> str:
    """Return an entry as a line: its canonical bytes, which are what the tree hashes."""
    return json.dumps({"entry": entry.canonical().decode()}, ensure_ascii=False)


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as a line: its note."""
    return json.dumps({"checkpoint": checkpoint.note}, ensure_ascii=False)


def exported(
    parts: Iterable[tuple[Checkpoint, Iterable[LoggedEntry]]], origin: str
) -> Iterator[str]:
    """Yield the lines of an export: a head, then entries, each checkpoint after what it covers.

    Args:
        parts: Each checkpoint with the entries that it was the first to cover.
        origin: The log's name.
    """
    yield head_line(origin)
    for checkpoint, entries in parts:
        yield from map(entry_line, entries)
        yield checkpoint_line(checkpoint)


@define
class _Check:
    """A check on its way through the lines: never more of them at once than a few thousand."""

    keys: Sequence[NoteKey]
    check: Verify
    known: int
    """The size of the known checkpoint; -1: none is known."""
    tree: Frontier = field(factory=Frontier)
    leaves: list[bytes] = field(factory=list)
    covered: int = 0
    last: Checkpoint | None = None
    checkpoints: int = 0
    at_known: bytes | None = None

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(key.name for key in self.keys)

    def signed(self, point: Checkpoint) -> bool:
        return point.origin in self.origins and any(
            point.signed_by(key, self.check) for key in self.keys
        )

    @property
    def size(self) -> int:
        return self.tree.size + len(self.leaves)

    def flush(self) -> None:
        self.tree = self.tree.append(self.leaves)
        self.leaves.clear()

    def line(self, number: int, line: str) -> Finding | None:
        """Take a line; return what is wrong with it."""
        said = _parsed(line)
        if json.dumps(said, ensure_ascii=False) != line.removesuffix("\n"):
            return _UNREADABLE  # one way to write a line, so that no byte is free
        if number == 1:
            heads = ({"format": FORMAT, "origin": name} for name in self.origins)
            return None if said in heads else _UNREADABLE
        ((what, text),) = said.items()
        if what == "entry":
            self.leaves.append(leaf_hash(text.encode()))
            if self.size == self.known or len(self.leaves) == _TOGETHER:
                self.flush()
                if self.size == self.known:
                    self.at_known = self.tree.root
            return None
        return self._checkpoint(Checkpoint.of(text)) if what == "checkpoint" else _UNREADABLE

    def _checkpoint(self, point: Checkpoint) -> Finding | None:
        self.checkpoints += 1
        self.flush()
        if not self.signed(point):
            return Finding.SIGNATURE
        if point.size != self.size:
            return Finding.ORDER
        if point.root != self.tree.root:
            return Finding.ROOT
        self.covered, self.last = self.size, point
        return None


_UNREADABLE: Final = Finding.UNREADABLE


def verify(
    lines: Iterable[str],
    keys: Sequence[NoteKey],
    check: Verify,
    known: Checkpoint | None = None,
    witnesses: Sequence[NoteKey] = (),
) -> Verified:
    """Return what a check of exported lines found; it stops at the first line it cannot trust.

    Args:
        lines: The export; it is read once, in constant memory.
        keys: The log's key; more than one where it, or the log's name, was changed.
        check: Checks one signature.
        known: An older checkpoint that somebody outside has kept.
        witnesses: At least one of them must have seen the last checkpoint; empty: nobody need.
    """
    going = _Check(keys, check, -1 if known is None else known.size)
    problems: list[Problem] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        try:
            wrong = going.line(number, line)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidInput):
            wrong = Finding.UNREADABLE
        if wrong is not None:
            problems.append(Problem(wrong, number))
            break
    going.flush()
    if not problems and not number:
        problems.append(Problem(Finding.UNREADABLE, 0))
    if not problems and going.covered < going.size:
        problems.append(Problem(Finding.UNCOVERED, going.covered))
    if known is not None and not problems:
        problems += _against(known, going)
    seen = () if going.last is None else going.last.seen_by(witnesses, check)
    if witnesses and not seen and not problems:
        problems.append(Problem(Finding.UNSEEN, going.size))
    return Verified(
        entries=going.size, root=going.tree.root, checkpoints=going.checkpoints,
        problems=tuple(problems), witnesses=seen,
    )  # fmt: skip


def _against(known: Checkpoint, going: _Check) -> list[Problem]:
    """Return how a log does not grow out of a known checkpoint."""
    if not going.signed(known):
        return [Problem(Finding.SIGNATURE, known.size)]
    if going.size < known.size:
        return [Problem(Finding.CUT, going.size)]
    if known.root != (going.at_known if known.size else EMPTY_ROOT):
        return [Problem(Finding.FORK, known.size)]
    return []


def _parsed(line: str) -> dict[str, Any]:
    said = json.loads(line)
    if not isinstance(said, dict):
        msg = "a line is a JSON object"
        raise TypeError(msg)
    return said
