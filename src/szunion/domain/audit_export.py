"""Know how the audit log leaves the system as lines, and how anybody checks them (审计导出与核验).

The check needs the lines, the public key, and at best one older checkpoint that somebody outside
has kept: no database, no secret. A changed, missing, swapped or added entry, a cut tail and a
second history (a fork) are all found.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import frozen

from szunion.domain.audit import Checkpoint, Frontier, LoggedEntry, leaf_hash, note_body
from szunion.domain.values import Labelled
from szunion.text import Text

FORMAT: Final = "szunion-audit/1"

Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature (second) over data (third) was made with a public key (first)."""


class Finding(Labelled):
    """What is wrong with a log (问题)."""

    UNREADABLE = "UNREADABLE", "无法读取的一行", "a line that cannot be read"
    ORDER = "ORDER", "条目次序不对或有缺", "entries out of order, or missing"
    ROOT = "ROOT", "条目与已签名的树根不符", "entries do not give the signed root"
    SIGNATURE = "SIGNATURE", "检查点签名无效", "a checkpoint's signature is not valid"
    CUT = "CUT", "日志比已知检查点短：尾部被截", "shorter than a known checkpoint: the tail is cut"
    FORK = "FORK", "与已知检查点不是同一历史", "not the history of a known checkpoint"
    UNCOVERED = "UNCOVERED", "有条目未被任何检查点覆盖", "entries that no checkpoint covers"


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
                f"{self.entries:,} entries, as {self.checkpoints} signed checkpoints say",
            )
        first = self.problems[0]
        return Text(
            f"审计日志有问题：{first.finding.text.zh}（位置 {first.at}）",
            f"the log is not sound: {first.finding.text.en} (at {first.at})",
        )


def entry_line(entry: LoggedEntry) -> str:
    """Return an entry as a line: its canonical bytes, which are what the tree hashes."""
    return json.dumps({"entry": entry.canonical().decode()}, ensure_ascii=False)


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as a line, edge of the tree included."""
    return json.dumps(
        {
            "checkpoint": {
                "origin": checkpoint.origin,
                "at": checkpoint.at.isoformat(),
                "size": checkpoint.size,
                "edge": [base64.b64encode(each).decode() for each in checkpoint.frontier.edge],
                "signer": checkpoint.signer,
                "signature": base64.b64encode(checkpoint.signature).decode(),
            }
        }
    )


def checkpoint_from(line: str) -> Checkpoint:
    """Return the checkpoint of a line.

    Raises:
        ValueError: it is not one.
    """
    return _checkpoint(_parsed(line)["checkpoint"])


def exported(
    entries: Iterable[LoggedEntry], checkpoints: Iterable[Checkpoint], origin: str
) -> Iterator[str]:
    """Yield the lines of an export: a head, then entries, each checkpoint after what it covers."""
    yield json.dumps({"format": FORMAT, "origin": origin})
    coming = iter(checkpoints)
    due = next(coming, None)
    for size, entry in enumerate(entries, start=1):
        yield entry_line(entry)
        while due is not None and due.size <= size:
            yield checkpoint_line(due)
            due = next(coming, None)


def verify(
    lines: Iterable[str], public: bytes, check: Verify, known: Checkpoint | None = None
) -> Verified:
    """Return what a check of exported lines found; it stops at the first line it cannot trust.

    Args:
        lines: The export.
        public: The public key of the log's signer.
        check: Checks one signature.
        known: An older checkpoint that somebody outside has kept.
    """
    tree, problems, found = Frontier(), list[Problem](), 0
    covered, at_known = 0, None
    for number, line in enumerate(lines, start=1):
        try:
            said = _parsed(line)
            if "entry" in said:
                tree = tree.append((leaf_hash(_canonical(said["entry"])),))
                if known is not None and tree.size == known.size:
                    at_known = tree.root
            elif "checkpoint" in said:
                found += 1
                wrong = _wrong(_checkpoint(said["checkpoint"]), tree, public, check)
                if wrong is not None:
                    problems.append(Problem(wrong, number))
                    break
                covered = tree.size
            elif said.get("format") != FORMAT or number != 1:
                problems.append(Problem(Finding.UNREADABLE, number))
                break
        except (ValueError, KeyError, TypeError):
            problems.append(Problem(Finding.UNREADABLE, number))
            break
    if not problems and covered < tree.size:
        problems.append(Problem(Finding.UNCOVERED, covered))
    if known is not None and not problems:
        problems += _against(known, tree.size, at_known, public, check)
    return Verified(entries=tree.size, root=tree.root, checkpoints=found, problems=tuple(problems))


def _against(
    known: Checkpoint, size: int, root: bytes | None, public: bytes, check: Verify
) -> list[Problem]:
    """Return how a log of *size* entries does not grow out of a known checkpoint."""
    body = note_body(known.origin, known.frontier, known.at).encode()
    if not check(public, known.signature, body):
        return [Problem(Finding.SIGNATURE, known.size)]
    if size < known.size:
        return [Problem(Finding.CUT, size)]
    if known.size and root != known.frontier.root:
        return [Problem(Finding.FORK, known.size)]
    return []


def _wrong(point: Checkpoint, tree: Frontier, public: bytes, check: Verify) -> Finding | None:
    body = note_body(point.origin, point.frontier, point.at).encode()
    if not check(public, point.signature, body) or point.signer != _name_of(point, public):
        return Finding.SIGNATURE
    if point.size != tree.size:
        return Finding.ORDER
    return None if point.frontier.root == tree.root else Finding.ROOT


def _name_of(point: Checkpoint, public: bytes) -> str:
    """Return what a signer of this log with this key is called: the signature covers no name."""
    return f"{point.origin.rpartition('/')[0]}+{hashlib.sha256(public).hexdigest()[:8]}"


def _parsed(line: str) -> dict[str, Any]:
    said = json.loads(line)
    if not isinstance(said, dict):
        msg = "a line is a JSON object"
        raise TypeError(msg)
    return said


def _canonical(text: object) -> bytes:
    if not isinstance(text, str):
        msg = "an entry is a string"
        raise TypeError(msg)
    return text.encode()


def _checkpoint(said: dict[str, Any]) -> Checkpoint:
    edge = tuple(base64.b64decode(each, validate=True) for each in said["edge"])
    return Checkpoint(
        origin=said["origin"],
        at=datetime.fromisoformat(said["at"]),
        frontier=Frontier(said["size"], edge),
        signer=said["signer"],
        signature=base64.b64decode(said["signature"], validate=True),
    )
