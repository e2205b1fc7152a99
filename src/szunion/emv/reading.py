"""Know how application data are read: processing options, records, single objects: 读应用数据.

Nothing here decides about a payment. `probe_records` reads without GET PROCESSING OPTIONS, so
that the card's transaction counter stays where it is; `initiate` raises it by one, and a card
whose counter has reached 65,535 is dead for ever.

Spec: JR/T 0025.6, 7.2 and 7.3; EMV book 3, 10.1 and 10.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from szunion.emv import dol, tlv
from szunion.emv.apdu import Command
from szunion.emv.errors import BadField, BadTlv, CardFault
from szunion.emv.exchange import exchange, insist
from szunion.emv.lists import AflEntry
from szunion.emv.oda_keys import CardData, Record
from szunion.emv.selection import Selected
from szunion.emv.tags import Origin, lookup
from szunion.emv.tlv import Node

MOST_RECORDS = 64
"""Records one AFL may list; 255 ranges of 30 would keep a reader busy for minutes."""

PROBED = tuple((sfi, number) for sfi in (1, 2, 3) for number in range(1, 6))
"""Where union cards keep what anybody may read: SFI 1 to 3, at most five records each."""


@frozen
class Options:
    """What GET PROCESSING OPTIONS answered."""

    aip: bytes
    """Application interchange profile 82, 2 bytes."""
    afl: bytes
    """Application file locator 94; empty with qPBOC online answers."""
    told: bytes = field(default=b"", repr=False)
    """The PDOL data that the terminal sent; CDA signs them."""
    nodes: Sequence[Node] = field(default=(), repr=False)
    """Objects of a template 77 answer; empty for format 1."""


@frozen
class ApplicationData:
    """Everything read of one application, each object once: 应用数据."""

    selected: Selected
    options: Options | None
    records: tuple[Record, ...] = ()
    objects: Mapping[int, bytes] = field(factory=dict, repr=False)
    """Primitive objects by tag: of the records first, then of the answer to GPO."""
    signed_tags: frozenset[int] = frozenset()
    """Tags that stood in records marked for authentication."""

    def value(self, tag: int) -> bytes | None:
        """Return the object, None when the card did not tell it."""
        return self.objects.get(tag)

    def require(self, tag: int) -> bytes:
        """Return the object.

        Raises:
            BadField: it is missing.
        """
        value = self.objects.get(tag)
        if value is None:
            raise BadField("FIELD-MISSING", tag=f"{tag:02X}")
        return value

    def for_authentication(self) -> CardData:
        """Return what offline data authentication looks at.

        Raises:
            BadField: the application was not initiated, so there is no AIP.
        """
        if self.options is None:
            raise BadField("FIELD-MISSING", tag="82")
        return CardData(
            aid=self.selected.aid,
            df_name=self.selected.name,
            aip=self.options.aip,
            records=self.records,
            others=self.options.nodes,
        )


def read_options(data: bytes, told: bytes = b"") -> Options:
    """Read the answer to GET PROCESSING OPTIONS, format 1 (80) or 2 (77).

    Raises:
        CardFault: neither, or without AIP.
    """
    try:
        nodes = tlv.parse(data)
    except BadTlv as error:
        raise CardFault(0x9000, "GPO-ANSWER") from error
    outer = nodes[0] if len(nodes) == 1 else None
    if outer is not None and outer.tag == 0x80 and len(outer.value) >= 2:
        return Options(outer.value[:2], outer.value[2:], told)
    if outer is not None and outer.tag == 0x77:
        aip = tlv.first(outer.children, 0x82)
        if aip is not None and len(aip) == 2:
            afl = tlv.first(outer.children, 0x94) or b""
            return Options(aip, afl, told, outer.children)
    raise CardFault(0x9000, "GPO-ANSWER")


async def initiate(selected: Selected, values: Mapping[int, bytes]) -> Options:
    """Send GET PROCESSING OPTIONS with what the card asks for; its counter rises by one.

    What the terminal does not know is sent as zeros of the right length.

    Raises:
        CardFault: 6985: this application is not to be used now; or another status word.
        BadDol: the PDOL is broken.

    Spec: EMV book 3, 10.1.
    """
    told = dol.fill(dol.parse(selected.pdol), values)
    body = Node.of(0x83, told).encode()
    response = await insist(Command(0x80, 0xA8, 0x00, 0x00, body, le=256))
    return read_options(response.data, told)


async def read_records(afl: bytes) -> tuple[Record, ...]:
    """Read every record the AFL lists, in order.

    Raises:
        CardFault: a record is missing, or no template 70 where one must be (SFI 1-10).
        BadField, LimitExceeded: the AFL is wrong or too long.

    Spec: EMV book 3, 10.2.
    """
    records: list[Record] = []
    for span in AflEntry.parse(afl, most=MOST_RECORDS):
        for number, signed in span.records():
            response = await insist(Command(0x00, 0xB2, number, span.sfi << 3 | 4, le=256))
            records.append(_record(span.sfi, number, response.data, signed=signed))
    return tuple(records)


def _record(sfi: int, number: int, raw: bytes, *, signed: bool) -> Record:
    if sfi <= 10:
        try:
            nodes = tlv.parse(raw)
        except BadTlv as error:
            raise CardFault(0x9000, "RECORD-FORM") from error
        if len(nodes) != 1 or nodes[0].tag != 0x70:
            raise CardFault(0x9000, "RECORD-FORM")
    return Record(sfi=sfi, number=number, raw=raw, signed=signed)


async def probe_records(
    places: Sequence[tuple[int, int]] = PROBED,
) -> tuple[Record, ...]:
    """Read what can be read without GET PROCESSING OPTIONS: nothing on the card changes.

    A file that ends or does not exist is left; a record that is no template is passed over.
    """
    records: list[Record] = []
    ended: set[int] = set()
    for sfi, number in places[:MOST_RECORDS]:
        if sfi in ended:
            continue
        response = await exchange(Command(0x00, 0xB2, number, sfi << 3 | 4, le=256))
        if response.sw != 0x9000:
            ended.add(sfi)
            continue
        try:
            records.append(_record(sfi, number, response.data, signed=False))
        except CardFault:
            continue
    return tuple(records)


async def get_data(tag: int) -> bytes | None:
    """Return one object by GET DATA, None when the card does not tell it: 取数据.

    Raises:
        CardFault: an answer that is not this object.
    """
    response = await exchange(Command(0x80, 0xCA, tag >> 8, tag & 0xFF, le=256))
    if response.sw != 0x9000:
        return None
    try:
        nodes = tlv.parse(response.data)
    except BadTlv as error:
        raise CardFault(0x9000, "GET-DATA-FORM") from error
    if len(nodes) != 1 or nodes[0].tag != tag:
        raise CardFault(0x9000, "GET-DATA-FORM")
    return nodes[0].value


def collect(
    selected: Selected, options: Options, records: Sequence[Record], *, once: bool = False
) -> ApplicationData:
    """Put together what was read. What is the terminal's or the issuer's to say is not heard.

    Args:
        selected: The application.
        options: What GET PROCESSING OPTIONS answered.
        records: What its AFL lists.
        once: Insist that no two records hold one object, even with the same value: a payment
            does (EMV book 3, 10.2), a look bears with it.

    Raises:
        BadField: one object came twice with two values. Somebody wants two readers of the data
            to see different things; nothing of it is used.

    Spec: EMV book 3, 7.5 and 10.2.
    """
    objects: dict[int, bytes] = {}
    signed: set[int] = set()
    for record in records:
        for tag, value in told_in(record):
            if tag in objects and (once or objects[tag] != value):
                raise BadField("FIELD-CONTENT", name=f"{tag:02X}", why="two values")
            objects[tag] = value
            if record.signed:
                signed.add(tag)
    # in a format 1 answer AIP and AFL have no tags, and no record may say otherwise
    told = [*of_the_card(options.nodes), (0x82, options.aip), (0x94, options.afl)]
    for tag, value in told:
        if objects.setdefault(tag, value) != value:
            raise BadField("FIELD-CONTENT", name=f"{tag:02X}", why="two values")
    return ApplicationData(selected, options, tuple(records), objects, frozenset(signed))


def told_in(record: Record) -> Iterator[tuple[int, bytes]]:
    """Yield what a record tells; those of files 11 to 30 have a form that only a scheme knows."""
    return of_the_card(tlv.parse(record.raw)) if record.sfi <= 10 else iter(())


def of_the_card(nodes: Sequence[Node]) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of every primitive object that is the card's to say."""
    return ((tag, value) for tag, value in tlv.leaves(nodes) if lookup(tag).origin is Origin.CARD)


async def read_application(selected: Selected, values: Mapping[int, bytes]) -> ApplicationData:
    """Initiate the application and read everything that its AFL lists."""
    options = await initiate(selected, values)
    return collect(selected, options, await read_records(options.afl))


async def peek_application(
    selected: Selected, places: Sequence[tuple[int, int]] = PROBED
) -> ApplicationData:
    """Read what the application tells without being initiated; its counter does not move.

    Without an AFL nobody knows which records belong together: a card for two algorithms has two
    certificates under one tag. What came with two values is left out.
    """
    records = await probe_records(places)
    objects: dict[int, bytes] = {}
    doubtful: set[int] = set()
    for tag, value in (told for record in records for told in told_in(record)):
        if objects.setdefault(tag, value) != value:
            doubtful.add(tag)
    told = {tag: value for tag, value in objects.items() if tag not in doubtful}
    return ApplicationData(selected, None, records, told)
