"""The form of commands and answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadApdu

octets = st.integers(0, 255)
commands = st.builds(
    Command,
    octets,
    octets,
    octets,
    octets,
    st.one_of(st.binary(max_size=300), st.binary(min_size=254, max_size=257)),
    st.one_of(st.none(), st.integers(1, 65536), st.sampled_from([255, 256, 257, 65535])),
)


@settings(derandomize=True, max_examples=300)
@given(commands)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    raw = command.encode()
    again = Command.decode(raw)
    assert (again.name, again.data, again.le) == (command.name, command.data, command.le)
    assert again.encode() == raw


@settings(derandomize=True, max_examples=300)
@given(st.binary(max_size=20))
def test_whatever_is_read_as_a_command_is_written_back(raw: bytes) -> None:
    try:
        command = Command.decode(raw)
    except BadApdu:
        return
    assert command.encode() == raw


@pytest.mark.parametrize(
    ("raw", "data", "le"),
    [
        ("00840000", b"", None),
        ("0084000008", b"", 8),
        ("80CA9F3600", b"", 256),
        ("00A404000135", b"5", None),
        ("00A40400013500", b"5", 256),
        ("00B0000000FFFF", b"", 65535),
        ("00B00000000000", b"", 65536),
        ("00D6000000000141", b"A", None),
        ("00D60000000001410010", b"A", 16),
    ],
)
def test_the_seven_forms_of_iso_7816(raw: str, data: bytes, le: int | None) -> None:
    command = Command.decode(bytes.fromhex(raw))
    assert (command.data, command.le) == (data, le)
    assert command.encode() == bytes.fromhex(raw)


@pytest.mark.parametrize(
    "raw",
    ["", "00A404", "00A4040002AA", "00A4040001AABBCC", "00B000000000", "00D6000000000241",
     "00D600000000000000", "00D600000000014141"],
)  # fmt: skip
def test_other_forms_are_refused(raw: str) -> None:
    with pytest.raises(BadApdu):
        Command.decode(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("cla", "data", "le"), [(256, b"", None), (-1, b"", None), (0, b"", 0), (0, b"", 65537)]
)
def test_a_command_out_of_range_cannot_be_made(cla: int, data: bytes, le: int | None) -> None:
    with pytest.raises(BadApdu):
        Command(cla, 0, 0, 0, data, le)
    with pytest.raises(BadApdu, match="Lc"):
        Command(0, 0, 0, 0, bytes(65_536))


def test_an_answer_is_data_and_two_bytes() -> None:
    assert Response.decode(b"\x61\x10") == Response(0x6110)
    assert Response.decode(b"A\x90\x00") == Response(0x9000, b"A")
    assert Response(0x9000, b"A").encode() == b"A\x90\x00"
    assert Response(0x9000).ok
    assert not Response(0x6283).ok
    with pytest.raises(BadApdu):
        Response.decode(b"\x90")
    with pytest.raises(BadApdu):
        Response(0x10000)


def test_neither_prints_what_it_carries() -> None:
    command = Command(0x00, 0x20, 0x00, 0x80, bytes.fromhex("2412345678FFFFFF"))
    assert repr(command) == "Command(00200080, 8 bytes, le=None)"
    assert repr(Response(0x9000, b"6200000000000013")) == "Response(9000, 16 bytes)"
