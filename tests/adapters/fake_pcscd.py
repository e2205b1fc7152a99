"""Know enough of pcscd's protocol to be the daemon that libpcsclite talks to, in a child process.

Run as ``python fake_pcscd.py SOCKET READER...``; orders come in on stdin, one a line, and each is
answered with ``ok``: ``insert READER [KIND]``, ``remove READER``, ``unplug READER``, ``plug
READER``, ``hang READER`` (no command is answered from now on), ``garbage``, ``quit``; ``remove-at
READER K``, ``swap-at READER K`` and ``tear-at READER K`` act at the command K, from now, 0 is the
next; ``await`` is answered when a client waits for a change.
The protocol is internal to pcsc-lite and may change: a smoke test with the real daemon stands
beside the tests that use this.
"""

# ruff: noqa: T201 - it speaks with its parent over stdout

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import suppress
from functools import cache
from typing import Protocol

from tests.emv.world import card

from szunion.testing.cards import SampleCard

ESTABLISH, RELEASE, CONNECT, RECONNECT, DISCONNECT = 0x01, 0x02, 0x04, 0x05, 0x06
BEGIN, END, TRANSMIT, CONTROL, STATUS, CANCEL = 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0D
GET_ATTRIBUTE, SET_ATTRIBUTE, VERSION, STATES = 0x0F, 0x10, 0x11, 0x12
WAIT, STOP_WAITING, EVENTS = 0x13, 0x14, 0x15

OK = 0
BAD_HANDLE, UNKNOWN_READER, SHARING, NO_CARD = 0x80100003, 0x80100009, 0x8010000B, 0x8010000C
PROTOCOL, REMOVED, UNSUPPORTED, CANCELLED = 0x8010000F, 0x80100069, 0x8010001F, 0x80100002
EXCLUSIVE, DIRECT = 1, 3
ABSENT, PRESENT, POWERED, NEGOTIABLE = 2, 4, 16, 32
MOST_READERS = 16
T0 = 1


class Card(Protocol):
    """What can lie in a reader."""

    def reset(self, *, contactless: bool = False) -> bytes: ...
    def process_bytes(self, raw: bytes) -> bytes: ...
    def power_off(self) -> None: ...


class Stranger:
    """A card of another scheme: it lists itself, and knows none of ours."""

    listed = bytes.fromhex("701361114F07A000000003101050065649534120319000")

    def reset(self, *, contactless: bool = False) -> bytes:
        del contactless
        return bytes.fromhex("3B0253545247")[:4]

    def process_bytes(self, raw: bytes) -> bytes:
        if raw[:4] == bytes.fromhex("00A40400") and b"1PAY" in raw:
            return bytes.fromhex("6F15840E315041592E5359532E4444463031A503880101") + b"\x90\x00"
        if raw[:3] == bytes.fromhex("00B201"):
            return self.listed
        return bytes.fromhex("6A83" if raw[1] == 0xB2 else "6A82")

    def power_off(self) -> None:
        pass


@cache
def sample() -> SampleCard:
    return SampleCard.grow()


def make(kind: str) -> Card:
    """Return a fresh card of a kind."""
    match kind:
        case "debit":
            return card()
        case "sample":
            return sample().card()
        case "stranger":
            return Stranger()
        case _:
            raise ValueError(kind)


class Reader:
    """One reader: its card, who has it, and how often it changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.card: Card | None = None
        self.atr = b""
        self.stay = 0
        self.events = 0
        self.exclusive = 0
        self.users = 0
        self.hangs = False
        self.transaction = 0
        self.plugged = True
        self.left: int | None = None
        self.how = ""

    def due(self) -> bool:
        """Count a command; whether the card goes before it."""
        if self.left is None:
            return False
        self.left -= 1
        return self.left < 0

    def state(self) -> bytes:
        bits = PRESENT | POWERED | NEGOTIABLE if self.card else ABSENT
        sharing = -1 if self.exclusive else self.users
        return struct.pack(
            "<128sIIi33s3xII",
            self.name.encode(),
            self.events,
            bits,
            sharing,
            self.atr,
            len(self.atr),
            T0 if self.card else 0,
        )


class Daemon:
    """The whole daemon; one lock for everything but the card's own work."""

    def __init__(self, names: list[str]) -> None:
        self.readers = [Reader(name) for name in names]
        self.lock = threading.RLock()
        self.waiting: dict[int, tuple[socket.socket, int]] = {}
        self.handles: dict[int, tuple[Reader, int, int]] = {}
        self.next = 1
        self.garbage = False

    def number(self) -> int:
        self.next += 1
        return self.next

    def find(self, name: str) -> Reader | None:
        return next((r for r in self.readers if r.plugged and r.name == name), None)

    def put(self, reader: Reader, kind: str) -> None:
        reader.card, reader.hangs, reader.left = make(kind), False, None
        reader.atr = reader.card.reset()
        self.changed(reader)

    def take(self, reader: Reader) -> None:
        reader.card, reader.atr, reader.left = None, b"", None
        reader.exclusive = reader.users = reader.transaction = 0
        self.changed(reader)

    def changed(self, reader: Reader) -> None:
        reader.events += 1
        reader.stay += 1
        for key in list(self.waiting):
            line, _ = self.waiting.pop(key)
            with suppress(OSError):
                line.sendall(struct.pack("<II", 0, OK))

    def order(self, words: list[str]) -> None:
        with self.lock:
            match words:
                case ["insert", name, *kind] if reader := self.find(name):
                    self.put(reader, *kind or ["debit"])
                case ["remove", name] if reader := self.find(name):
                    self.take(reader)
                case [("remove-at" | "swap-at" | "tear-at") as how, name, count] if (
                    reader := self.find(name)
                ):
                    reader.left, reader.how = int(count), how
                case ["hang", name] if reader := self.find(name):
                    reader.hangs = True
                case ["unplug", name] if reader := self.find(name):
                    self.take(reader)
                    reader.plugged = False
                case ["plug", name]:
                    for reader in self.readers:
                        reader.plugged |= reader.name == name
                        self.changed(reader)
                case ["garbage"]:
                    self.garbage = True
                case _:
                    raise ValueError(words)

    def states(self) -> bytes:
        out = b"".join(reader.state() for reader in self.readers if reader.plugged)
        return out.ljust(MOST_READERS * 184, b"\0")


class Client:
    """One connection of libpcsclite."""

    def __init__(self, daemon: Daemon, line: socket.socket) -> None:
        self.daemon = daemon
        self.line = line
        self.mine: set[int] = set()
        self.context = 0

    def receive(self, size: int) -> bytes:
        body = b""
        while len(body) < size:
            more = self.line.recv(size - len(body))
            if not more:
                raise EOFError
            body += more
        return body

    def run(self) -> None:
        try:
            while True:
                size, command = struct.unpack("<II", self.receive(8))
                body = self.receive(size)
                if self.daemon.garbage:
                    self.line.sendall(b"\xff" * 7)
                    return
                answer = self.answer(command, body)
                if answer:
                    self.line.sendall(answer)
        except (EOFError, OSError, struct.error):
            pass
        finally:
            with self.daemon.lock:
                for handle in list(self.mine):
                    self.drop(handle)
                self.daemon.waiting.pop(id(self), None)
            self.line.close()

    def answer(self, command: int, body: bytes) -> bytes:  # noqa: C901, PLR0911, PLR0912 - a table
        daemon = self.daemon
        with daemon.lock:
            match command:
                case 0x11:
                    major, minor, _ = struct.unpack("<iiI", body)
                    return struct.pack("<iiI", major, min(minor, 5), OK)
                case 0x01:
                    scope, _, _ = struct.unpack("<III", body)
                    self.context = daemon.number()
                    return struct.pack("<III", scope, self.context, OK)
                case 0x02:
                    context, _ = struct.unpack("<II", body)
                    return struct.pack("<II", context, OK)
                case 0x04:
                    return self.connect(body)
                case 0x05:
                    return self.reconnect(body)
                case 0x06:
                    return self.disconnect(body)
                case 0x07 | 0x08:
                    return self.transaction(command, body)
                case 0x0B:
                    handle, _ = struct.unpack("<iI", body)
                    return struct.pack("<iI", handle, self.alive(handle))
                case 0x0D:
                    return self.cancel(body)
                case 0x12:
                    return daemon.states()
                case 0x13:
                    daemon.waiting[id(self)] = self.line, self.context
                    return daemon.states()
                case 0x14:
                    told = daemon.waiting.pop(id(self), None)
                    return struct.pack("<II", 0, OK) if told else b""
                case 0x15:
                    return struct.pack("<II", sum(r.events for r in daemon.readers), OK)
                case 0x0A:
                    head = struct.unpack("<iIIIII", body)
                    self.receive(head[2])
                    return struct.pack("<iIIIII", *head[:4], 0, UNSUPPORTED)
                case 0x0F | 0x10:
                    return body[:-4] + struct.pack("<I", UNSUPPORTED)
                case _:
                    pass
        return self.transmit(body) if command == TRANSMIT else b""

    def alive(self, handle: int) -> int:
        known = self.daemon.handles.get(handle)
        if known is None:
            return BAD_HANDLE
        reader, stay, _ = known
        return OK if reader.stay == stay and reader.card else REMOVED

    def connect(self, body: bytes) -> bytes:
        context, raw, share, preferred, _, _, _ = struct.unpack("<I128sIIiII", body)
        reader = self.daemon.find(raw.split(b"\0")[0].decode())
        handle, code = 0, OK
        if reader is None:
            code = UNKNOWN_READER
        elif reader.exclusive or (share == EXCLUSIVE and reader.users):
            code = SHARING
        elif reader.card is None and share != DIRECT:
            code = NO_CARD
        elif share != DIRECT and not preferred & T0:
            code = PROTOCOL
        else:
            handle = self.daemon.number()
            self.daemon.handles[handle] = reader, reader.stay, share
            self.mine.add(handle)
            reader.users += 1
            if share == EXCLUSIVE:
                reader.exclusive = handle
            if reader.card:
                reader.atr = reader.card.reset()
        return struct.pack("<I128sIIiII", context, raw, share, preferred, handle, T0, code)

    def reconnect(self, body: bytes) -> bytes:
        handle, share, preferred, start, _, _ = struct.unpack("<iIIIII", body)
        code = self.alive(handle)
        if code == OK:
            reader = self.daemon.handles[handle][0]
            if reader.card:
                reader.atr = reader.card.reset()
        return struct.pack("<iIIIII", handle, share, preferred, start, T0, code)

    def disconnect(self, body: bytes) -> bytes:
        handle, disposition, _ = struct.unpack("<iII", body)
        code = OK if handle in self.daemon.handles else BAD_HANDLE
        if code == OK and disposition and self.alive(handle) == OK:
            held = self.daemon.handles[handle][0].card
            if held:
                held.power_off()
        self.drop(handle)
        return struct.pack("<iII", handle, disposition, code)

    def drop(self, handle: int) -> None:
        known = self.daemon.handles.pop(handle, None)
        self.mine.discard(handle)
        if known is None:
            return
        reader, stay, _ = known
        if reader.stay == stay:
            reader.users = max(reader.users - 1, 0)
            if reader.exclusive == handle:
                reader.exclusive = 0
            if reader.transaction == handle:
                reader.transaction = 0

    def transaction(self, command: int, body: bytes) -> bytes:
        handle = struct.unpack("<i", body[:4])[0]
        code = self.alive(handle)
        if code == OK:
            reader = self.daemon.handles[handle][0]
            if reader.transaction not in (0, handle):
                code = SHARING
            else:
                reader.transaction = handle if command == BEGIN else 0
        return body[:-4] + struct.pack("<I", code)

    def cancel(self, body: bytes) -> bytes:
        context, _ = struct.unpack("<II", body)
        for key in list(self.daemon.waiting):
            line, waiting = self.daemon.waiting[key]
            if waiting == context:
                del self.daemon.waiting[key]
                line.sendall(struct.pack("<II", 0, CANCELLED))
        return struct.pack("<II", context, OK)

    def transmit(self, body: bytes) -> bytes:
        fields = list(struct.unpack("<iIIIIIII", body))
        apdu = self.receive(fields[3])
        with self.daemon.lock:
            fields[7] = code = self.alive(fields[0])
            if code != OK:
                return struct.pack("<iIIIIIII", *fields)
            reader = self.daemon.handles[fields[0]][0]
            if reader.due():
                self.daemon.take(reader)
                if reader.how == "swap-at":
                    self.daemon.put(reader, "debit")
                # torn in the middle of a command: as a driver that says all went well
                fields[6], fields[7] = 0, OK if reader.how == "tear-at" else REMOVED
                return struct.pack("<iIIIIIII", *fields)
        if reader.hangs:
            threading.Event().wait()
        answer = reader.card.process_bytes(apdu) if reader.card else b""
        if not answer:
            fields[7] = REMOVED
            return struct.pack("<iIIIIIII", *fields)
        fields[6] = len(answer)
        return struct.pack("<iIIIIIII", *fields) + answer


def main() -> None:
    path, *names = sys.argv[1:]
    daemon = Daemon(names)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()

    def accept() -> None:
        while True:
            line, _ = listening.accept()
            threading.Thread(target=Client(daemon, line).run, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print("ready", flush=True)
    for order in sys.stdin:
        if order.strip() == "quit":
            break
        if order.strip() == "await":
            # whoever asks us cannot see when its client waits; ten seconds are for ever
            for _ in range(1_000):
                with daemon.lock:
                    if daemon.waiting:
                        break
                threading.Event().wait(0.01)
            print("ok" if daemon.waiting else "nobody", flush=True)
            continue
        daemon.order(order.split())
        print("ok", flush=True)


if __name__ == "__main__":
    main()
