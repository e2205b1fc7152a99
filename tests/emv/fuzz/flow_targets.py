"""Know what flows and the simulated card must survive: a reader that answers from fuzz bytes.

Only our own errors may come out of a flow, and it must end; out of the card comes a status word,
whatever it is sent. A dialogue target changes answers of a real conversation: what is approved
offline then must still have been signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from tests.emv.world import BUSINESS, PBOC_DEBIT, card, terminal

from szunion.emv.card.machine import SimulatedCard
from szunion.emv.card.profiles import Scheme
from szunion.emv.errors import EmvError
from szunion.emv.files import read_membership
from szunion.emv.flow import AuthorisationReply, AuthorisationRequest, Performer, Pin, run
from szunion.emv.issuer_script import read_script
from szunion.emv.look import Authentication, Probes, look, read_public
from szunion.emv.oda_keys import Assurance
from szunion.emv.pboc import Fast, tap
from szunion.emv.terminal import terminal_values
from szunion.emv.transaction import transact
from szunion.emv.transit import Settings

_STATUS = ["9000", "6A82", "6A83", "6985", "6283", "6310", "6C10", "6110", "6A81", "6300", "0000"]
_STATUSES = [bytes.fromhex(text) for text in _STATUS]
_TERMINAL = terminal(knows_sm=True, knows_ecash=True, online=True)


class FuzzReader:
    """Answers with a length, a status and that many bytes out of *data*, then with 6F00."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def transmit(self, raw: bytes) -> bytes:
        del raw
        head = self._data[self._at : self._at + 2]
        if len(head) < 2:
            return b"\x6f\0"
        body = self._data[self._at + 2 : self._at + 2 + head[0]]
        self._at += 2 + len(body)
        return body + _STATUSES[head[1] % len(_STATUSES)]


def _reply(request: AuthorisationRequest) -> AuthorisationReply:
    del request
    return AuthorisationReply(b"00", bytes(10), (bytes.fromhex("720686048418" + "0000"),))


def _performer(transmit: Callable[[bytes], bytes]) -> Performer:
    return Performer(
        transmit=transmit,
        choose=lambda candidates: candidates[0],
        ask_pin=lambda _: Pin("1234"),
        check_document=lambda _: True,
        go_online=_reply,
    )


def fuzz_transaction(data: bytes) -> None:
    with suppress(EmvError):
        outcome = run(transact(_TERMINAL, BUSINESS), _performer(FuzzReader(data).transmit))
        assert outcome.assurance is Assurance.READ_ONLY
        repr(outcome)


def fuzz_tap(data: bytes) -> None:
    values = terminal_values(_TERMINAL, BUSINESS, b"\1\2\3\4")
    with suppress(EmvError):
        outcome = run(tap(_TERMINAL, BUSINESS, values), _performer(FuzzReader(data).transmit))
        assert outcome.decision is not Fast.APPROVED_OFFLINE


def fuzz_look(data: bytes) -> None:
    probes = Probes(logs=True, transit=Settings(), membership=True)
    with suppress(EmvError):
        repr(run(look(probes), _performer(FuzzReader(data).transmit)))
    wanted = Authentication(terminal=_TERMINAL, date="261124")
    with suppress(EmvError):
        found = run(read_public(None, wanted), _performer(FuzzReader(data).transmit))
        assert found is None or found.assurance is Assurance.READ_ONLY


def fuzz_membership(data: bytes) -> None:
    answers = [b"\x90\0", data[:250] + b"\x90\0"]
    with suppress(EmvError):
        repr(run(read_membership(), _performer(lambda _: answers.pop(0) if answers else b"\x6b\0")))


def fuzz_script(data: bytes) -> None:
    found = read_script(data)
    assert found is None or 1 <= len(found[1]) <= 32


def fuzz_card(data: bytes) -> None:
    """Send *data* as commands, each with its length in front."""
    held = _fresh(contactless=bool(data[:1] > b"\x7f"))
    before = held.cell(PBOC_DEBIT, 0x9F36) or b""
    at = 1
    while at < len(data):
        size = data[at] % 48
        answer = held.process_bytes(data[at + 1 : at + 1 + size])
        assert len(answer) >= 2
        assert 0x61 <= answer[-2] <= 0x9F
        at += 1 + size
    assert (held.cell(PBOC_DEBIT, 0x9F36) or b"") >= before


def fuzz_dialogue(data: bytes) -> None:
    """Change answers of a real card: pairs of (which answer, which byte, xor) out of *data*."""
    held = _fresh(contactless=False)
    changes: dict[int, list[tuple[int, int]]] = {}
    for at in range(0, min(len(data), 12) - 2, 3):
        changes.setdefault(data[at] % 40, []).append((data[at + 1], data[at + 2]))
    count = 0

    def transmit(raw: bytes) -> bytes:
        nonlocal count
        answer = bytearray(held.process_bytes(raw))
        for place, mask in changes.get(count, ()):
            answer[place % len(answer)] ^= mask
        count += 1
        return bytes(answer)

    offline = terminal(online=False)
    with suppress(EmvError):
        outcome = run(transact(offline, BUSINESS), _performer(transmit))
        if outcome.decision.approved:
            assert outcome.verdict is not None
            assert outcome.verdict.passed


def _fresh(*, contactless: bool) -> SimulatedCard:
    return card(Scheme.RSA, contactless=contactless, purse=100, membership=b"\xe1\0")


FLOW_TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "transaction": fuzz_transaction,
    "tap": fuzz_tap,
    "look": fuzz_look,
    "membership": fuzz_membership,
    "issuer_script": fuzz_script,
    "card": fuzz_card,
    "dialogue": fuzz_dialogue,
}
