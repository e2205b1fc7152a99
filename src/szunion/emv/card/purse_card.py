"""Know how a card's purse answers each command: 卡上的电子钱包."""

from __future__ import annotations

from attrs import define, field

from szunion.emv import crypto
from szunion.emv.apdu import Command, Response
from szunion.emv.card.cells import pin_cell
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import PurseApplication
from szunion.emv.card.memory import Key, Memory
from szunion.emv.purse import (
    Kind,
    Load,
    LoadOffer,
    Moment,
    Purchase,
    four,
    load_key,
    load_mac1,
    load_mac2,
    load_tac,
    purchase_key,
    purchase_mac1,
    purchase_mac2,
    purchase_tac,
)

_BALANCE = {Kind.ED: 1, Kind.EP: 2}
_ONLINE_SEQUENCE = {Kind.ED: 3, Kind.EP: 4}
_OFFLINE_SEQUENCE = {Kind.ED: 5, Kind.EP: 6}
_LOG, _PIN_TRIES = 7, 8
_TRIES = 3
_LAST = 0xFFFF
_LOG_SIZE = 23
_LOG_SFI, _TRIP_SFI = 0x18, 0x1E
_KEY_VERSION = 1
_TDES = 0

CONDITIONS = Response(0x6985)
WRONG_LENGTH = Response(0x6700)
WRONG_P1P2 = Response(0x6A86)
WRONG_MAC = Response(0x9302)
NOT_ENOUGH = Response(0x9401)
NO_KEY = Response(0x9403)
OVER_LIMIT = Response(0x9402)


@define
class _Begun:
    """A load or purchase between its two commands."""

    load: tuple[Load, LoadOffer] | None = None
    purchase: tuple[Kind, int, int, bytes, bytes, bytes] | None = None
    """Kind, amount, key index, terminal, sequence, random."""


@define
class PurseCard:
    """The purse at work."""

    content: PurseApplication
    memory: Memory
    area: str
    chance: Chance
    begun: _Begun = field(factory=_Begun)
    pin_right: bool = False

    @staticmethod
    def personalised(area: str, content: PurseApplication) -> dict[Key, bytes]:
        """Return the cells of a fresh purse."""
        cells = {(area, _BALANCE[Kind.ED]): four(content.deposit)}
        cells[area, _BALANCE[Kind.EP]] = four(content.purse)
        for sequences in (_ONLINE_SEQUENCE, _OFFLINE_SEQUENCE):
            for slot in sequences.values():
                cells[area, slot] = bytes(2)
        cells[area, _LOG] = b""
        cells[area, _PIN_TRIES] = bytes((_TRIES,))
        return cells

    @property
    def aid(self) -> bytes:
        """The DF name."""
        return self.content.aid

    def reachable(self, *, contactless: bool) -> bool:
        """A purse can be reached both ways."""
        del contactless
        return True

    def power_up(self, *, contactless: bool) -> None:
        """Forget everything volatile."""
        del contactless
        self._forget()

    def select(self) -> Response:
        """Answer SELECT."""
        self._forget()
        return Response(0x9000, self.content.fci)

    def _forget(self) -> None:
        self.begun = _Begun()
        self.pin_right = False

    def _number(self, slot: int) -> int:
        return int.from_bytes(self.memory.get(self.area, slot) or b"", "big")

    def _write(self, changes: dict[int, bytes]) -> None:
        self.memory.write({(self.area, slot): value for slot, value in changes.items()})

    def process(self, command: Command) -> tuple[Response, bool]:
        """Answer one command."""
        begun, self.begun = self.begun, _Begun()
        match command.cla, command.ins:
            case 0x80, 0x5C:
                self.begun = begun
                answer = self._balance(command)
            case 0x00, 0xB0:
                self.begun = begun
                answer = self._binary(command)
            case 0x00, 0xB2:
                self.begun = begun
                answer = self._record(command)
            case 0x00, 0x20:
                answer = self._verify(command)
            case 0x80, 0x50:
                answer = self._initialize(command)
            case 0x80, 0x52:
                answer = self._credit(command, begun)
            case 0x80, 0x54:
                answer = self._debit(command, begun)
            case _:
                answer = Response(0x6D00)
        return answer, False

    def _balance(self, command: Command) -> Response:
        if command.p1 not in self.content.balance_p1 or command.p2 not in (1, 2):
            return WRONG_P1P2
        kind = Kind(command.p2)
        if kind is Kind.ED and not self._may:
            return Response(0x6982)
        told = self._number(_BALANCE[kind]) | (0x80000000 if self.content.high_bit else 0)
        return Response(0x9000, four(told))

    @property
    def _may(self) -> bool:
        """Whether the PIN was given, where one is wanted."""
        return self.content.pin is None or self.pin_right

    def _binary(self, command: Command) -> Response:
        if not command.p1 & 0x80:
            return Response(0x6986)
        content = self.content.files.get(command.p1 & 0x1F)
        if content is None:
            return Response(0x6A82)
        if command.p2 >= len(content):
            return Response(0x6B00)
        return Response(0x9000, content[command.p2 :][: command.le or 256])

    def _record(self, command: Command) -> Response:
        if command.p2 & 7 != 4 or not command.p1:
            return WRONG_P1P2
        match command.p2 >> 3:
            case 0x18:
                log = self.memory.get(self.area, _LOG) or b""
                record = log[(command.p1 - 1) * _LOG_SIZE : command.p1 * _LOG_SIZE]
            case 0x1E:
                trips = self.content.trips
                record = trips[command.p1 - 1] if command.p1 <= len(trips) else b""
            case _:
                return Response(0x6A82)
        return Response(0x9000, record) if record else Response(0x6A83)

    def _verify(self, command: Command) -> Response:
        """Check the PIN; here it is plain digits, filled up with F."""
        if self.content.pin is None:
            return CONDITIONS
        tries = self._number(_PIN_TRIES)
        if not tries:
            return Response(0x6983)
        self._write({_PIN_TRIES: bytes((tries - 1,))})
        given = command.data.hex().rstrip("f")
        right = pin_cell(self.content.pin)
        if not 4 <= len(given) <= 12 or given.strip("0123456789"):
            return Response(0x63C0 | tries - 1)
        self.pin_right = crypto.same(pin_cell(given), right)
        if not self.pin_right:
            return Response(0x63C0 | tries - 1)
        self._write({_PIN_TRIES: bytes((_TRIES,))})
        return Response(0x9000)

    def _initialize(self, command: Command) -> Response:
        if command.p1 > 1 or command.p2 not in (1, 2):
            return WRONG_P1P2
        if len(command.data) != 11:
            return WRONG_LENGTH
        kind, index = Kind(command.p2), command.data[0]
        amount, terminal = int.from_bytes(command.data[1:5], "big"), command.data[5:]
        if command.p1:
            return self._initialize_purchase(kind, index, amount, terminal)
        return self._initialize_load(Load(kind, amount, index, terminal))

    def _initialize_load(self, load: Load) -> Response:
        key = self.content.keys.load.get(load.key_index)
        balance, sequence = (
            self._number(_BALANCE[load.kind]),
            self._number(_ONLINE_SEQUENCE[load.kind]),
        )
        if not self._may:
            return Response(0x6982)
        if key is None:
            return NO_KEY
        if balance + load.amount > self.content.limit:
            return OVER_LIMIT
        if sequence >= _LAST:
            return CONDITIONS
        random, number = self.chance.bytes(4), sequence.to_bytes(2, "big")
        offer = LoadOffer(balance, number, _KEY_VERSION, _TDES, random, b"")
        mac1 = load_mac1(load_key(key, random, number), load, offer)
        self.begun.load = load, offer
        head = four(balance) + number + bytes((_KEY_VERSION, _TDES))
        return Response(0x9000, head + random + mac1)

    def _initialize_purchase(
        self, kind: Kind, index: int, amount: int, terminal: bytes
    ) -> Response:
        if kind is Kind.ED and not self._may:
            return Response(0x6982)
        if index not in self.content.keys.purchase:
            return NO_KEY
        balance = self._number(_BALANCE[kind])
        sequence = self._number(_OFFLINE_SEQUENCE[kind])
        if amount > balance:
            return NOT_ENOUGH
        if sequence >= _LAST:
            return CONDITIONS
        random, number = self.chance.bytes(4), sequence.to_bytes(2, "big")
        self.begun.purchase = kind, amount, index, terminal, number, random
        head = four(balance) + number + bytes(3) + bytes((_KEY_VERSION, _TDES))
        return Response(0x9000, head + random)

    def _logged(self, sequence: bytes, amount: int, kind: int, rest: bytes) -> bytes:
        record = sequence + bytes(3) + four(amount) + bytes((kind,)) + rest
        log = record + (self.memory.get(self.area, _LOG) or b"")
        return log[: self.content.log_size * _LOG_SIZE]

    def _credit(self, command: Command, begun: _Begun) -> Response:
        if begun.load is None:
            return CONDITIONS
        if len(command.data) != 11:
            return WRONG_LENGTH
        load, offer = begun.load
        moment, mac2 = Moment(command.data[:4], command.data[4:7]), command.data[7:]
        key = load_key(self.content.keys.load[load.key_index], offer.random, offer.sequence)
        if not crypto.same(load_mac2(key, load, moment), mac2):
            return WRONG_MAC
        kind = int(load.kind)
        tail = load.terminal + moment.date + moment.time
        self._write(
            {
                _BALANCE[load.kind]: four(offer.balance + load.amount),
                _ONLINE_SEQUENCE[load.kind]: _next(offer.sequence),
                _LOG: self._logged(offer.sequence, load.amount, kind, tail),
            }
        )
        return Response(0x9000, load_tac(self.content.keys.tac, load, offer, moment))

    def _debit(self, command: Command, begun: _Begun) -> Response:
        if begun.purchase is None or command.p1 != 1 or command.p2:
            return CONDITIONS
        if len(command.data) != 15:
            return WRONG_LENGTH
        kind, amount, index, terminal, sequence, random = begun.purchase
        data = command.data
        purchase = Purchase(kind, amount, index, terminal, data[:4])
        moment, mac1 = Moment(data[4:8], data[8:11]), data[11:]
        key = purchase_key(self.content.keys.purchase[index], random, sequence, data[:4])
        if not crypto.same(purchase_mac1(key, purchase, moment), mac1):
            return WRONG_MAC
        tail = terminal + moment.date + moment.time
        self._write(
            {
                _BALANCE[kind]: four(self._number(_BALANCE[kind]) - amount),
                _OFFLINE_SEQUENCE[kind]: _next(sequence),
                _LOG: self._logged(sequence, amount, int(kind) + 4, tail),
            }
        )
        tac = purchase_tac(self.content.keys.tac, purchase, moment)
        return Response(0x9000, tac + purchase_mac2(key, purchase))


def _next(sequence: bytes) -> bytes:
    return (int.from_bytes(sequence, "big") + 1).to_bytes(2, "big")
