"""What the tests of the codec share: the published values, and ways to make TLV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from szunion.emv.tlv import Node

VECTORS = Path(__file__).parent / "vectors"


def cases(name: str) -> Any:
    """Return the cases of one file of published values."""
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["cases"]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


_lead = st.integers(1, 254)
_more = st.integers(0x80, 0xFF)


@st.composite
def tags(draw: st.DrawFn, *, template: bool) -> int:
    """Tags of one to four bytes that can be read again."""
    lead = draw(_lead.filter(lambda byte: bool(byte & 0x20) is template))
    if lead & 0x1F != 0x1F:
        return lead
    middle = draw(st.lists(_more, max_size=2))
    return int.from_bytes(bytes([lead, *middle, draw(st.integers(0, 0x7F))]), "big")


values = st.one_of(st.binary(max_size=20), st.sampled_from([bytes(127), bytes(128), bytes(300)]))
leaves = st.builds(Node.of, tags(template=False), values)
nodes = st.recursive(
    leaves,
    lambda inner: st.builds(Node.of, tags(template=True), st.lists(inner, max_size=4)),
    max_leaves=12,
)
trees = st.lists(nodes, max_size=5).map(tuple)
