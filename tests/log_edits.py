"""What somebody with the database, and with the log's own key, can do to an audit log: every kind.

An edit is made on exported lines. Whoever has the stolen key seals the edited entries anew, so the
lines are whole in themselves; only somebody outside who kept a checkpoint can tell.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from szunion.domain.audit_export import checkpoint_line, head_line
from szunion.domain.merkle import Frontier, leaf_hash
from szunion.domain.signed_notes import Checkpoint, NoteKey, Signature
from szunion.ports.keys import Signer


@frozen
class History:
    """A log as it was: its entries, where checkpoints were made, and the key that made them."""

    entries: tuple[str, ...]
    sizes: tuple[int, ...]
    signer: Signer
    origin: str

    @property
    def key(self) -> NoteKey:
        return NoteKey(name=self.origin, public=self.signer.public)

    def checkpoint(self, entries: Sequence[str]) -> Checkpoint:
        """Sign what *entries* hash to: also what whoever stole the key does."""
        tree = Frontier().append(leaf_hash(entry.encode()) for entry in entries)
        bare = Checkpoint(origin=self.origin, size=tree.size, root=tree.root)
        mark = Signature(
            name=self.origin, id=self.key.id, data=self.signer.sign(bare.text.encode())
        )
        return Checkpoint(origin=bare.origin, size=bare.size, root=bare.root, signatures=(mark,))

    def lines(self, entries: Sequence[str] | None = None) -> list[str]:
        """Return the export of *entries*, sealed where ours were sealed and at the end."""
        entries = self.entries if entries is None else entries
        found, start = [head_line(self.origin)], 0
        for size in sorted({*(each for each in self.sizes if each < len(entries)), len(entries)}):
            found += [entry_text(each) for each in entries[start:size]]
            found.append(checkpoint_line(self.checkpoint(entries[:size])))
            start = size
        return found


def entry_text(entry: str) -> str:
    return json.dumps({"entry": entry}, ensure_ascii=False)


def made_up(chance: random.Random) -> str:
    """An entry that nobody wrote."""
    return json.dumps([1, chance.getrandbits(60), "forged"])


def _at(lines: Sequence[str], chance: random.Random, before: int) -> int:
    """The line of one of the first *before* entries."""
    places = [at for at, line in enumerate(lines) if line.startswith('{"entry"')]
    return chance.choice(places[:before])


def flip(log: History, _: int, chance: random.Random) -> list[str]:
    """One bit of one character, anywhere at all, the checkpoints included."""
    lines = log.lines()
    at = chance.randrange(len(lines))
    place = chance.randrange(len(lines[at]))
    changed = chr(ord(lines[at][place]) ^ 1 << chance.randrange(7))
    lines[at] = lines[at][:place] + changed + lines[at][place + 1 :]
    return lines


def delete(log: History, _: int, chance: random.Random) -> list[str]:
    lines = log.lines()
    del lines[_at(lines, chance, len(log.entries))]
    return lines


def insert(log: History, _: int, chance: random.Random) -> list[str]:
    lines = log.lines()
    new = chance.choice([made_up(chance), chance.choice(log.entries)])
    lines.insert(_at(lines, chance, len(log.entries)) + chance.randrange(2), entry_text(new))
    return lines


def swap(log: History, _: int, chance: random.Random) -> list[str]:
    lines = log.lines()
    one = other = _at(lines, chance, len(log.entries))
    while lines[other] == lines[one]:
        other = _at(lines, chance, len(log.entries))
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def truncate(log: History, known: int, chance: random.Random) -> list[str]:
    """The tail is cut: within what somebody has seen, at a checkpoint or between two."""
    lines = log.lines()
    return lines[: _at(lines, chance, known)]


def fork(log: History, known: int, chance: random.Random) -> list[str]:
    """A second history: it leaves the first before the known checkpoint, and is as long."""
    start = chance.randrange(known)
    tail = [made_up(chance) for _ in range(len(log.entries) - start + chance.randrange(4))]
    return log.lines([*log.entries[:start], *tail])


def backup(log: History, known: int, chance: random.Random) -> list[str]:
    """An older copy is brought back, whole and signed; half of the time work goes on from it."""
    start = chance.randrange(known)
    more = chance.randrange(2) * (len(log.entries) - start)
    return log.lines([*log.entries[:start], *(made_up(chance) for _ in range(more))])


def signed_again(log: History, known: int, chance: random.Random) -> list[str]:
    """An entry that somebody has seen is altered, dropped, added or moved; all is sealed anew."""
    entries, at = list(log.entries), chance.randrange(known)
    match chance.choice(["alter", "drop", "add", "move"]):
        case "alter":
            entries[at] = entries[at].replace(entries[at][-3:], "???")
        case "drop":
            del entries[at]
        case "add":
            entries.insert(at, made_up(chance))
        case _:
            other = (at + 1 + chance.randrange(len(entries) - 1)) % len(entries)
            entries[at], entries[other] = entries[other], entries[at]
    return log.lines(entries)


Edit = Callable[[History, int, random.Random], list[str]]
EDITS: Mapping[str, Edit] = {
    "flip": flip,
    "delete": delete,
    "insert": insert,
    "swap": swap,
    "truncate": truncate,
    "fork": fork,
    "older backup": backup,
    "signed again with the stolen key": signed_again,
}
