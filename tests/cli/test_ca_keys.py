"""What the operator's file of CA keys may hold: roots, and what of them is revoked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.roots import downloads

from szunion.cli.card_means import roots
from szunion.emv.capk import Revocation
from szunion.errors import InvalidInput
from szunion.testing.cards import SampleCard

RID = bytes.fromhex("A000000333")


def held(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "roots.txt"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_roots_and_revocations_stand_in_any_order(tmp_path: Path) -> None:
    first, second = downloads(SampleCard.grow().bank)
    path = held(
        tmp_path, "revoked A000000333 E1", first, "# why", "  revoked A000000333 E2 000666 ", second
    )
    known = roots(None, path)
    assert [key.index for key in known.keys] == [0xE1, 0xE2]
    assert known.revoked == {
        Revocation(rid=RID, index=0xE1),
        Revocation(rid=RID, index=0xE2, serial=bytes.fromhex("000666")),
    }


@pytest.mark.parametrize("line", ["revoked", "revoked A000000333 E2 666", "revoked: none"])
def test_a_broken_revocation_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    first, second = downloads(SampleCard.grow().bank)
    with pytest.raises(InvalidInput) as told:
        roots(None, held(tmp_path, first, second, line))
    assert told.value.code == "E-READER-023"
    assert told.value.context["line"] == 3
    assert "RID (10 hex digits)" in str(told.value.context["detail_en"])
    assert "证书序列号" in str(told.value.context["detail_zh"])
