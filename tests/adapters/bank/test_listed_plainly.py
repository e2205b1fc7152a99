"""A daily list that is gone through the quick way says what its values say, line for line."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve

from szunion.adapters.bank.batch_file import speech
from szunion.adapters.bank.batch_file.cards import FiledCards
from szunion.adapters.bank.batch_file.layout import FieldLayout
from szunion.adapters.bank.batch_file.lines import Reading
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.adapters.bank.batch_file.sheets import Broken, Head, Sheet
from szunion.domain.bank import BankState, ListedCard
from szunion.domain.card_records import Plainly, Said, plainly

END = b"\r\n"


def sheet_of(name: str, **card: Any) -> Sheet:
    """Return the sheet of a layout's daily list, its token written in another way."""
    layout = layout_named(name)
    file = layout.collect["card_list"]

    def changed(each: FieldLayout) -> FieldLayout:
        return evolve(each, **card) if each.field == "card" else each

    return Sheet(layout, evolve(file, detail=tuple(map(changed, file.detail))))


def lines_of(sheet: Sheet, chance: Random, count: int) -> list[bytes]:
    """Return lines, some of which are broken somewhere, some not ASCII, some cut."""
    letters = "ABCXYZabcxyz0123456789_-"
    found = []
    for _ in range(count):
        token = "T" + "".join(chance.choice(letters) for _ in range(chance.randrange(5, 11)))
        line = bytearray(
            sheet.detail.write(
                {
                    "card": token,
                    "card_psn": chance.choice([None, 1, 1, 2, 900]),
                    "state": chance.choice(list(BankState)).value,
                    "sequence": chance.choice([1, 2, 3, 10**9]),
                }
            )
        )
        match chance.randrange(12):
            case 0:
                line[chance.randrange(len(line))] = chance.choice(b" |\x80\xd5DTx0~.")
            case 1:
                del line[chance.randrange(len(line)) :]
            case 2:
                line[1:1] = "王".encode("gb18030")
            case 3:
                line += b"|x"
            case _:
                pass
        found.append(bytes(line))
    return found


def reading_of(sheet: Sheet, path: Path, lines: list[bytes]) -> Reading:
    """Return what reads *lines* from a file that was found whole."""
    path.write_bytes(b"".join(line + sheet.bank.end for line in [b"H", *lines, b"T"]))
    head = Head({}, len(lines), path.stat().st_size)
    return Reading(sheet, path, head, speech.maker_of(ListedCard), 5)


def flat(cards: Iterable[ListedCard]) -> list[tuple[bytes, Said]]:
    """Return what listed cards say, one by one."""
    return [each for page in plainly(cards) for each in zip(*page, strict=True)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("fixed", {}),
        ("fixed", {"justify": "right"}),
        ("fixed", {"justify": "right", "pad": "0"}),
        ("delimited", {}),
    ],
)
def test_quickly_or_by_value_the_same_is_said(
    name: str, card: dict[str, Any], seed: int, tmp_path: Path
) -> None:
    sheet, chance = sheet_of(name, **card), Random(seed)
    lines = [line for line in lines_of(sheet, chance, 600) if line]
    cards = FiledCards(reading_of(sheet, tmp_path / "list", lines), len(lines))
    assert isinstance(cards, Plainly)
    by_value = flat(list(cards))
    assert flat(cards) == by_value
    assert 200 < len(by_value) < len(lines)


def test_what_stands_beside_a_token_is_forgotten_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("szunion.adapters.bank.batch_file.cards._REMEMBERED", 3)
    sheet = sheet_of("fixed")
    lines = lines_of(sheet, Random(9), 200)
    cards = FiledCards(reading_of(sheet, tmp_path / "list", lines), len(lines))
    assert flat(cards) == flat(list(cards))


def test_a_file_that_has_become_shorter_is_no_short_list(tmp_path: Path) -> None:
    sheet = sheet_of("fixed")
    lines = lines_of(sheet, Random(1), 5)
    reading = reading_of(sheet, tmp_path / "list", lines)
    data = reading.path.read_bytes()
    reading.path.write_bytes(data[: data.rindex(END + b"T") - len(lines[-1])])
    with pytest.raises(Broken, match="CUT"):
        list(FiledCards(reading, 5).plainly())
    assert len(list(sheet.lines(io.BytesIO(data), reading.head))) == 5
