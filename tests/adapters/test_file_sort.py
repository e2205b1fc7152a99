"""More lines than fit into memory come out in order, and leave no file behind."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from szunion.adapters.file_sort import FileSort


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 99, 1000])
def test_lines_come_out_in_the_order_of_their_bytes(count: int, tmp_path: Path) -> None:
    chance = Random(count)
    lines = [f"{chance.randrange(500):03d} {at}".encode() for at in range(count)]
    assert list(FileSort(run=10, folder=str(tmp_path))(iter(lines))) == sorted(lines)
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_reading_leaves_no_file_behind(tmp_path: Path) -> None:
    sorting = FileSort(run=3, folder=str(tmp_path))(b"%d" % at for at in range(50))
    assert next(sorting) == b"0"
    del sorting
    assert list(tmp_path.iterdir()) == []
