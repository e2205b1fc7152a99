"""Know BER-TLV as cards write it: tag, length, value 标签、长度、值, in order and with duplicates.

What was read is written again byte for byte: the padding between objects and lengths in a longer
form than needed stay with the node that they stood before. Nothing here knows what a tag means.

Spec: EMV 4.3 Book 3, annex B; ISO/IEC 8825-1.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple, NoReturn, TypeAlias, overload

from attrs import frozen

from szunion.emv.errors import BadField, BadTlv

_LONGEST_TAG = 4
_LONGEST_LENGTH_BYTES = 4


@frozen
class Limits:
    """How far somebody else's data are followed.

    Args:
        depth: Levels of templates, the outermost included.
        length: Bytes of one input.
        nodes: Nodes in one input, all levels together.
    """

    depth: int = 8
    length: int = 65_536
    nodes: int = 4_096


LIMITS = Limits()
_NO_LIMITS = Limits(depth=1 << 30, length=1 << 30, nodes=1 << 30)  # for what we made ourselves

#: One object in an input: its tag, where its header begins, its value begins, its value stops,
#: and what its first byte means.
_Place: TypeAlias = tuple[int, int, int, int, int]
_START: Callable[[_Place], int] = itemgetter(1)


class Nodes(Sequence["Node"]):
    """The objects of one template, in order 有序、可重复, looked at where they stand.

    Reading finds where each object begins and ends, at all levels; a value is cut out, and a
    ``Node`` made, when it is looked at. Equal to any sequence of equal nodes.
    """

    __slots__ = ("_data", "_own", "_place", "_places")

    def __init__(self, data: bytes, places: list[_Place], place: int) -> None:
        self._data = data
        self._places = places  # of the whole input, every template before what is in it
        self._place = place  # the template's own; what is in it follows
        self._own: list[int] | None = None

    @property
    def tail(self) -> bytes:
        """Padding bytes after the last object, which ``build`` writes again."""
        own = self._indices()
        _, _, begin, end, _ = self._places[self._place]
        return self._data[self._places[own[-1]][3] if own else begin : end]

    def _inside(self) -> range:
        """Return the indices of the places of everything in us."""
        places, here = self._places, self._place
        last = bisect_left(places, places[here][3], here + 1, key=_START) if here else len(places)
        return range(here + 1, last)

    def _indices(self) -> list[int]:
        """Return where in the places our own objects are: those that no other one covers."""
        if self._own is None:
            self._own = []
            covered = 0
            for index in self._inside():
                _, start, _, stop, _ = self._places[index]
                if start >= covered:
                    self._own.append(index)
                    covered = stop
        return self._own

    def _node(self, index: int) -> Node:
        tag, start, begin, stop, kind = self._places[index]
        data, children, header = self._data, _NOTHING, None
        if kind & 1:
            children = Nodes(data, self._places, index)
        if begin - start != 2 + (kind >> 1) and begin - start != _shortest(tag, stop - begin):
            header = data[start:begin]
        return _new_node(Node, (tag, data[begin:stop], children, header))

    def everything(self) -> Iterator[Node]:
        """Yield each object and everything in it, each template before its children."""
        return map(self._node, self._inside())

    def values(self, tag: int) -> Iterator[bytes]:
        """Yield the value of every object of *tag*, at any level, in order."""
        inside = self._inside()
        for found, _, begin, stop, _ in self._places[inside.start : inside.stop]:
            if found == tag:
                yield self._data[begin:stop]

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        """Yield tag and value of every object that is no template, at any level, in order."""
        inside = self._inside()
        for tag, _, begin, stop, kind in self._places[inside.start : inside.stop]:
            if not kind & 1:
                yield tag, self._data[begin:stop]

    def __len__(self) -> int:
        return len(self._indices())

    def __iter__(self) -> Iterator[Node]:
        return map(self._node, self._indices())

    @overload
    def __getitem__(self, at: int) -> Node: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Node, ...]: ...
    def __getitem__(self, at: int | slice) -> Node | tuple[Node, ...]:
        if isinstance(at, slice):
            return tuple(map(self._node, self._indices()[at]))
        return self._node(self._indices()[at])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Nodes, tuple)):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


_new_node: Callable[..., Node] = tuple.__new__
_NOTHING = Nodes(b"", [(0, 0, 0, 0, 0)], 0)


class Node(NamedTuple):
    """One object: a tag with its value. Its ``repr`` shows tags and lengths, never a value.

    Make one yourself with ``Node.of``.

    Attributes:
        tag: The tag as an integer, such as ``0x9F36``.
        value: The value; of a template, the bytes of its children with their padding.
        children: The nodes of a template, in order; none for a primitive object.
        header: Padding, tag and length as they were read, when they are not the shortest
            form; None otherwise.
    """

    tag: int
    value: bytes
    children: Nodes = _NOTHING
    header: bytes | None = None

    @staticmethod
    def of(tag: int, content: bytes | Iterable[Node]) -> Node:
        """Make a node from a value or from children.

        Raises:
            BadTlv: Not a tag that can be read again, children under a primitive tag, or a
                template's bytes that cannot be read.

        >>> Node.of(0x6F, [Node.of(0x84, b"1PAY.SYS.DDF01")])
        Node(6F, 16 bytes, [Node(84, 14 bytes)])
        """
        template = tag_bytes(tag)[0] & 0x20
        if not template and not isinstance(content, bytes):
            raise BadTlv("build", tag=tag, why=f"{tag:02X} is not a template")
        value = content if isinstance(content, bytes) else build(content)
        return Node(tag, value, parse(value, limits=_NO_LIMITS)) if template else Node(tag, value)

    @property
    def constructed(self) -> bool:
        """Whether the tag is a template's (bit 6 of its first byte)."""
        return _is_template(self.tag)

    def encode(self) -> bytes:
        """Return the bytes of this node, exactly as read if it was read."""
        if self.header is not None:
            return self.header + self.value
        return tag_bytes(self.tag) + _length_bytes(len(self.value)) + self.value

    def __repr__(self) -> str:
        inside = f", {list(self.children)!r}" if self.children else ""
        return f"Node({self.tag:02X}, {len(self.value)} bytes{inside})"


def parse(  # noqa: C901, PLR0912 - one loop, for its speed
    data: bytes | bytearray | memoryview, *, limits: Limits = LIMITS
) -> Nodes:
    """Read every object of *data*, at all levels.

    Templates wait on a stack, so no input is too deep for Python. Usual tags and short lengths
    are read in line, everything else (padding, long tags and lengths, faults) by ``_head``.

    Args:
        data: The bytes, without a status word.
        limits: How far to follow them.

    Returns:
        The top-level nodes. Padding after the last one is kept in ``.tail``.

    Raises:
        BadTlv: The structure is broken or exceeds a limit. The error has the tag, the offset
            and the nodes that were read before; a template that broke inside is among them
            with the children that were complete.

    >>> parse(bytes.fromhex("9F3602001C"))
    (Node(9F36, 2 bytes),)
    """
    raw = data if type(data) is bytes else bytes(data)
    whole = len(raw)
    if whole > limits.length:
        raise BadTlv("limit", why=f"length > {limits.length}")
    raw += _STOPPER
    at, end = 0, whole
    places = [(0, 0, 0, end, 0)]
    waiting: list[int] = []
    kinds, one, two, deepest = _KIND, _AFTER_ONE, _AFTER_TWO, limits.depth
    try:
        while True:
            while at < end:
                tag = raw[at]
                kind = kinds[tag]
                if kind < _LONG:
                    begin = at + 2
                    stop = at + one[raw[at + 1]]
                elif kind < _PADDING and (second := raw[at + 1]) < 0x80:
                    tag = tag << 8 | second
                    begin = at + 3
                    stop = at + two[raw[at + 2]]
                else:
                    begin, stop = 0, _FAR
                if stop > end:
                    if raw[begin - 1] == 0x81 and (stop := begin + 1 + raw[begin]) <= end:
                        begin += 1
                    elif found := _head(raw, at, end):
                        tag, begin, stop, kind = found
                    else:  # padding up to the end
                        break
                places.append((tag, at, begin, stop, kind))
                if kind & 1:
                    if len(waiting) == deepest:
                        _too_deep(tag, begin, limits)
                    waiting.append(end)
                    at, end = begin, stop
                else:
                    at = stop
            if not waiting:
                break
            at, end = end, waiting.pop()
    except BadTlv as error:
        error.nodes = Nodes(raw, places, 0)
        raise
    if len(places) > limits.nodes + 1:
        raise BadTlv("limit", why=f"nodes > {limits.nodes}")
    return Nodes(raw, places, 0)


def _too_deep(tag: int, offset: int, limits: Limits) -> NoReturn:
    raise BadTlv("limit", offset=offset, tag=tag, why=f"depth > {limits.depth}")


def build(nodes: Iterable[Node]) -> bytes:
    """Write *nodes* one after the other; what was read is written as it was read.

    >>> build(parse(bytes.fromhex("9F3681020001"))).hex()
    '9f3681020001'
    """
    tail = nodes.tail if isinstance(nodes, Nodes) else b""
    return b"".join([node.encode() for node in nodes]) + tail


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield *nodes* and everything below them, each template before its children."""
    if isinstance(nodes, Nodes):
        return nodes.everything()
    return (inner for node in nodes for inner in (node, *node.children.everything()))


def leaves(nodes: Iterable[Node]) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of every object that is no template, at any level, in order."""
    if isinstance(nodes, Nodes):
        return nodes.leaves()
    return ((node.tag, node.value) for node in walk(nodes) if not node.constructed)


def find(nodes: Iterable[Node], tag: int) -> Node | None:
    """Return the first node of *tag* at any level, or None."""
    return next((node for node in walk(nodes) if node.tag == tag), None)


def first(nodes: Iterable[Node], tag: int) -> bytes | None:
    """Return the value of the first node of *tag* at any level, or None."""
    if isinstance(nodes, Nodes):
        return next(nodes.values(tag), None)
    return next((node.value for node in walk(nodes) if node.tag == tag), None)


def find_all(nodes: Iterable[Node], tag: int) -> tuple[Node, ...]:
    """Return every node of *tag* at any level, in order."""
    return tuple(node for node in walk(nodes) if node.tag == tag)


def require(nodes: Iterable[Node], tag: int) -> bytes:
    """Return the value of the first node of *tag*.

    Raises:
        BadField: There is none.
    """
    found = first(nodes, tag)
    if found is None:
        raise BadField("FIELD-MISSING", tag=f"{tag:02X}")
    return found


def tag_bytes(tag: int) -> bytes:
    """Return the bytes of *tag*.

    Raises:
        BadTlv: Not a tag that can be read again: more than four bytes, not ended, or beginning
            with 00 or FF, which are padding.
    """
    if not 0 < tag < 1 << 8 * _LONGEST_TAG:
        raise BadTlv("build", why="tag")
    raw = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    if raw[0] & 0x1F != 0x1F:
        right = len(raw) == 1
    else:
        right = (
            raw[0] != 0xFF and len(raw) > 1 and raw[-1] < 0x80 and min(raw[1:-1], default=128) > 127
        )
    if not right:
        raise BadTlv("build", tag=tag, why="tag")
    return raw


def read_tag(data: bytes, at: int, end: int | None = None) -> tuple[int, int]:
    """Read the tag at *at*; return it and the offset after it.

    Args:
        data: The bytes.
        at: Where the tag begins.
        end: Where the bytes that count end; None for all of *data*.

    Raises:
        BadTlv: The tag is incomplete or longer than four bytes.
    """
    last = min(len(data) if end is None else end, at + _LONGEST_TAG)
    tag = data[at]
    after = at + 1
    if tag & 0x1F != 0x1F:
        return tag, after
    while after < last:
        byte = data[after]
        tag = tag << 8 | byte
        after += 1
        if byte < 0x80:
            return tag, after
    raise BadTlv("tag", offset=at)


#: What the first byte of an object means; a template has the odd number.
_SHORT, _SHORT_TEMPLATE, _LONG, _LONG_TEMPLATE, _PADDING = range(5)
_KIND = tuple(
    _PADDING if lead in {0x00, 0xFF} else 2 * (lead & 0x1F == 0x1F) + bool(lead & 0x20)
    for lead in range(256)
)
#: How far an object reaches that has a short length after one byte of tag, or after two.
_FAR = 1 << 40  # behind any end: what is no short length is looked at with care
_AFTER_ONE = tuple(2 + length if length < 0x80 else _FAR for length in range(256))
_AFTER_TWO = tuple(3 + length if length < 0x80 else _FAR for length in range(256))
_STOPPER = b"\x80\x80\x80"  # behind the input, so that looking one byte too far finds no length


def _head(data: bytes, start: int, end: int) -> tuple[int, int, int, int] | None:
    """Read one header with care; None if there is only padding up to *end*.

    Returns:
        The tag, where its value begins and stops, and what its first byte means.

    Raises:
        BadTlv: The object does not fit before *end*.
    """
    at = start
    while at < end and _KIND[data[at]] == _PADDING:
        at += 1
    if at == end:
        return None
    tag, after = read_tag(data, at, end)
    if after == end or data[after] == 0x80:  # 80, the indefinite form, is not allowed in EMV
        raise BadTlv("length", offset=after, tag=tag)
    length, begin = data[after], after + 1
    if length > 0x80:
        begin += length & 0x7F
        if begin - after > 1 + _LONGEST_LENGTH_BYTES:
            raise BadTlv("length", offset=after, tag=tag)
        if begin > end:
            raise BadTlv("length", offset=after + 1, tag=tag)
        length = int.from_bytes(data[after + 1 : begin], "big")
    if begin + length > end:
        raise BadTlv("value", offset=begin, tag=tag)
    return tag, begin, begin + length, _KIND[data[at]]


def _is_template(tag: int) -> bool:
    return bool(tag >> (tag.bit_length() - 1 & ~7) & 0x20)


def _shortest(tag: int, length: int) -> int:
    """Return the number of bytes of the shortest header."""
    return (tag.bit_length() + 7 >> 3) + (
        1 if length < 0x80 else 1 + (length.bit_length() + 7 >> 3)
    )


def _length_bytes(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(raw),)) + raw
