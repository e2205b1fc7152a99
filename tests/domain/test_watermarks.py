"""A marked export tells from a part of a copy whose it was, and accuses no other."""

from __future__ import annotations

import csv
import io
from random import Random

from szunion.domain.watermarks import ExportRow, Leak, canary_tails, marked

KEYS = [f"KEY{number:023}" for number in range(300)]


def rows(count: int, seed: int = 7) -> list[ExportRow]:
    luck = Random(seed)
    return [
        ExportRow(
            name="张**", document=f"440***********{luck.randrange(10**4):04}",
            mobile=f"139****{luck.randrange(10**4):04}", union="440304-001 甲一工会",
            state="在籍", since="2017-11-23",
        )
        for _ in range(count)
    ]  # fmt: skip


def copy_of(export: list[ExportRow]) -> list[str]:
    file = io.StringIO()
    csv.writer(file).writerows(row.cells() for row in export)
    return file.getvalue().splitlines()


def suspects(lines: list[str], count: int) -> list[str]:
    leak = Leak.read(lines)
    return [key for at, key in enumerate(KEYS) if leak.compare(at, key, count).sure]


def test_an_export_has_all_its_rows_and_a_few_more() -> None:
    plain = rows(600)
    made = marked(KEYS[0], plain)
    assert len(made) == len(plain) + len(canary_tails(KEYS[0], 600)) == 603
    assert set(plain) < set(made)
    assert {(row.name, row.union, row.state) for row in made} == {
        (row.name, row.union, row.state) for row in plain
    }


def test_a_whole_copy_names_its_export_and_no_other() -> None:
    for at in range(0, 300, 60):
        assert suspects(copy_of(marked(KEYS[at], rows(600))), 600) == [KEYS[at]]


def test_a_part_of_a_copy_without_any_canary_names_it_by_its_order() -> None:
    made = marked(KEYS[3], rows(600))
    tails = {document for document, _ in canary_tails(KEYS[3], 600)}
    part = [row for row in made if row.document[-4:] not in tails][100:130]
    assert suspects(copy_of(part), 600) == [KEYS[3]]


def test_a_copy_that_was_sorted_names_it_by_its_canaries() -> None:
    made = sorted(marked(KEYS[5], rows(600)), key=lambda row: row.mobile)
    assert suspects(copy_of(made), 600) == [KEYS[5]]


def test_columns_in_another_order_and_words_around_change_nothing() -> None:
    lines = [
        f"<td>{row.mobile}</td> | {row.name} | {row.document}" for row in marked(KEYS[9], rows(80))
    ]
    assert suspects(lines, 80) == [KEYS[9]]


def test_what_was_never_exported_names_nobody() -> None:
    assert suspects(copy_of(rows(600, seed=99)), 600) == []
    assert suspects(["no list at all"], 600) == []


def test_too_few_rows_to_say_anything_name_nobody() -> None:
    made = marked(KEYS[1], rows(5))
    tails = {document for document, _ in canary_tails(KEYS[1], 5)}
    assert suspects(copy_of([row for row in made if row.document[-4:] not in tails]), 5) == []
