"""Know what a test may ask of the simulated bank behind a socket, by a word that it carries."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from szunion.adapters.bank.server.connection import PLAIN, Connection, Place
from szunion.adapters.bank.server.desk import press
from szunion.adapters.bank.server.storm import storm_of
from szunion.errors import SzunionError


def _told(call: Connection, body: bytes) -> dict[str, Any] | None:
    """Return what a control call says; None: it does not carry the word, and was refused."""
    word = call.headers.get("x-szunion-control", "")
    if hmac.compare_digest(word.encode("utf-8", "replace"), call.behind.control.encode()):
        try:
            told = json.loads(body or b"{}")
        except ValueError:
            told = None
        if isinstance(told, dict):
            return told
    call.refuse(403)
    return None


def sim_clock(call: Connection, body: bytes) -> None:
    """Move the clock: ``{"advance": seconds}``."""
    told = _told(call, body)
    if told is not None:
        call.behind.advance(float(told.get("advance", 0)))
        call.json({"now": call.behind.clock.now().isoformat()})


def sim_do(call: Connection, body: bytes) -> None:
    """Press: ``{"act": …, "target": …}``."""
    told = _told(call, body)
    if told is None:
        return
    try:
        with call.behind.lock:
            press(call.behind.peer.bank, str(told.get("act")), str(told.get("target", "")))
    except SzunionError as error:
        call.json({"error": error.code}, 409)
    else:
        call.json({})


def sim_heal(call: Connection, body: bytes) -> None:
    """Let nothing go wrong any more."""
    if _told(call, body) is not None:
        with call.behind.lock:
            call.behind.peer.bank.heal()
        call.json({})


def sim_faults(call: Connection, body: bytes) -> None:
    """Change the weather: what a storm file says, as JSON."""
    told = _told(call, body)
    if told is None:
        return
    try:
        plan = storm_of(told)
    except SzunionError as error:
        call.json({"error": error.code}, 409)
        return
    with call.behind.lock:
        call.behind.peer.bank.faults = plan
    call.json({})


def sim_push(call: Connection, body: bytes) -> None:
    """Bring now what was told."""
    if _told(call, body) is not None:
        pusher = call.behind.pusher
        taken = 0 if pusher is None else pusher.push()
        call.json({"taken": taken, "seen": {} if pusher is None else dict(pusher.seen)})


def sim_state(call: Connection, body: bytes) -> None:
    """Say what time it is, and which faults have happened."""
    if _told(call, body) is not None:
        with call.behind.lock:
            faults = dict(call.behind.faults())
        call.json({"now": call.behind.clock.now().isoformat(), "faults": faults})


def sim_happened(call: Connection, body: bytes) -> None:
    """Say which faults have happened, in a form that a storm file's ``replay`` takes."""
    if _told(call, body) is not None:
        peer = call.behind.peer
        with call.behind.lock:
            happened = [fault.to_json() for fault in (*peer.bank.happened, *peer.happened)]
        call.json(happened)


def sim_snapshot(call: Connection, body: bytes) -> None:
    """Give the bank's journal: its truth, for ``SimulatedBank.restore``."""
    if _told(call, body) is not None:
        with call.behind.lock:
            journal = call.behind.peer.bank.snapshot()
        call.write(200, journal, PLAIN)


CONTROL: Final[Mapping[tuple[str, str], Place]] = {
    ("POST", "/sim/clock"): sim_clock,
    ("POST", "/sim/do"): sim_do,
    ("POST", "/sim/heal"): sim_heal,
    ("POST", "/sim/faults"): sim_faults,
    ("POST", "/sim/push"): sim_push,
    ("POST", "/sim/state"): sim_state,
    ("POST", "/sim/happened"): sim_happened,
    ("POST", "/sim/snapshot"): sim_snapshot,
}
