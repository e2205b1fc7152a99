"""An address on the command line is a database's, and is not shown where it is not understood."""

from __future__ import annotations

import pytest

from szunion.cli.databases import file_at
from szunion.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "host=db password=let-me-in dbname=union",
        "password = let-me-in",
        "mysql://u:let-me-in@db/union",
    ],
)
def test_an_address_that_is_no_file_is_refused_unseen(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        file_at(address)
    assert caught.value.code == "E-CONFIG-002"
    assert "let-me-in" not in f"{caught.value.what()} {caught.value.do()} {caught.value}"


def test_a_files_name_and_its_url_are_the_same_file() -> None:
    assert file_at("sqlite:////var/union.db") == file_at("/var/union.db")
