"""Callbacks that were changed on their way: none is taken, and only one error ever comes out.

A hundred thousand in CI, ten million in ``make soak``. A mutation that changes nothing (a header's
case, a header that is not signed) is no mutation and is not counted.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from attrs import frozen
from tests.adapters.bank.language import NOTICES, Maker
from tests.adapters.bank.wired import CALLBACK, OURS, ring_of_bank, ring_of_union

from szunion.adapters.bank import signatures
from szunion.adapters.bank.json_text import write_json
from szunion.adapters.bank.json_wire import notice_to_plain
from szunion.adapters.bank.signatures import (
    ID,
    KEY,
    SIGNATURE,
    TIME,
    CheckingKey,
    Keyring,
    SigningKey,
    sign,
)
from szunion.adapters.bank.signed_http import SignedHttpBank
from szunion.adapters.bank.simulated import SIMULATED
from szunion.adapters.http import HttpAnswer
from szunion.adapters.keys.messages import HmacSha256, HmacSm3
from szunion.errors import SignatureInvalid
from szunion.testing.clock import SimClock

SIGNED: Final = (ID, TIME, KEY, SIGNATURE)
Headers = dict[Any, Any]
#: Pieces that spoil a parser: signs, spaces, digits of other scripts, ends of lines, numbers.
SPICE: Final = (
    "", " ", "\n", "\r\n", "\t", "\0", "+", "-", "_", ",", ".", "=", "0", "1", "e9", "0x", "１",
    "²", "Ａ", "ａ", "\u200b", "\ufeff", "\ud800", "a" * 70, "v1=", "sha256=", "%00", "null", "NaN",
    "'", '"', "\\", "/../", "é",
)  # fmt: skip
ODD: Final[tuple[object, ...]] = (None, 0, 1.5, b"bytes", ["x"], ("x",), object(), True)


@frozen
class NoLine:
    """A receiver needs no line."""

    def call(self, *_: object, **__: object) -> HttpAnswer:
        raise AssertionError


class Fuzzer:
    """Changes genuine callbacks, each way belonging to its seed."""

    def __init__(self, seed: int, ring: Keyring, clock: SimClock) -> None:
        self._random = random.Random(seed)
        maker = Maker(seed)
        self._genuine: list[tuple[dict[str, str], bytes]] = []
        for number in range(60):
            kind = self._random.choice(NOTICES)
            plain = notice_to_plain(maker.make(kind))
            plain["told"]["event_id"] = f"E{number:09d}"
            body = write_json(plain)
            headers = sign(
                ring, id_=f"E{number:09d}", now=clock.now(), word="POST", path=CALLBACK, body=body
            )
            self._genuine.append((headers, body))
        self._ways: tuple[Callable[[Headers, bytes], tuple[Headers, bytes]], ...] = (
            self._flip_bit, self._flip_bit, self._cut, self._insert, self._swap_bodies,
            self._spice, self._spice, self._flip_sign, self._drop, self._twice, self._exchange,
            self._odd, self._time, self._other_message, self._replace,
        )  # fmt: skip

    def genuine(self) -> tuple[dict[str, str], bytes]:
        return self._random.choice(self._genuine)

    def mutated(self) -> tuple[Headers, bytes]:
        """Return a callback that is not one of the genuine ones."""
        while True:
            original, body = self.genuine()
            headers: Headers = dict(original)
            for _ in range(1 if self._random.random() < 0.7 else self._random.randrange(2, 4)):
                headers, body = self._random.choice(self._ways)(headers, body)
            if not any(body == one and _signed(headers) == told for told, one in self._genuine):
                return headers, body

    # --- ways ---------------------------------------------------------------------------------

    def _flip_bit(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        if not body:
            return headers, b"x"
        at, changed = self._random.randrange(len(body)), bytearray(body)
        changed[at] ^= 1 << self._random.randrange(8)
        return headers, bytes(changed)

    def _cut(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        return headers, body[: self._random.randrange(len(body) + 1)]

    def _insert(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        at = self._random.randrange(len(body) + 1)
        piece = self._random.choice(SPICE).encode("utf-8", "surrogatepass") or b" "
        return headers, body[:at] + piece + body[at:]

    def _swap_bodies(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        del body
        return headers, self.genuine()[1]

    def _replace(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        del body
        size = self._random.choice((0, 1, 2, 100, 262_144, 262_145))
        return headers, b"[" * size

    def _spice(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        name = self._random.choice(SIGNED)
        value, piece = str(headers.get(name, "")), self._random.choice(SPICE)
        at = self._random.randrange(len(value) + 1)
        gone = self._random.randrange(3)
        return {**headers, name: value[:at] + piece + value[at + gone :]}, body

    def _flip_sign(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        value = str(headers.get(SIGNATURE, "")) or "0"
        at = self._random.randrange(len(value))
        other = self._random.choice("0123456789abcdefABCDEF")
        return {**headers, SIGNATURE: value[:at] + other + value[at + 1 :]}, body

    def _drop(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        gone = self._random.choice(SIGNED)
        return {name: value for name, value in headers.items() if name != gone}, body

    def _twice(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        name = self._random.choice(SIGNED)
        return {**headers, name.upper(): self.genuine()[0][name]}, body

    def _exchange(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        one, other = self._random.sample(SIGNED, 2)
        return {**headers, one: headers.get(other, ""), other: headers.get(one, "")}, body

    def _odd(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        return {**headers, self._random.choice(SIGNED): self._random.choice(ODD)}, body

    def _time(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        now = int(self._genuine[0][0][TIME])
        by = self._random.choice((-1, 1)) * self._random.choice((1, 299, 301, 10**6, 10**8))
        return {**headers, TIME: str(now + by)}, body

    def _other_message(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """Take one header from another genuine message."""
        name = self._random.choice(SIGNED)
        return {**headers, name: self.genuine()[0][name]}, body


def _signed(headers: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return what a mutation leaves of the signed headers, with doubles kept apart."""
    found: dict[Any, Any] = {}
    for name, value in headers.items():
        lower = name.lower()
        found[name if lower in found else lower] = value
    return found


def receiver(ring: Keyring, clock: SimClock) -> SignedHttpBank:
    return SignedHttpBank(
        info=SIMULATED, line=NoLine(), ring=ring, clock=clock, ids=lambda: "q",
        callback_path=CALLBACK,
    )  # fmt: skip


def fuzz(count: int, seed: int, ours: Keyring, theirs: Keyring) -> Counter[str]:
    """Offer *count* changed callbacks; return what came of them."""
    clock = SimClock()
    fuzzer, bank = Fuzzer(seed, theirs, clock), receiver(ours, clock)
    found: Counter[str] = Counter()
    for _ in range(count):
        headers, body = fuzzer.mutated()
        try:
            bank.receive(headers, body)
        except SignatureInvalid:
            found["refused"] += 1
        except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
            found[type(error).__name__] += 1
        else:
            found["taken"] += 1
    for headers, body in fuzzer._genuine:
        (notice,) = bank.receive(headers, body)
        found["genuine"] += notice.told.event_id == headers[ID]
    return found


def sm3_rings() -> tuple[Keyring, Keyring]:
    secret = HmacSm3(b"s" * 32)
    ours = Keyring(
        signing=(SigningKey(id="u1", signer=OURS),),
        checking=(CheckingKey(id="b1", verifier=secret),),
    )
    return ours, Keyring(signing=(SigningKey(id="b1", signer=secret),), checking=())


def test_a_hundred_thousand_changed_callbacks_are_refused_with_one_error() -> None:
    found = fuzz(80_000, 1, ring_of_union(), ring_of_bank())
    assert found == {"refused": 80_000, "genuine": 60}
    ours, theirs = sm3_rings()
    assert fuzz(20_000, 2, ours, theirs) == {"refused": 20_000, "genuine": 60}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_ten_million_changed_callbacks_are_refused_with_one_error(part: int) -> None:
    found = fuzz(1_000_000, 100 + part, ring_of_union(), ring_of_bank())
    assert found == {"refused": 1_000_000, "genuine": 60}


# --- the search can find ----------------------------------------------------------------------


class _Planted(HmacSha256):
    """A verifier with a bug."""


def _with(verify: Callable[[HmacSha256, bytes, bytes], None]) -> Keyring:
    kind = type("Planted", (_Planted,), {"verify": verify})
    return Keyring(
        signing=(SigningKey(id="u1", signer=OURS),),
        checking=(CheckingKey(id="b1", verifier=kind(b"t" * 32)),),
    )


def _prefix(self: HmacSha256, message: bytes, signature: bytes) -> None:
    if not self.sign(message)[:2] == signature[:2]:
        raise SignatureInvalid("E-SIG-001")


def _another_error(self: HmacSha256, message: bytes, signature: bytes) -> None:
    if self.sign(message) != signature:
        raise ValueError(signature)


@pytest.mark.parametrize(
    ("bug", "shows"),
    [(_prefix, "taken"), (_another_error, "ValueError")],
)
def test_a_planted_bug_is_found_by_the_search(
    bug: Callable[[HmacSha256, bytes, bytes], None], shows: str
) -> None:
    found = fuzz(4_000, 3, _with(bug), ring_of_bank())
    assert found[shows] > 0


class Blind(HmacSha256):
    """Planted: a field of the body that is not signed."""

    def sign(self, message: bytes) -> bytes:
        return super().sign(re.sub(rb'"sequence":[0-9]+', b"", message))


def test_a_field_that_is_not_signed_is_found_by_the_search() -> None:
    blind = Blind(b"t" * 32)
    ours = Keyring(signing=(), checking=(CheckingKey(id="b1", verifier=blind),))
    theirs = Keyring(signing=(SigningKey(id="b1", signer=blind),), checking=())
    assert fuzz(20_000, 3, ours, theirs)["taken"] > 0


def test_a_loose_grammar_is_found_by_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a signature that may be written in more than one way."""
    loose = {**signatures._GRAMMAR, SIGNATURE: re.compile(r"(?:[0-9a-fA-F]{2})+\s?")}
    monkeypatch.setattr(signatures, "_GRAMMAR", loose)
    assert fuzz(20_000, 4, ring_of_union(), ring_of_bank())["taken"] > 0
