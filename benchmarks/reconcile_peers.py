"""What a comparison with the bank's list is measured beside: EXCEPT, FULL JOIN, ``COPY | comm``.

Each peer reads the bank's file itself, cuts its lines at the known places, makes the keyed names
with the same key and ``hmac``, and lets the database compare. The limit has its names ready.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.places import keys, postgres_rows
from szunion.adapters.bank.batch_file.make import layout_named
from szunion.domain.keyset import KeyUse
from szunion.testing.postgres import PostgresServer

STATES: Final = layout_named("fixed").codes["state"]
_KEY: Final = next(
    key.material
    for key in keys().vault()._source.load().keys  # noqa: SLF001 - the peer must have the same key
    if key.use is KeyUse.CARD
)
_DUMP: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size=-65536")
out = sys.stdout.write
for row in connection.execute(
    "SELECT lower(hex(token_index)), psn, bank_state FROM card ORDER BY token_index, psn"
):
    out("%s-%03d %s\\n" % row)
"""
_COPY: Final = (
    "COPY (SELECT encode(token_index, 'hex') || '-' || lpad(psn::text, 3, '0') || ' ' || bank_state"
    " FROM szunion.card ORDER BY token_index, psn) TO STDOUT"
)
_OURS: Final = "SELECT token_index, psn, bank_state FROM card"
_THEIRS: Final = "SELECT token_index, psn, bank_state FROM theirs"
_C: Final = {**os.environ, "LC_ALL": "C"}


def token(at: int) -> str:
    """Return the token of a card."""
    return f"T{at:018d}"


def named(tokens: Iterable[str]) -> list[bytes]:
    """Return the keyed name of each token, as one writes it first."""
    return [hmac.digest(_KEY, each.encode(), "sha256")[:16] for each in tokens]


def read(path: Path) -> Iterator[tuple[bytes, int, str]]:
    """Yield keyed name, PSN and state of each line of the bank's file, cut at the known places."""
    with path.open("rb") as file:
        next(file)
        for line in file:
            if line[:1] != b"D":
                break
            name = hmac.digest(_KEY, line[1:41].rstrip(), "sha256")[:16]
            yield name, int(line[41:44]), STATES[line[44:45].decode()]


def dump_and_comm(rows: str, keyed: Path, server: PostgresServer | None) -> float:
    """Return seconds of writing our side out in order and ``comm``-ing it with theirs."""
    dump = (
        [str(server.bin / "psql"), "-qX", "-d", rows, "-c", _COPY]
        if server is not None
        else [sys.executable, "-c", _DUMP, rows]
    )
    start = time.perf_counter()
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as out:
        subprocess.run(
            ["comm", "-3", "-", str(keyed)], stdin=out.stdout, check=True,
            stdout=subprocess.DEVNULL, env=_C,
        )  # fmt: skip
    taken = time.perf_counter() - start
    assert out.returncode == 0, out.returncode
    return taken


def by_except(rows: str, plain: Path) -> tuple[float, int]:
    """Return seconds of EXCEPT both ways against the list in a table, and what it found."""
    ways = [
        f"SELECT count(*) FROM ({one} EXCEPT {other}) AS apart"
        for one, other in ((_OURS, _THEIRS), (_THEIRS, _OURS))
    ]
    return _asked(rows, plain, ways)


def by_full_join(rows: str, plain: Path) -> tuple[float, int]:
    """Return seconds of a FULL JOIN with the list in a table, and what it found."""
    apart = (
        f"SELECT count(*) FROM ({_OURS}) o FULL JOIN theirs t"
        " ON t.token_index = o.token_index AND t.psn = o.psn"
        " WHERE o.bank_state IS DISTINCT FROM t.bank_state"
    )
    return _asked(rows, plain, [apart])


def _asked(rows: str, plain: Path, questions: list[str]) -> tuple[float, int]:
    start = time.perf_counter()
    found = (
        _on_sqlite(rows, plain, questions)
        if rows.startswith("/")
        else _on_postgres(rows, plain, questions)
    )
    return time.perf_counter() - start, found


def _on_sqlite(path: str, plain: Path, questions: list[str]) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("CREATE TEMP TABLE theirs (token_index BLOB, psn INTEGER, bank_state TEXT)")
    connection.executemany("INSERT INTO theirs VALUES (?, ?, ?)", read(plain))
    found = sum(connection.execute(question).fetchone()[0] for question in questions)
    connection.close()
    return int(found)


def _on_postgres(admin: str, plain: Path, questions: list[str]) -> int:
    found = 0
    with postgres_rows(admin) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE theirs (token_index bytea, psn int, bank_state text)")
        with cursor.copy("COPY theirs FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["bytea", "int4", "text"])
            for row in read(plain):
                copy.write_row(row)
        cursor.execute("ANALYZE theirs")
        for question in questions:
            (count,) = cursor.execute(question).fetchone() or (0,)
            found += count
    return found
