"""The mistakes of others in the codec and in what is shown, made on purpose: each is caught."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from attrs import frozen
from tests.emv import (
    test_explain,
    test_fields,
    test_fuzz_codec,
    test_holder,
    test_pan,
    test_tags,
    test_tlv,
)
from tests.emv.planted import plant

from szunion.emv import explain_trace, tags, tlv
from szunion.emv.errors import BadTlv
from szunion.emv.holder import Name
from szunion.emv.iad import Iad
from szunion.emv.pan import CardNumber
from szunion.emv.private import Private


@frozen
class Mistake:
    """A mistake: where, what becomes what, and the test that must notice."""

    name: str
    owner: ModuleType | type
    function: str
    old: str
    new: str
    test: Callable[[], object]


def a_cut_value_is_an_error() -> None:
    with pytest.raises(BadTlv):
        tlv.parse(bytes.fromhex("5A0862000000"))


def a_cut_header_is_an_error() -> None:
    for data in ("9F", "5A", "9F36", "5F8101", "70", "5A82"):
        with pytest.raises(BadTlv):
            tlv.parse(bytes.fromhex(data))


M = Mistake
MISTAKES = (
    M(
        "B10 nodes of one tag in a dictionary",
        tlv,
        "find_all",
        "tuple(node for node in walk(nodes) if node.tag == tag)",
        "tuple({node.tag: node for node in walk(nodes) if node.tag == tag}.values())",
        test_tlv.test_b10_two_scripts_and_two_directory_entries_both_live,
    ),
    M(
        "B11 a length of 80 taken as zero",
        tlv,
        "_head",
        "if after == end or data[after] == 0x80:",
        "if after < end and data[after] == 0x80:\n"
        "        return tag, after + 1, after + 1, _KIND[data[at]]\n"
        "    if after == end:",
        test_tlv.test_b11_a_length_of_80_is_an_error_wherever_it_stands,
    ),
    M(
        "B12 a cut value silently accepted",
        tlv,
        "_head",
        'if begin + length > end:\n        raise BadTlv("value", offset=begin, tag=tag)',
        "length = min(length, end - begin)",
        a_cut_value_is_an_error,
    ),
    M(
        "B12 an IndexError at the end of the input",
        tlv,
        "parse",
        "raw += _STOPPER",
        "raw += bytes(0)",
        a_cut_header_is_an_error,
    ),
    M(
        "B12 templates of any depth followed",
        tlv,
        "parse",
        "if len(waiting) == deepest:",
        "if False:",
        test_tlv.test_depth_is_bounded_and_never_a_recursion_error,
    ),
    M(
        "B12 any number of objects followed",
        tlv,
        "parse",
        "if len(places) > limits.nodes + 1:",
        "if False:",
        test_tlv.test_length_and_number_of_nodes_are_bounded,
    ),
    M(
        "B18 one dictionary for every scheme",
        tags,
        "lookup",
        "found = tables[scheme].get(tag) or tables[Scheme.EMV].get(tag)",
        "found = next((t[tag] for t in reversed(tables.values()) if tag in t), None)",
        test_tags.test_b18_one_tag_means_different_things_to_different_schemes,
    ),
    M(
        "B18 issuer application data only as Visa writes them",
        Iad,
        "parse",
        "if 8 <= size <= 32 and raw[0] == 0x07",
        "if 8 < size <= 32 and raw[0] == 0x07",
        test_fields.test_b18_the_eight_bytes_of_a_pboc_card_are_not_unknown,
    ),
    M(
        "B26 a card number that prints",
        CardNumber,
        "masked",
        'return plain[:head] + "*" * (len(plain) - head - 4) + plain[-4:]',
        "return plain",
        test_pan.test_a_card_number_prints_its_ends_only,
    ),
    M(
        "B26 a document number that prints",
        Private,
        "masked",
        "return MASK",
        "return self._plain",
        test_holder.test_a_document_prints_nothing_of_its_number,
    ),
    M(
        "B26 a name that prints",
        Name,
        "masked",
        'part[:1] + "*" * (len(part) - 1)',
        "part",
        lambda: test_explain.test_b26_nothing_personal_is_shown_unless_revealed("pboc.en.txt"),
    ),
    M(
        "B26 a redacted trace with the person in it",
        explain_trace,
        "_hide",
        "if lookup(node.tag, scheme).secrecy is Secrecy.OPEN:",
        "if True:",
        test_explain.test_a_redacted_trace_keeps_its_shape_and_loses_the_person,
    ),
    M(
        "what was read is not written back",
        tlv,
        "build",
        'tail = nodes.tail if isinstance(nodes, Nodes) else b""',
        'tail = b""',
        lambda: test_fuzz_codec.test_the_corpus_and_its_mutations_raise_only_our_errors("tlv"),
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_mistake_is_noticed(mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, mistake.owner, mistake.function, mistake.old, mistake.new)
    with pytest.raises((Exception, pytest.fail.Exception)) as noticed:
        mistake.test()
    assert not isinstance(noticed.value, (NameError, SyntaxError, TypeError, KeyError)), (
        noticed.value
    )


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_without_the_mistake_the_same_test_is_green(mistake: Mistake) -> None:
    mistake.test()


def test_every_known_mistake_of_others_is_planted_somewhere() -> None:
    """B01 to B28, each by a name in one of the three files of planted mistakes."""
    named: set[str] = set()
    for file in Path(__file__).parent.glob("test_planted_*.py"):
        text = file.read_text("utf-8")
        named |= set(re.findall(r"def test_(b[0-9]{2})_", text))
        named |= {
            name.lower() for name in re.findall(r'^        "(B[0-9]{2}) ', text, re.MULTILINE)
        }
    assert named == {f"b{number:02d}" for number in range(1, 29)}
