"""Know data object lists 数据对象列表: what the card wants to be told, tag by tag.

That is PDOL, CDOL1, CDOL2, DDOL and TDOL.

Spec: EMV 4.3 Book 3, 5.4; JR/T 0025.5, 5.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from szunion.emv.errors import BadDol, BadTlv
from szunion.emv.tags import EMPTY, Format, Scheme, lookup
from szunion.emv.tlv import read_tag, tag_bytes

_MOST_BYTES = 252  # of one list, EMV 4.3 Book 3, table 37
_MOST_ENTRIES = 128


@frozen
class Entry:
    """One line of a list: a tag and how many bytes of it are wanted.

    Args:
        tag: The tag as an integer.
        length: Bytes, 0-255; 0 leaves the object out of the data.

    Raises:
        BadDol: The length is out of range.
    """

    tag: int
    length: int

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.length <= 0xFF:
            raise BadDol("DOL-BUILD", why=f"length {self.length}")


def parse(dol: bytes) -> tuple[Entry, ...]:
    """Read a list.

    Raises:
        BadDol: An entry is incomplete or there are too many. The error has the offset of the
            entry and the entries before it.

    >>> parse(bytes.fromhex("9F7A019F0206"))
    (Entry(tag=40826, length=1), Entry(tag=40706, length=6))
    """
    entries: list[Entry] = []
    at = 0
    while at < len(dol):
        try:
            tag, end = read_tag(dol, at)
        except BadTlv as error:
            raise BadDol("DOL-ENTRY", offset=at, entries=tuple(entries)) from error
        if end == len(dol) or len(entries) == _MOST_ENTRIES:
            raise BadDol("DOL-ENTRY", offset=at, entries=tuple(entries))
        entries.append(Entry(tag, dol[end]))
        at = end + 1
    return tuple(entries)


def build(entries: Iterable[Entry]) -> bytes:
    """Write a list.

    Raises:
        BadDol: A tag that cannot be written, or more than 252 bytes.
    """
    try:
        raw = b"".join(tag_bytes(entry.tag) + bytes((entry.length,)) for entry in entries)
    except BadTlv as error:
        raise BadDol("DOL-BUILD", why="tag") from error
    if len(raw) > _MOST_BYTES:
        raise BadDol("DOL-BUILD", why=f"length {len(raw)} > {_MOST_BYTES}")
    return raw


def wanted(entries: Iterable[Entry]) -> int:
    """Return how many bytes of data the list asks for."""
    return sum(entry.length for entry in entries)


def fill(
    entries: Iterable[Entry], values: Mapping[int, bytes], *, scheme: Scheme = Scheme.PBOC
) -> bytes:
    r"""Return the data that the list asks for, cut and padded by the format of each tag.

    An object that is not in *values* becomes zeros of the wanted length, never a gap.

    Args:
        entries: The list.
        values: Known values by tag.
        scheme: Whose dictionary says the formats.

    >>> fill(parse(bytes.fromhex("9F02029F3704DF6901")), {0x9F02: b"\x00\x12\x34"}).hex()
    '12340000000000'
    """
    return b"".join(
        fit(values.get(entry.tag, EMPTY), entry.length, lookup(entry.tag, scheme).format)
        for entry in entries
    )


def fit(value: bytes, length: int, form: Format) -> bytes:
    """Cut or pad *value* to *length* bytes.

    Numbers lose and gain digits on the left; compressed numbers are filled with F on the right;
    everything else with 00 on the right.  Spec: EMV 4.3 Book 3, 5.4.
    """
    if not value:
        return bytes(length)
    if form is Format.N:
        return value[-length:].rjust(length, b"\0") if length else b""
    return value[:length].ljust(length, b"\xff" if form is Format.CN else b"\0")


def split(entries: Iterable[Entry], data: bytes) -> tuple[tuple[Entry, bytes], ...]:
    """Return each entry with its part of *data*, in order and with duplicates.

    Raises:
        BadDol: *data* is longer or shorter than the list asks for.
    """
    listed = tuple(entries)
    want = wanted(listed)
    if len(data) != want:
        raise BadDol("DOL-DATA", want=want, got=len(data))
    return tuple(_cut(listed, data))


def _cut(entries: Iterable[Entry], data: bytes) -> Iterator[tuple[Entry, bytes]]:
    at = 0
    for entry in entries:
        yield entry, data[at : at + entry.length]
        at += entry.length
