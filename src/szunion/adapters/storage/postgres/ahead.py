"""Know how the rows of a cursor on the server are fetched: in turn, or one ahead (先要后算)."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import ServerCursor
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from szunion.adapters.storage.postgres.asking import answers
from szunion.adapters.storage.sql.session import Row


def in_turn(rows: ServerCursor[Row], most: int) -> Iterator[list[Row]]:
    """Yield the rows of an open cursor, *most* at a time: each side waits for the other."""
    while page := rows.fetchmany(most):
        yield page
        if len(page) < most:  # there is no more, and nobody need be asked
            break


def one_ahead(rows: ServerCursor[Row]) -> Iterator[list[Row]]:
    """Yield the rows of an open cursor one by one: the server makes the next one meanwhile.

    A row is one value of bytes, some thousand records: two of them are as much as a line holds
    that nobody reads. Nothing else is asked on the connection until the last one came, or this is
    closed; it would be refused.
    """
    connection = rows.connection
    fetch = f"FETCH 1 FROM {rows.name}".encode()

    def ask() -> None:
        with connection.lock:
            connection.pgconn.send_query_params(fetch, None, result_format=Format.BINARY)

    def answer() -> PGresult:
        with connection.lock:
            (came,) = answers(connection)
        return came

    ask()
    while (came := answer()).ntuples:
        ask()
        try:
            yield [(came.get_value(0, 0),)]
        except BaseException:
            answer()  # the cursor is closed on a line on which nothing is under way
            raise
