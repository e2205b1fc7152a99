"""Signatures over raw bytes: one grammar, one window, one error, keys that overlap."""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from tests.adapters.bank.wired import OURS, THEIRS, ring_of_bank, ring_of_union

from szunion.adapters.bank import signatures
from szunion.adapters.bank.signatures import (
    MOST_BODY,
    CheckingKey,
    Keyring,
    SigningKey,
    Validity,
    check,
    content,
    sign,
)
from szunion.adapters.keys.messages import HmacSha256
from szunion.errors import KeysUnavailable, SignatureInvalid

NOW = datetime(2017, 11, 23, 1, 0, tzinfo=UTC)
PATH = "/bank/callback"
BODY = b'{"type":"row_verified"}'


def signed(now: datetime = NOW, body: bytes = BODY, id_: str = "E1") -> dict[str, str]:
    return sign(ring_of_bank(), id_=id_, now=now, word="POST", path=PATH, body=body)


def checked(headers: Mapping[str, str], *, now: datetime = NOW, body: bytes = BODY) -> str:
    return check(ring_of_union(), headers, now=now, word="POST", path=PATH, body=body)


def refused(headers: Mapping[str, str], *, now: datetime = NOW, body: bytes = BODY) -> bool:
    found: SignatureInvalid | None = None
    try:
        checked(headers, now=now, body=body)
    except SignatureInvalid as error:
        found = error
    assert found is None or (found.code, found.context) == ("E-SIG-001", {})
    return found is not None


def test_a_genuine_message_gives_its_id() -> None:
    assert checked(signed()) == "E1"
    mixed = {name.title(): value for name, value in signed().items()}
    assert checked({**mixed, "Content-Type": "application/json"}) == "E1"


@pytest.mark.parametrize(
    ("seconds", "good"),
    [(-301, False), (-300, True), (-299, True), (0, True), (299, True), (300, True), (301, False),
     (86_400, False), (-86_400, False), (10 * 31_536_000, False), (-10 * 31_536_000, False)],
)  # fmt: skip
def test_the_window_is_300_seconds_both_ways_to_the_second(seconds: int, *, good: bool) -> None:
    headers = signed()
    assert refused(headers, now=NOW + timedelta(seconds=seconds)) is not good


def test_a_microsecond_beyond_the_window_is_beyond_it() -> None:
    assert not refused(signed(), now=NOW + timedelta(seconds=300))
    assert refused(signed(), now=NOW + timedelta(seconds=300, microseconds=1))


def _with(**changed: str | None) -> dict[str, str]:
    headers = signed()
    for name, value in changed.items():
        if value is None:
            del headers[f"szunion-{name}"]
        else:
            headers[f"szunion-{name}"] = value
    return headers


_TIME = str(int(NOW.timestamp()))
_SIGNATURE = signed()["szunion-signature"]


@pytest.mark.parametrize(
    "changed",
    [
        {"time": None}, {"id": None}, {"key": None}, {"signature": None}, {"time": _TIME + ".9"},
        {"time": " " + _TIME}, {"time": _TIME + "\n"}, {"time": "+" + _TIME},
        {"time": "1_" + _TIME[1:]}, {"time": "0" + _TIME}, {"time": _TIME[:-1]},
        {"time": "１" + _TIME[1:]}, {"time": _TIME + "0"}, {"time": "-" + _TIME}, {"time": ""},
        {"time": "1e9"}, {"time": "0x5a1"}, {"time": _TIME + "," + _TIME},
        {"signature": _SIGNATURE.upper()}, {"signature": _SIGNATURE[:-1]},
        {"signature": _SIGNATURE[:-2]}, {"signature": _SIGNATURE + "00"}, {"signature": ""},
        {"signature": "v1," + _SIGNATURE}, {"signature": _SIGNATURE + "\n"},
        {"signature": "=" * 64}, {"signature": "0" * 64}, {"signature": "ａ" + _SIGNATURE[1:]},
        {"signature": "ab" * 2000}, {"signature": _SIGNATURE + " " + _SIGNATURE}, {"key": "b2"},
        {"key": ""}, {"key": "b1\n"}, {"key": "B1"}, {"key": "../b1"}, {"key": "b1" * 40},
        {"id": "E2"}, {"id": ""}, {"id": "E1\n"}, {"id": "Ｅ1"}, {"id": "E1 "}, {"id": "E" * 65},
        {"id": "E\n1"}, {"id": "E.1"},
    ],
)  # fmt: skip
def test_there_is_one_way_to_write_each_header(changed: dict[str, str | None]) -> None:
    assert refused(_with(**changed))


def test_the_same_header_twice_is_refused() -> None:
    """In any case, also with the same value: no two programs may read different ones."""
    for name, value in signed().items():
        assert refused({**signed(), name.upper(): value})


@pytest.mark.parametrize("wrong", [None, 5, b"x", ["x"], object()])
def test_values_of_another_kind_are_one_more_way_to_be_wrong(wrong: object) -> None:
    for name in signed():
        assert refused({**signed(), name: wrong})  # type: ignore[dict-item]
    assert refused(signed(), body=wrong)  # type: ignore[arg-type]


def test_a_body_is_measured_before_it_is_looked_at() -> None:
    for size, good in ((MOST_BODY - 1, True), (MOST_BODY, True), (MOST_BODY + 1, False)):
        body = b"x" * size
        assert refused(signed(body=body), body=body) is not good
    assert refused({f"h{number}": "" for number in range(97)} | signed())
    assert not refused({f"h{number}": "" for number in range(96)} | signed())


def test_nothing_moves_from_one_part_of_the_content_to_another() -> None:
    """What could be signed for one message and read as another does not exist."""
    parts = ["E1", "1511401200", "POST", "/a", ""]
    seen = set()
    for word, path, body in itertools.product(
        ("POST", "GET", "200"), ("/a", "/a/b", "/"), (b"", b"/b", b"\n", b"POST\n/a\n")
    ):
        seen.add(content(parts[0], parts[1], word, path, body))
    assert len(seen) == 3 * 3 * 4


def test_a_request_does_not_come_back_as_a_callback_or_an_answer() -> None:
    """With one secret both ways, path and word still tell the messages apart."""
    same = HmacSha256(b"s" * 32)
    ring = Keyring(
        signing=(SigningKey(id="k", signer=same),), checking=(CheckingKey(id="k", verifier=same),)
    )
    headers = sign(ring, id_="E1", now=NOW, word="POST", path="/union/v1/requests", body=BODY)
    for word, path in (
        ("POST", PATH),
        ("200", "/union/v1/requests"),
        ("GET", "/union/v1/requests"),
    ):
        with pytest.raises(SignatureInvalid):
            check(ring, headers, now=NOW, word=word, path=path, body=BODY)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a comparison that stops at the first difference is not what is called."""
    calls: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        calls.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    assert checked(signed()) == "E1"
    assert refused(_with(signature="0" * 64))
    assert len(calls) == 2


# --- rotation -------------------------------------------------------------------------------


def _rings(overlap: timedelta, life: timedelta, count: int) -> tuple[Keyring, Keyring]:
    """Return the sender's and the checker's ring over *count* keys, one after the other."""
    keys = [
        (
            f"k{number}",
            HmacSha256(bytes([number]) * 32),
            Validity(since=NOW + number * life, until=NOW + (number + 1) * life + overlap),
        )
        for number in range(count)
    ]
    signing = tuple(SigningKey(id=id_, signer=key, valid=valid) for id_, key, valid in keys)
    checking = tuple(CheckingKey(id=id_, verifier=key, valid=valid) for id_, key, valid in keys)
    return Keyring(signing=signing, checking=()), Keyring(signing=(), checking=checking)


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(hours=24), timedelta(days=7)])
def test_rotation_loses_no_good_message_and_takes_no_old_key(overlap: timedelta) -> None:
    """10,000 messages over five rotations, each up to the overlap or the window late."""
    life = timedelta(days=20)
    sender, checker = _rings(overlap, life, 6)
    good = late = 0
    used = set()
    for number in range(10_000):
        sent = NOW + number * (6 * life - timedelta(seconds=1)) / 10_000
        headers = sign(sender, id_=f"E{number}", now=sent, word="POST", path=PATH, body=BODY)
        used.add(headers["szunion-key"])
        delay = timedelta(seconds=number % 300) if overlap else timedelta(0)
        assert check(
            checker, headers, now=sent + delay, word="POST", path=PATH, body=BODY
        ) == f"E{number}"  # fmt: skip
        good += 1
        old = checker.checking[int(headers["szunion-key"][1:])]
        assert old.valid.until is not None
        after = old.valid.until
        forged = sign(
            evolve(sender, signing=(evolve(sender.signing[int(old.id[1:])], valid=Validity()),)),
            id_="x", now=after, word="POST", path=PATH, body=BODY,
        )  # fmt: skip
        with pytest.raises(SignatureInvalid):
            check(checker, forged, now=after, word="POST", path=PATH, body=BODY)
        late += 1
    assert (good, late, len(used)) == (10_000, 10_000, 6)


def test_the_newest_key_that_counts_signs_and_without_one_nothing_is_sent() -> None:
    sender, _ = _rings(timedelta(hours=1), timedelta(days=1), 2)
    day = timedelta(days=1)
    assert sender.signs(NOW).id == "k0"
    assert sender.signs(NOW + day).id == "k1"
    forever = SigningKey(id="old", signer=OURS)
    assert evolve(sender, signing=(forever, *sender.signing)).signs(NOW).id == "k0"
    assert evolve(sender, signing=(forever,)).signs(NOW).id == "old"
    for moment in (NOW - timedelta(seconds=1), NOW + 3 * day):
        with pytest.raises(KeysUnavailable) as raised:
            sender.signs(moment)
        assert raised.value.code == "E-KEYS-007"
    assert THEIRS.suite == "hmac-sha256"
    assert signatures.WINDOW.total_seconds() == 300
