"""More records than fit into memory are dealt whole into piles, and leave no file behind."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from szunion.adapters.file_piles import FilePiles
from szunion.application.office import in_memory


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 99, 1000])
def test_records_lie_with_those_that_begin_alike_in_the_order_they_came(
    count: int, tmp_path: Path
) -> None:
    chance = Random(count)
    records = [chance.randbytes(1) + at.to_bytes(4) for at in range(count)]
    pages = [records[start : start + 7] for start in range(0, count, 7)]
    found = list(FilePiles(most=10, folder=str(tmp_path))(iter(pages)))
    assert found == list(in_memory(iter(pages)))
    assert found == [
        b"".join(record for record in records if record[0] == first) for first in range(256)
    ]
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_reading_leaves_no_file_behind(tmp_path: Path) -> None:
    piles = FilePiles(most=3, folder=str(tmp_path))([bytes([at, at])] for at in range(50))
    assert next(piles) == bytes(2)
    del piles
    assert list(tmp_path.iterdir()) == []
