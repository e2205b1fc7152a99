"""Know BER-TLV as cards write it: tag, length, value 标签、长度、值, in order and with duplicates.

What was read is written again byte for byte: the padding between objects and lengths in a longer
form than needed stay with the node that they stood before. Nothing here knows what a tag means.

Spec: EMV 4.3 Book 3, annex B; ISO/IEC 8825-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple, NoReturn, SupportsIndex, overload

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
_ALWAYS_FINE = 2 * 4_096  # bytes that cannot hold more nodes than the usual limit: two a node


class _Parts(NamedTuple):
    tag: int
    value: bytes
    inside: tuple[Any, ...] = ()
    header: bytes | None = None


class Node(_Parts):
    """One object: a tag with its value. Its ``repr`` shows tags and lengths, never a value.

    A named tuple and not an attrs class for one measured reason: thousands are made in a read.
    Make one yourself with ``Node.of``.

    Attributes:
        tag: The tag as an integer, such as ``0x9F36``.
        value: The value; of a template, the bytes of its children with their padding.
        header: Padding, tag and length as they were read, when they are not the shortest
            form; None otherwise.
    """

    __slots__ = ()

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
        if isinstance(content, bytes):
            return Node(tag, content, tuple(parse(content)) if template else ())
        if not template:
            raise BadTlv("build", tag=tag, why=f"{tag:02X} is not a template")
        children = tuple(content)
        return Node(tag, build(children), children)

    @property
    def children(self) -> Nodes:
        """The nodes of a template, in order; none for a primitive object."""
        return Nodes(self.inside)

    @property
    def constructed(self) -> bool:
        """Whether the tag is a template's (bit 6 of its first byte)."""
        return bool(self.tag >> (self.tag.bit_length() - 1 & ~7) & 0x20)

    def encode(self) -> bytes:
        """Return the bytes of this node, exactly as read if it was read."""
        if self.header is not None:
            return self.header + self.value
        return tag_bytes(self.tag) + _length_bytes(len(self.value)) + self.value

    def __repr__(self) -> str:
        inside = f", {list(self.children)!r}" if self.inside else ""
        return f"Node({self.tag:02X}, {len(self.value)} bytes{inside})"


class Nodes(tuple[Node, ...]):
    """The objects of one template, in order 有序、可重复.

    Read eagerly, but an item becomes a ``Node`` only when it is looked at: inside are plain
    tuples of the same four things, because making a ``Node`` costs more than reading it.

    """

    __slots__ = ()

    @property
    def tail(self) -> bytes:
        """Padding bytes after the last object, which ``build`` writes again."""
        return b""

    def __iter__(self) -> Iterator[Node]:
        return map(_new_node, _ALWAYS_NODE, super().__iter__())

    @overload
    def __getitem__(self, at: SupportsIndex) -> Node: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Node, ...]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> Node | tuple[Node, ...]:
        if isinstance(at, slice):
            return Nodes(super().__getitem__(at))
        return _new_node(Node, super().__getitem__(at))

    def __add__(self, other: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*self, *other)

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self))}{',' if len(self) == 1 else ''})"


class _Padded(Nodes):
    _tail: bytes = b""

    @property
    def tail(self) -> bytes:
        return self._tail


_new_node: Callable[..., Node] = tuple.__new__
_ALWAYS_NODE = repeat(Node)


def parse(data: bytes | bytearray | memoryview, *, limits: Limits = LIMITS) -> Nodes:
    """Read every object of *data*, at all levels.

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
    if limits is LIMITS and len(raw) <= _ALWAYS_FINE:
        return _read(raw, limits)
    if len(raw) > limits.length:
        raise BadTlv("limit", why=f"length > {limits.length}")
    nodes = _read(raw, limits)
    _count(nodes, limits)
    return nodes


def _count(nodes: Nodes, limits: Limits) -> None:
    """Count without making a ``Node`` of anything."""
    count = 0
    waiting: list[tuple[Any, ...]] = [nodes]
    while waiting:
        level = waiting.pop()
        count += len(level)
        if count > limits.nodes:
            _too_many(limits)
        waiting += [parts[2] for parts in tuple.__iter__(level) if parts[2]]


def build(nodes: Iterable[Node]) -> bytes:
    """Write *nodes* one after the other; what was read is written as it was read.

    >>> build(parse(bytes.fromhex("9F3681020001"))).hex()
    '9f3681020001'
    """
    tail = nodes.tail if isinstance(nodes, Nodes) else b""
    return b"".join([node.encode() for node in nodes]) + tail


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield *nodes* and everything below them, each template before its children."""
    waiting = [iter(nodes)]
    while waiting:
        for node in waiting[-1]:
            yield node
            if node.inside:
                waiting.append(iter(node.children))
                break
        else:
            waiting.pop()


def find(nodes: Iterable[Node], tag: int) -> Node | None:
    """Return the first node of *tag* at any level, or None."""
    return next((node for node in walk(nodes) if node.tag == tag), None)


def first(nodes: Iterable[Node], tag: int) -> bytes | None:
    """Return the value of the first node of *tag* at any level, or None."""
    found = find(nodes, tag)
    return None if found is None else found.value


def find_all(nodes: Iterable[Node], tag: int) -> tuple[Node, ...]:
    """Return every node of *tag* at any level, in order."""
    return tuple(node for node in walk(nodes) if node.tag == tag)


def require(nodes: Iterable[Node], tag: int) -> bytes:
    """Return the value of the first node of *tag*.

    Raises:
        BadField: There is none.
    """
    found = find(nodes, tag)
    if found is None:
        raise BadField("FIELD-MISSING", tag=f"{tag:02X}")
    return found.value


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


class _Head(NamedTuple):
    """Where the object that begins at some offset has its parts."""

    tag: int
    begin: int
    stop: int
    header: bytes | None
    template: int


#: What the first byte of an object means for the loop below.
_SHORT, _SHORT_TEMPLATE, _LONG, _LONG_TEMPLATE, _PADDING = range(5)
_KIND = tuple(
    _PADDING if lead in {0x00, 0xFF} else 2 * (lead & 0x1F == 0x1F) + bool(lead & 0x20)
    for lead in range(256)
)
_STOPPER = b"\x80\x80\x80"  # behind the input, so that looking one byte too far finds no length


def _read(raw: bytes, limits: Limits) -> Nodes:  # noqa: C901, PLR0912, PLR0915 - for its speed
    """Read *raw* in one loop; templates wait on a stack, so no input is too deep for Python.

    Written for speed: usual tags and short lengths are read in line, everything else (padding,
    long tags and lengths, faults) by ``_head``.
    """
    data = raw + _STOPPER
    end = len(raw)
    at = 0
    out: list[Any] = []
    waiting: list[tuple[int, bytes | None, list[Any], int, int]] = []
    kinds, deepest = _KIND, limits.depth
    try:
        while True:
            while at < end:
                tag = data[at]
                kind = kinds[tag]
                if not kind:  # the three usual cases first, once more and as short as can be
                    length = data[at + 1]
                    stop = at + 2 + length
                    if stop <= end and length < 0x80:
                        out.append((tag, data[at + 2 : stop], (), None))
                        at = stop
                        continue
                elif kind == _LONG:
                    second = data[at + 1]
                    length = data[at + 2]
                    stop = at + 3 + length
                    if stop <= end and (length | second) < 0x80:
                        out.append((tag << 8 | second, data[at + 3 : stop], (), None))
                        at = stop
                        continue
                elif kind == _SHORT_TEMPLATE:
                    length = data[at + 1]
                    stop = at + 2 + length
                    if stop <= end and length < 0x80 and len(waiting) < deepest:
                        at += 2
                        waiting.append((tag, None, out, at, end))
                        out, end = [], stop
                        continue
                header = None
                if kind < _LONG:
                    length = data[at + 1]
                    begin = at + 2
                else:
                    tag = tag << 8 | data[at + 1]
                    length = data[at + 2] if kind < _PADDING and not tag & 0x80 else 0x80
                    begin = at + 3
                if length > 0x7F:
                    if length == 0x81 and data[begin] > 0x7F:
                        length = data[begin]
                        begin += 1
                    else:
                        length = end  # cannot fit: sends it to _head
                stop = begin + length
                if stop > end:
                    found = _head(data, at, end)
                    if found is None:
                        break
                    if len(out) >= limits.nodes:
                        _too_many(limits)
                    tag, begin, stop, header, kind = found
                if kind & 1:
                    if len(waiting) == limits.depth:
                        _too_deep(tag, begin, limits)
                    waiting.append((tag, header, out, begin, end))
                    out, at, end = [], begin, stop
                else:
                    out.append((tag, data[begin:stop], (), header))
                    at = stop
            if not waiting:
                if at == end:
                    return Nodes(out)
                padded = _Padded(out)
                padded._tail = data[at:end]  # noqa: SLF001 - its only maker
                return padded
            inside = tuple(out)
            tag, header, out, begin, stop = waiting.pop()
            out.append((tag, data[begin:end], inside, header))
            at, end = end, stop
    except BadTlv as error:
        for tag, header, before, begin, stop in reversed(waiting):
            before.append((tag, data[begin:end], tuple(out), header))
            out, end = before, stop
        error.nodes = Nodes(out)
        raise


def _too_deep(tag: int, offset: int, limits: Limits) -> NoReturn:
    raise BadTlv("limit", offset=offset, tag=tag, why=f"depth > {limits.depth}")


def _too_many(limits: Limits) -> NoReturn:
    raise BadTlv("limit", why=f"nodes > {limits.nodes}")


def _head(data: bytes, start: int, end: int) -> _Head | None:
    """Read one header with care; None if there is only padding up to *end*.

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
    odd = at > start or begin - after != len(_length_bytes(length))
    template = _KIND[data[at]] & 1
    return _Head(tag, begin, begin + length, data[start:begin] if odd else None, template)


def _length_bytes(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(raw),)) + raw
