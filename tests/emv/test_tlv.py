"""BER-TLV: the published values, both ways, and what must not happen."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.emv.codec import cases, trees, unhex

from szunion.emv.errors import BadField, BadTlv
from szunion.emv.tlv import (
    LIMITS,
    Limits,
    Node,
    Nodes,
    build,
    find,
    find_all,
    first,
    leaves,
    parse,
    read_tag,
    require,
    tag_bytes,
    walk,
)

TLV = cases("tlv")


def plain(nodes: Sequence[Node]) -> list[list[Any]]:
    return [
        [f"{node.tag:02X}", plain(node.children) if node.constructed else node.value.hex().upper()]
        for node in nodes
    ]


def made(rows: list[list[Any]]) -> list[Node]:
    return [
        Node.of(int(tag, 16), made(inside) if isinstance(inside, list) else unhex(inside))
        for tag, inside in rows
    ]


@pytest.mark.parametrize("case", TLV["decode"], ids=lambda case: case["data"] or "empty")
def test_published_data_are_read_and_written_back_byte_for_byte(case: Any) -> None:
    data = unhex(case["data"])
    nodes = parse(data)
    assert plain(nodes) == case["nodes"]
    assert build(nodes) == data


@pytest.mark.parametrize("case", TLV["errors"], ids=lambda case: str(case["data"]))
def test_published_faults_are_found_at_their_place(case: Any) -> None:
    """B11 and B12: length 80h and every truncation are errors, always of one type."""
    with pytest.raises(BadTlv) as caught:
        parse(unhex(case["data"]))
    assert (caught.value.offset, caught.value.part) == (case["offset"], case["part"])
    assert str(case["offset"]) in str(caught.value)


@pytest.mark.parametrize("case", TLV["encode"], ids=lambda case: case["out"][:20] or "empty")
def test_published_nodes_are_written_in_the_shortest_form(case: Any) -> None:
    assert build(made(case["nodes"])) == unhex(case["out"])
    assert plain(parse(unhex(case["out"]))) == case["nodes"]


@settings(derandomize=True, max_examples=100)
@given(trees)
def test_what_is_built_is_read_again(nodes: Sequence[Node]) -> None:
    assert parse(build(nodes)) == nodes


@settings(derandomize=True, max_examples=200)
@given(st.binary(max_size=60))
def test_what_can_be_read_is_written_back_exactly(data: bytes) -> None:
    try:
        nodes = parse(data)
    except BadTlv:
        return
    assert build(nodes) == data


@settings(derandomize=True, max_examples=100)
@given(trees, st.data())
def test_padding_anywhere_between_objects_survives(
    nodes: Sequence[Node], data: st.DataObject
) -> None:
    pad = st.sampled_from([b"", b"\0", b"\xff\xff", b"\0\xff"])
    raw = b"".join(data.draw(pad) + node.encode() for node in nodes) + data.draw(pad)
    read = parse(raw)
    assert [node.tag for node in read] == [node.tag for node in nodes]
    assert build(read) == raw


@settings(derandomize=True, max_examples=100)
@given(trees, st.data())
def test_a_cut_end_keeps_everything_before_it(nodes: Sequence[Node], data: st.DataObject) -> None:
    raw = build(nodes)
    cut = data.draw(st.integers(0, len(raw)))
    fault: BadTlv | None = None
    read: Sequence[Node] = ()
    try:
        read = parse(raw[:cut])
    except BadTlv as error:
        fault, read = error, error.nodes
    assert fault is None or fault.offset <= cut
    whole = [node for node in read if node in nodes]
    assert whole == list(nodes[: len(whole)])


def test_a_fault_inside_a_template_keeps_the_children_before_it() -> None:
    with pytest.raises(BadTlv) as caught:
        parse(unhex("9A03260101" "700B" "5A0111" "A505" "500141" "9F"))  # fmt: skip
    error = caught.value
    assert (error.part, error.tag) == ("value", 0x70)
    with pytest.raises(BadTlv) as caught:
        parse(unhex("9A03260101" "700A" "5A0111" "A505" "500141" "9F36"))  # fmt: skip
    error = caught.value
    assert (error.part, error.offset, error.tag) == ("length", 17, 0x9F36)
    assert plain(error.nodes) == [
        ["9A", "260101"],
        ["70", [["5A", "11"], ["A5", [["50", "41"]]]]],
    ]


def test_depth_is_bounded_and_never_a_recursion_error() -> None:
    """B12: 3,000 nested templates are one of our errors."""
    data = b""
    for _ in range(3000):
        data = b"\x70" + _length(len(data)) + data
    for raw in (data, b"\x70\x80" * 3000, b"\x70\x7f" * 3000):
        with pytest.raises(BadTlv):
            parse(raw)
    eight = Node.of(0x70, [])
    for _ in range(7):
        eight = Node.of(0x70, [eight])
    assert len(list(walk(parse(eight.encode())))) == 8
    with pytest.raises(BadTlv, match="depth > 8") as caught:
        parse(Node(0x70, eight.encode()).encode())
    assert caught.value.part == "limit"


def _length(size: int) -> bytes:
    return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")


def test_length_and_number_of_nodes_are_bounded() -> None:
    with pytest.raises(BadTlv, match="length > 65536"):
        parse(bytes(65_537))
    assert len(parse(b"\x9c\x00" * 4096)) == 4096
    with pytest.raises(BadTlv, match="nodes > 4096"):
        parse(b"\x9c\x00" * 4097)
    with pytest.raises(BadTlv, match="nodes > 2"):
        parse(unhex("70069C009A009F0100".replace("9F0100", "9500")), limits=Limits(nodes=2))
    assert LIMITS.depth == 8


@pytest.mark.parametrize(
    "data",
    [b"\x9c\x00" * 32_768, b"\x00\x9c\x00" * 21_845, b"\x70\x00" * 32_768, b"\xff" * 65_536,
     b"\x70\x82\xff\xfc" + b"\x9f\x02\x00" * 21_844, b"\x1f\xff\xff" * 21_845],
    ids=["leaves", "padded", "templates", "padding", "nested", "tags"],
)  # fmt: skip
def test_64_kib_of_anything_needs_at_most_8_mib(data: bytes) -> None:
    tracemalloc.start()
    try:
        parse(data)
    except BadTlv:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak <= 8 * 1024 * 1024


def test_nothing_of_a_value_prints() -> None:
    nodes = parse(unhex("70145A0862000000000000135F20075A48414E472F53"))
    with pytest.raises(BadTlv) as caught:
        parse(unhex("5A0862000000000000135F20"))
    shown = f"{nodes} {nodes!r} {nodes[0]} {nodes[0].children[1]!r} {caught.value} {caught.value!r}"
    assert "6200" not in shown
    assert "ZHANG" not in shown
    assert repr(nodes) == "(Node(70, 20 bytes, [Node(5A, 8 bytes), Node(5F20, 7 bytes)]),)"
    assert f"{nodes[0]:}" == str(nodes[0]) == repr(nodes[0])


def test_nodes_behave_like_a_tuple_of_nodes() -> None:
    nodes = parse(unhex("5A01115A01229C0100"))
    assert isinstance(nodes, Nodes)
    assert [type(node) for node in (nodes[0], nodes[-1], *nodes, *nodes[1:])] == [Node] * 7
    assert nodes[1].value == b"\x22"
    assert isinstance(nodes[:2][0], Node)
    match nodes:
        case (one, _, other):
            assert (one.tag, other.tag) == (0x5A, 0x9C)
        case _:
            pytest.fail("a pattern must see three nodes")
    assert copy.copy(nodes) == nodes
    assert nodes == tuple(nodes)
    assert tuple(nodes) == nodes
    assert nodes != list(nodes)
    assert nodes != nodes[:2]
    assert hash(nodes) == hash(tuple(nodes))


def test_looking_finds_at_any_level_and_in_order() -> None:
    nodes = parse(unhex("6F0E8401AAA5095001419F38039F3704"))
    assert first(nodes, 0x9F38) == unhex("9F3704")
    assert first(nodes, 0x9F99) is None
    assert find(nodes, 0x9F99) is None
    assert find_all(nodes, 0x50) == (Node.of(0x50, b"A"),)
    values = [(0x84, b"\xaa"), (0x50, b"A"), (0x9F38, unhex("9F3704"))]
    assert list(leaves(nodes)) == list(leaves(tuple(nodes))) == values
    assert first(tuple(nodes), 0x50) == first(nodes, 0x50) == b"A"
    assert list(walk(tuple(nodes))) == list(walk(nodes))
    assert require(nodes, 0x84) == b"\xaa"
    with pytest.raises(BadField, match="9F36"):
        require(nodes, 0x9F36)


def test_a_node_is_made_from_bytes_or_children() -> None:
    child = Node.of(0x50, b"A")
    assert Node.of(0xA5, [child]) == Node.of(0xA5, unhex("500141"))
    assert Node.of(0xA5, [child]).children == (child,)
    assert Node.of(0xA5, []).constructed
    padded = parse(unhex("A50400500141"))[0]
    assert build(padded.children) == padded.value
    assert padded.children.tail == b""
    assert build(parse(unhex("A5055001410000"))[0].children) == unhex("5001410000")
    with pytest.raises(BadTlv, match="not a template"):
        Node.of(0x50, [child])
    with pytest.raises(BadTlv):
        Node.of(0xA5, b"\x50")


@pytest.mark.parametrize(
    "tag", [0, -1, 0xFF, 0x9F, 0x5F80, 0x9F0102, 0x9F81, 0x1F8182, 0xFF01, 0x9F81828301, 0x100]
)
def test_a_tag_that_could_not_be_read_again_is_not_written(tag: int) -> None:
    with pytest.raises(BadTlv):
        tag_bytes(tag)


@pytest.mark.parametrize("tag", [0x01, 0x5A, 0x9F36, 0xBF0C, 0xDFAE01, 0x1F818203, 0x7F49])
def test_a_tag_is_read_as_it_was_written(tag: int) -> None:
    raw = tag_bytes(tag)
    assert read_tag(raw, 0) == (tag, len(raw))


def test_b10_two_scripts_and_two_directory_entries_both_live() -> None:
    """B10: a dictionary would keep the last one only."""
    scripts = parse(unhex("721D9F1804000000018609841E000004A1A2A3A486098418000004B1B2B3B4"))
    assert [node.value[1] for node in find_all(scripts, 0x86)] == [0x1E, 0x18]
    record = parse(unhex("700A61034F01AA61034F01BB"))
    assert [first(node.children, 0x4F) for node in find_all(record, 0x61)] == [b"\xaa", b"\xbb"]


def test_b11_a_length_of_80_is_an_error_wherever_it_stands() -> None:
    """B11: the indefinite form is not zero."""
    for data in ("5A80", "70025A80", "9F368000", "708000", "5A01115A80"):
        with pytest.raises(BadTlv) as caught:
            parse(unhex(data))
        assert caught.value.part == "length"


def test_other_bytes_like_objects_are_taken() -> None:
    assert parse(bytearray(unhex("5A0111"))) == parse(unhex("5A0111"))
    assert parse(memoryview(unhex("5A0111")))[0].value == b"\x11"
