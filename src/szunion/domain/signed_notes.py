"""Know the signed notes in which a log speaks to the world: checkpoints, and who saw them (检查点).

The form is C2SP's signed note (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature), so others'
tools read it: three lines of text (origin, size, root), an empty line, and a line a signature. A
key is written as its *verifier key*: ``name+id+base64(type || key)``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from attrs import field, frozen

from szunion.domain.merkle import HASH_BYTES, Frontier, leaf_hash, proves_inclusion
from szunion.errors import InvalidInput

Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature (second) over data (third) was made with a public key (first)."""

_ED25519_KEY: Final = 32
_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_SM2: Final = b"\xffszunion/sm2-with-sm3"
_ID: Final = 4
_STAMP: Final = 8
_MOST_SIGNATURES: Final = 64
_NAME: Final = re.compile(r"[^\s+]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_DASH: Final = "— "
_PROOF: Final = "c2sp.org/tlog-proof@v1"
_PROOF_HEAD: Final = re.compile(
    _PROOF + r"\nextra (\S+)\nindex (0|[1-9][0-9]{0,18})((?:\n\S+){0,63})", re.ASCII
)


def _kind_of(public: bytes) -> bytes:
    """Return the type of the signatures of a key, by its form: Ed25519 has 32 bytes, SM2 65."""
    return _ED25519 if len(public) == _ED25519_KEY else _SM2


def _bad(what: str, what_en: str) -> InvalidInput:
    return InvalidInput("E-AUDIT-001", what=what, what_en=what_en)


def decoded(text: str) -> bytes:
    """Return the bytes of a base64 text, written in the one way that there is.

    Raises:
        InvalidInput: it is none (E-AUDIT-001).
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("base64", "base64") from None
    if encoded(data) != text:
        raise _bad("base64", "base64")
    return data


def encoded(data: bytes) -> str:
    """Return *data* in base64."""
    return base64.b64encode(data).decode("ascii")


@frozen(kw_only=True)
class NoteKey:
    """Whose signatures are believed: a name, and a public key (验签公钥)."""

    name: str
    public: bytes
    witness: bool = False
    """Whether it is a witness's, whose signatures carry a time."""

    @property
    def kind(self) -> bytes:
        """The type of its signatures."""
        return _COSIGNATURE if self.witness else _kind_of(self.public)

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names it, beside the name."""
        head = f"{self.name}\n".encode()
        return hashlib.sha256(head + self.kind + self.public).digest()[:_ID]

    def __str__(self) -> str:
        """Return the verifier key, as it is handed to others."""
        return f"{self.name}+{self.id.hex()}+{encoded(self.kind + self.public)}"

    @classmethod
    def of(cls, text: str) -> NoteKey:
        """Return the key of a verifier key.

        Raises:
            InvalidInput: it is none, or its id is not its own (E-AUDIT-001).
        """
        name, _, rest = text.strip().partition("+")
        id_, _, key = rest.partition("+")
        data = decoded(key)
        for kind in (_ED25519, _COSIGNATURE, _SM2):
            if data.startswith(kind):
                found = cls(name=name, public=data[len(kind) :], witness=kind == _COSIGNATURE)
                if found.kind == kind and found.id.hex() == id_ and _NAME.fullmatch(name):
                    return found
        raise _bad("公钥", "a verifier key")


@frozen(kw_only=True)
class Signature:
    """A line under a note: who says that it is right."""

    name: str
    id: bytes
    data: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """The line, its end included."""
        return f"{_DASH}{self.name} {encoded(self.id + self.data)}\n"

    @classmethod
    def of(cls, line: str) -> Signature:
        """Return the signature of a line without its end.

        Raises:
            InvalidInput: it is none (E-AUDIT-001).
        """
        name, _, text = line.removeprefix(_DASH).partition(" ")
        data = decoded(text)
        if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(data) <= _ID:
            raise _bad("签名行", "a signature line")
        return cls(name=name, id=data[:_ID], data=data[_ID:])

    def of_key(self, key: NoteKey) -> bool:
        """Return whether it says that it is of *key*."""
        return (self.name, self.id) == (key.name, key.id)

    @property
    def stamp(self) -> int:
        """When a witness signed: seconds since 1970."""
        return int.from_bytes(self.data[:_STAMP], "big")

    def holds(self, text: str, key: NoteKey, check: Verify) -> bool:
        """Return whether *key* signed *text* with it."""
        if not self.of_key(key):
            return False
        if not key.witness:
            return check(key.public, self.data, text.encode())
        return check(key.public, self.data[_STAMP:], cosigned(text, self.stamp))


def cosigned(text: str, seconds: int) -> bytes:
    """Return what a witness signs: that it saw the note's *text* at a time."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@frozen(kw_only=True)
class Checkpoint:
    """A statement of how many entries a log has and what they hash to, with its signatures."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...] = ()

    @property
    def text(self) -> str:
        """What is signed. Source: C2SP tlog-checkpoint."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @property
    def note(self) -> str:
        """The text with its signatures, as it is kept outside and handed on."""
        return self.text + "\n" + "".join(each.line for each in self.signatures)

    @classmethod
    def of(cls, note: str) -> Checkpoint:
        """Return the checkpoint of a note; no signature of it is checked yet.

        Raises:
            InvalidInput: it is no checkpoint, or has lines that we do not know (E-AUDIT-001).
        """
        text, empty, below = note.partition("\n\n")
        lines = text.split("\n")
        if not empty or not below.endswith("\n") or len(lines) != 3:  # noqa: PLR2004
            raise _bad("检查点", "a checkpoint")
        origin, size, root = lines
        signed = below.removesuffix("\n").split("\n")
        if not origin or not _SIZE.fullmatch(size) or len(signed) > _MOST_SIGNATURES:
            raise _bad("检查点", "a checkpoint")
        hashed = decoded(root)
        if len(hashed) != HASH_BYTES:
            raise _bad("检查点", "a checkpoint")
        signatures = tuple(map(Signature.of, signed))
        return cls(origin=origin, size=int(size), root=hashed, signatures=signatures)

    def signed_by(self, key: NoteKey, check: Verify) -> bool:
        """Return whether *key* signed it: a signature that says it is the key's must hold."""
        mine = [each for each in self.signatures if each.of_key(key)]
        return bool(mine) and all(each.holds(self.text, key, check) for each in mine)

    def seen_by(self, witnesses: Iterable[NoteKey], check: Verify) -> tuple[str, ...]:
        """Return the names of those *witnesses* who have seen it."""
        return tuple(key.name for key in witnesses if self.signed_by(key, check))


def checkpoint_text(origin: str, tree: Frontier) -> str:
    """Return the text that a log signs of its *tree*."""
    return Checkpoint(origin=origin, size=tree.size, root=tree.root).text


@frozen(kw_only=True)
class Inclusion:
    """A proof that an entry is in a log (包含证明): it needs the log's key and nothing else."""

    leaf: bytes
    """The entry, as it was hashed."""
    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    @property
    def text(self) -> str:
        """The proof as it is handed on. Source: C2SP tlog-proof; ``extra`` is the entry."""
        hashes = "".join(f"{encoded(each)}\n" for each in self.path)
        head = f"{_PROOF}\nextra {encoded(self.leaf)}\nindex {self.index}\n{hashes}"
        return f"{head}\n{self.checkpoint.note}"

    @classmethod
    def of(cls, text: str) -> Inclusion:
        """Return the proof of a text; nothing of it is checked yet.

        Raises:
            InvalidInput: it is none (E-AUDIT-001).
        """
        head, _, note = text.partition("\n\n")
        found = _PROOF_HEAD.fullmatch(head)
        if found is None:
            raise _bad("包含证明", "an inclusion proof")
        leaf, index, path = found.groups()
        return cls(
            leaf=decoded(leaf), index=int(index), path=tuple(map(decoded, path.split("\n")[1:])),
            checkpoint=Checkpoint.of(note),
        )  # fmt: skip

    def holds(self, key: NoteKey, check: Verify) -> bool:
        """Return whether the log of *key* has the entry."""
        point = self.checkpoint
        return point.signed_by(key, check) and proves_inclusion(
            leaf_hash(self.leaf), self.index, point.size, self.path, point.root
        )
