"""Know which rows go along when a range of shards moves to another node, and what must be at rest.

A row of members goes with its person, whose shard is in every id of theirs; where a table lies by
a key of its own, the shard of whom it leads to is said here. What belongs to one node (books,
batches, offers, the outbox, the log) stays there; of what moved rows refer to a frame goes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from szunion.adapters.storage.postgres.citus import TABLES, Place
from szunion.adapters.storage.postgres.connection import SCHEMA, Connection, ask, tell
from szunion.adapters.storage.postgres.faults import translated
from szunion.adapters.storage.postgres.tables import PostgresTables, quoted
from szunion.adapters.storage.sql.session import Row
from szunion.adapters.storage.sql.tables import Table
from szunion.domain.nodes import Shards
from szunion.text import Text

#: table: whose shard decides, where it is not the row's own ``shard``.
LED_TO: Final[Mapping[str, str]] = {
    "bank_name": "CASE kind WHEN 'DISPATCH' THEN -1 ELSE at_shard END",
    "binding": "person_id >> 53",
    "claimed": "claim_id >> 53",
    "granted": "obligation_id >> 53",
    "pay_order_name": "at_shard",
    "person_document": "person_id >> 53",
    "person_mobile": "person_id >> 53",
    "person_tombstone": "person_id >> 53",
}

MOVED: Final[Sequence[str]] = (
    *(name for name, place in TABLES.items() if place is Place.SHARD),
    "bank_name",
    "pay_order_name",
)
"""The tables whose rows move, in the order in which they refer to each other."""


@frozen
class Frame:
    """What belongs to a node and is referred to by moved rows: it goes along, and does nothing."""

    table: str
    key: str
    by: str
    """The table whose rows refer to it."""
    still: Mapping[str, str]
    """Columns that are told otherwise, so that nothing is given out of it twice."""


FRAMES: Final[Sequence[Frame]] = (
    Frame("batch", "batch_id", "application", {}),
    Frame("custody_list", "list_id", "custody_item", {}),
    Frame("joining", "joining_id", "joining_member", {}),
    Frame("offer", "offer_id", "booking", {"stock": "taken", "waiting_list": "0"}),
    Frame("payout", "payout_id", "pay_order", {}),
)


def where(table: str, shards: Shards) -> str:
    """Return the condition for the rows of *table* that belong to whom *shards* hold."""
    return f"{LED_TO.get(table, 'shard')} BETWEEN {shards.first} AND {shards.last}"


@frozen(kw_only=True)
class MovedRows(PostgresTables):
    """The rows of a range at one node, in the role of the owner, as tables."""

    shards: Shards

    def moved(self) -> Sequence[Table]:
        """Return the tables whose rows move, in the order in which they are written."""
        found = {table.name: table for table in self.tables()}
        return [found[name] for name in MOVED]

    def _which(self, table: Table) -> str:
        return where(table.name, self.shards)

    def put(self, table: Table, rows: Iterable[Row], there: str = "") -> int:
        """Write rows as they are, in one transaction; return how many.

        They come by COPY into a table of the session: PostgreSQL refuses it where row-level
        security holds for the owner, too.

        Args:
            table: Where to.
            rows: What is written.
            there: What is done with a row that is there already; empty: it is refused.
        """
        kinds, names = self._kinds_of(table), ", ".join(map(quoted, table.columns))
        with translated(), self.connection.transaction():
            tell(
                self.connection,
                f"CREATE TEMP TABLE arriving ON COMMIT DROP AS"  # noqa: S608
                f" SELECT {names} FROM {SCHEMA}.{quoted(table.name)} LIMIT 0",
            )
            cursor = self.connection.cursor()
            with cursor.copy(b"COPY pg_temp.arriving FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(kinds)
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                f"INSERT INTO {SCHEMA}.{quoted(table.name)} ({names})"  # noqa: S608
                f" SELECT {names} FROM pg_temp.arriving {there}".encode()
            )
        return max(cursor.rowcount, 0)

    def frames(self) -> Iterator[tuple[Table, list[Row]]]:
        """Yield what moved rows refer to, as it is shown and does nothing at another node."""
        found = {table.name: table for table in self.tables()}
        for frame in FRAMES:
            table = found[frame.table]
            columns = ", ".join(
                f"{frame.still.get(column, quoted(column))}" for column in table.columns
            )
            text = (
                f"SELECT {columns} FROM {quoted(frame.table)} WHERE {frame.key} IN"  # noqa: S608
                f" (SELECT {frame.key} FROM {frame.by} WHERE {where(frame.by, self.shards)})"
            )
            yield table, list(self._copied(table, text, ()))

    def forget(self) -> None:
        """Delete the rows, what refers before what is referred to: table by table, each whole."""
        for table in reversed(self.moved()):
            if self.last(table) is None:
                continue
            name = f"{SCHEMA}.{quoted(table.name)}"
            with translated(), self.connection.transaction():
                # What is never deleted is kept: at the other node.
                tell(self.connection, f"ALTER TABLE {name} DISABLE TRIGGER USER")
                tell(
                    self.connection,
                    f"DELETE FROM {name} WHERE {self._which(table)}",  # noqa: S608
                )
                tell(self.connection, f"ALTER TABLE {name} ENABLE TRIGGER USER")


# --- at rest --------------------------------------------------------------------------------------


@frozen
class Unfinished:
    """Something that ties members of a range to their node until it is ended there."""

    name: str
    text: Text
    question: str
    """How many; ``{0}`` and ``{1}``: the first and the last shard, ``{2}``: now, microseconds."""


_IN: Final = "BETWEEN {0} AND {1}"

UNFINISHED: Final[Sequence[Unfinished]] = (
    Unfinished(
        "dispatches", Text("发往银行、尚未了结的指令", "on their way to the bank"),
        "FROM outbox WHERE state NOT IN ('DONE', 'REFUSED', 'CANCELLED')"
        f" AND kind NOT IN ('CARD_LIST', 'STATEMENT') AND subject >> 53 {_IN}",
    ),
    Unfinished(
        "batches", Text("未对完的制卡批次中的行", "rows in batches that are not reconciled"),
        "FROM application a JOIN batch b ON b.batch_id = a.batch_id"
        f" WHERE b.state NOT IN ('RECONCILED', 'CLOSED', 'CANCELLED') AND a.shard {_IN}",
    ),
    Unfinished(
        "payments", Text("未付清的应付款", "obligations not paid in full"),
        f"FROM obligation WHERE (in_flight > 0 OR settled < fen) AND shard {_IN}",
    ),
    Unfinished(
        "orders", Text("在途的付款", "payments on their way"),
        "FROM pay_order WHERE state IN"
        f" ('DRAFT', 'APPROVED', 'BATCHED', 'SENT', 'UNKNOWN', 'ACCEPTED') AND shard {_IN}",
    ),
    Unfinished(
        "recoveries", Text("待追回的申领", "claims whose money is to come back"),
        f"FROM claim WHERE state IN ('PAYABLE', 'RECOVERY') AND shard {_IN}",
    ),
    Unfinished(
        "bookings", Text("未了结的预约", "bookings that are open"),
        "FROM booking WHERE state IN ('REQUESTED', 'HELD', 'CONFIRMED', 'WAITLISTED')"
        f" AND shard {_IN}",
    ),
    Unfinished(
        "lists", Text("未签收的交接清单上的卡", "cards on lists that are not signed"),
        "FROM custody_item i JOIN custody_list l ON l.list_id = i.list_id"
        f" WHERE l.state = 'OPEN' AND i.shard {_IN}",
    ),
    Unfinished(
        "joinings", Text("未办结的集体参与名单上的人", "places on lists of sign-ups that are open"),
        "FROM joining_member m JOIN joining j ON j.joining_id = m.joining_id"
        f" WHERE j.state IN ('ASKED', 'ACCEPTED', 'HELD') AND m.shard {_IN}",
    ),
    Unfinished(
        "letters", Text("正在发送的信件组", "sets of letters in somebody's hands"),
        "FROM message_set WHERE until > {2}",
    ),
    Unfinished(
        "proposals", Text("待第二人确认的提请", "proposals that wait for a second person"),
        f"FROM proposal WHERE state = 'OPEN' AND subject >> 53 {_IN}",
    ),
    Unfinished(
        "tickets", Text("未结的工单", "tickets that are open"),
        "FROM ticket WHERE state NOT IN ('ANSWERED', 'CLOSED', 'MERGED', 'FORWARDED', 'WITHDRAWN')"
        f" AND person_id >> 53 {_IN}",
    ),
    Unfinished(
        "quarantines", Text("未解决的隔离档案（另一份不在这一段）",
                            "files in quarantine whose other one does not move"),
        f"FROM quarantine WHERE resolved IS NULL AND (shard {_IN}) <> (on_file >> 53 {_IN})",
    ),
    Unfinished(
        "heirs", Text("继承人不在同一段的", "heirs who do not move with the deceased"),
        f"FROM heir WHERE (shard {_IN}) <> (heir_id >> 53 {_IN})",
    ),
    Unfinished(
        "walks", Text("未走完的换钥", "walks to a new key that have not ended"),
        "FROM key_walk WHERE ended = 0",
    ),
)  # fmt: skip


def unfinished(connection: Connection, shards: Shards, now: int) -> Mapping[str, int]:
    """Return how many of each thing are not at rest; none: the range may move."""
    found = {}
    for each in UNFINISHED:
        asked = each.question.format(shards.first, shards.last, now)
        row = ask(connection, f"SELECT count(*) {asked}")
        assert row is not None
        if row[0]:
            found[each.name] = row[0]
    return found
