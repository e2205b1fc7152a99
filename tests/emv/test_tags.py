"""The dictionary: asked by scheme, complete in both languages, and the manual made of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.emv.codec import unhex

from szunion.emv.reference import pages
from szunion.emv.status_words import status_word, status_words
from szunion.emv.tags import Format, Origin, Scheme, Secrecy, entries, for_aid, lookup
from szunion.emv.tlv import read_tag, tag_bytes

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("scheme", list(Scheme), ids=lambda scheme: scheme.name)
def test_every_entry_is_whole(scheme: Scheme) -> None:
    listed = entries(scheme)
    assert len({entry.tag for entry in listed}) == len(listed) > 2
    for entry in listed:
        assert read_tag(tag_bytes(entry.tag), 0)[0] == entry.tag
        assert re.search("[一-鿿]", entry.zh), entry.hex
        assert re.search("[A-Za-z]", entry.en), entry.hex
        assert not re.search("[一-鿿]", entry.en), entry.hex
        assert entry.source
        assert entry.known
        assert entry.shortest <= entry.longest
        template = bool(tag_bytes(entry.tag)[0] & 0x20)
        assert (entry.format is Format.TLV) is template, entry.hex
        assert lookup(entry.tag, scheme) == entry


def test_b18_one_tag_means_different_things_to_different_schemes() -> None:
    """B18: 9F6D, 9F77 and 9F61 are asked of the right scheme."""
    assert lookup(0x9F6D).en == "E-cash reset threshold"
    assert lookup(0x9F6D, Scheme.AMEX).en == "Contactless reader capabilities"
    assert lookup(0x9F77).en == "E-cash balance limit"
    assert lookup(0x9F77, Scheme.MASTERCARD).en == "Unprotected data envelope 3"
    assert lookup(0x9F61).secrecy is Secrecy.PERSONAL
    assert lookup(0x9F61, Scheme.MASTERCARD).secrecy is Secrecy.OPEN
    assert lookup(0x9F36, Scheme.VISA).scheme is Scheme.EMV


def test_an_unknown_tag_is_said_to_be_unknown_and_private() -> None:
    entry = lookup(0xDF7F)
    assert (entry.known, entry.secrecy, entry.length) == (False, Secrecy.PERSONAL, "0-")


@pytest.mark.parametrize("tag", [0x57, 0x5A, 0x5F20, 0x9F0B, 0x9F61, 0x9F62, 0x9F63, 0x56, 0x9F1F,
                                 0x9F20, 0x9F46])  # fmt: skip
def test_what_names_a_person_is_personal(tag: int) -> None:
    assert lookup(tag).secrecy is Secrecy.PERSONAL
    assert lookup(0x99).secrecy is Secrecy.SECRET


def test_lengths_and_origins_read_as_people_write_them() -> None:
    assert lookup(0x9F02).length == "6"
    assert lookup(0x84).length == "5-16"
    assert lookup(0x9F38).length == "0-"
    assert lookup(0x95).origin is Origin.TERMINAL
    assert lookup(0x91).origin is Origin.ISSUER
    assert not lookup(0x9F02).format.text
    assert lookup(0x50).format.text


@pytest.mark.parametrize(
    ("aid", "scheme"),
    [
        ("A000000333010101", Scheme.PBOC),
        ("A000000632010105", Scheme.PBOC),
        ("A00000000386980701", Scheme.PBOC),
        ("5041592E535A54", Scheme.PBOC),
        ("A0000000031010", Scheme.VISA),
        ("A0000000041010", Scheme.MASTERCARD),
        ("A00000002501", Scheme.AMEX),
        ("A0000002771010", Scheme.INTERAC),
        ("A0000001523010", Scheme.EMV),
        ("", Scheme.PBOC),
    ],
)
def test_the_application_chooses_the_dictionary(aid: str, scheme: Scheme) -> None:
    assert for_aid(unhex(aid)) is scheme


# --- status words ---


@pytest.mark.parametrize(
    ("sw", "command", "meaning"),
    [
        (0x9000, "", "success"),
        (0x6103, "", "success, bytes still to fetch: 3 (00: 256)"),
        (0x6C05, "80CA", "wrong Le: the length is 5 (00: 256)"),
        (0x63C2, "0020", "wrong PIN, tries left: 2"),
        (0x63C0, "", "verification failed, tries left: 0"),
        (0x6983, "0020", "PIN tries used up in this transaction"),
        (0x6984, "0020", "PIN tries were used up in an earlier transaction"),
        (0x6983, "", "authentication method blocked"),
        (0x6985, "80A8", "conditions not satisfied: select another application"),
        (0x9302, "", "wrong MAC"),
        (0x1234, "", "undefined status word"),
    ],
)
def test_a_status_word_is_said_for_its_command(sw: int, command: str, meaning: str) -> None:
    assert status_word(sw, command).say(sw, "en") == meaning
    assert status_word(sw, command).say(sw)


def test_rows_for_one_command_come_first_and_no_row_is_dead() -> None:
    rows = status_words()
    general = next(at for at, row in enumerate(rows) if not row.command)
    assert not any(row.command for row in rows[general:])
    assert len({(row.command, row.pattern) for row in rows}) == len(rows)
    assert [row.pattern for row in rows if row.good] == ["9000", "61xx"]


# --- the manual ---


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_manual_is_what_the_tables_say(path: str) -> None:
    written = (DOCS / path).read_text("utf-8")
    assert written == pages()[path], "run: python tests/emv/write_reference.py"
