r"""Know how a message between union and bank is signed over its raw bytes, and how it is checked.

What is signed is ``id \n time \n word \n path \n body``: *word* is the method of a request or a
callback and the three digits of an answer, *path* is the whole target, *id* is the request's, the
event's, or that of the request which is answered. None of the first four can hold a line break, so
nothing can move from one to another. Four headers carry the rest::

    Szunion-Id: 7Q2K…            [A-Za-z0-9_-], at most 64
    Szunion-Time: 1511401200     ten digits, the first no 0
    Szunion-Key: b2026           which key signed
    Szunion-Signature: 5d41…     lower-case hexadecimal

There is one way to write each, and one error for every way to be wrong. The window is 300 s both
ways; replays inside it and for ever after are the inbox's business, which hears an event id once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from szunion.errors import KeysUnavailable, SignatureInvalid
from szunion.ports.keys import MessageSigner, MessageVerifier

WINDOW: Final = timedelta(seconds=300)
MOST_BODY: Final = 256 * 1024
"""A callback longer than this is refused unread."""

ID: Final = "szunion-id"
TIME: Final = "szunion-time"
KEY: Final = "szunion-key"
SIGNATURE: Final = "szunion-signature"

_GRAMMAR: Final[Mapping[str, re.Pattern[str]]] = {
    ID: re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII),
    TIME: re.compile(r"[1-9][0-9]{9}", re.ASCII),
    KEY: re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII),
    SIGNATURE: re.compile(r"(?:[0-9a-f]{2}){32,1024}", re.ASCII),
}
_MOST_HEADERS: Final = 100


@frozen(kw_only=True)
class Validity:
    """From when until when a key counts (有效期); None: without end on that side."""

    since: datetime | None = None
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Return whether the key counts at *moment*."""
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )


@frozen(kw_only=True)
class SigningKey:
    """A key with which we sign."""

    id: str
    signer: MessageSigner
    valid: Validity = Validity()


@frozen(kw_only=True)
class CheckingKey:
    """A key of the other side, with which we check."""

    id: str
    verifier: MessageVerifier
    valid: Validity = Validity()


@frozen(kw_only=True)
class Keyring:
    """The keys of one partnership. Keys overlap while one side changes them (密钥轮换)."""

    signing: Sequence[SigningKey]
    checking: Sequence[CheckingKey]

    def signs(self, now: datetime) -> SigningKey:
        """Return the key to sign with: of those that count, the one that began last.

        Raises:
            KeysUnavailable: none counts now (E-KEYS-007).
        """
        ready = [key for key in self.signing if key.valid.covers(now)]
        if not ready:
            raise KeysUnavailable("E-KEYS-007")
        return max(ready, key=lambda key: key.valid.since or datetime.min.replace(tzinfo=UTC))

    def checks(self, key_id: str, now: datetime) -> CheckingKey:
        """Return the key of that id, if it counts now.

        Raises:
            SignatureInvalid: there is none (E-SIG-001).
        """
        for key in self.checking:
            if key.id == key_id and key.valid.covers(now):
                return key
        raise SignatureInvalid("E-SIG-001")


def content(id_: str, time: str, word: str, path: str, body: bytes) -> bytes:
    """Return the bytes that are signed."""
    return b"\n".join((id_.encode(), time.encode(), word.encode(), path.encode(), body))


def sign(  # noqa: PLR0913 - what is signed, each by its name
    ring: Keyring, *, id_: str, now: datetime, word: str, path: str, body: bytes
) -> dict[str, str]:
    """Return the four headers of a message.

    Raises:
        KeysUnavailable: there is no key to sign with now (E-KEYS-007).
    """
    key = ring.signs(now)
    time = str(int(now.timestamp()))
    signature = key.signer.sign(content(id_, time, word, path, body))
    return {ID: id_, TIME: time, KEY: key.id, SIGNATURE: signature.hex()}


def check(  # noqa: PLR0913 - what was signed, each by its name
    ring: Keyring,
    headers: Mapping[str, str],
    *,
    now: datetime,
    word: str,
    path: str,
    body: bytes,
    most: int = MOST_BODY,
    window: timedelta = WINDOW,
) -> str:
    """Return the id of a message whose size, headers, key, signature and time are right.

    Nothing of *body* is looked at before its signature is.

    Raises:
        SignatureInvalid: one of them is not; it is never said which (E-SIG-001).
    """
    if type(body) is not bytes or len(body) > most:
        raise SignatureInvalid("E-SIG-001")
    told = _told(headers)
    key = ring.checks(told[KEY], now)
    signed = content(told[ID], told[TIME], word, path, body)
    key.verifier.verify(signed, bytes.fromhex(told[SIGNATURE]))
    if abs(now - datetime.fromtimestamp(int(told[TIME]), UTC)) > window:
        raise SignatureInvalid("E-SIG-001")
    return told[ID]


def _told(headers: Mapping[str, str]) -> dict[str, str]:
    """Return our four headers, each there once and well-formed."""
    found: dict[str, str] = {}
    if len(headers) > _MOST_HEADERS:
        raise SignatureInvalid("E-SIG-001")
    for name, value in headers.items():
        lower = name.lower() if type(name) is str else ""
        grammar = _GRAMMAR.get(lower)
        if grammar is None:
            continue
        if lower in found or type(value) is not str or grammar.fullmatch(value) is None:
            raise SignatureInvalid("E-SIG-001")
        found[lower] = value
    if len(found) != len(_GRAMMAR):
        raise SignatureInvalid("E-SIG-001")
    return found
