"""Know how the journal of erasures leaves the system and comes back: lines of JSON (删除日志).

It is kept outside, away from backups: a copy that is restored does again what it says. A line
holds the person's pseudonym, days and tables, and nothing that identifies anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from szunion.domain.lawful import Retention
from szunion.domain.rights import Erasure, ErasureLine, Fate
from szunion.domain.values import PersonId
from szunion.errors import InvalidInput


def journal_lines(journal: Iterable[Erasure]) -> Iterator[str]:
    """Yield one line for each erasure."""
    for each in journal:
        yield json.dumps(
            {
                "person": each.person,
                "at": each.at.astimezone(UTC).isoformat(),
                "by": each.by,
                "request": each.request,
                "files": each.files,
                "next_due": each.next_due.isoformat() if each.next_due else None,
                "lines": [_plain(line) for line in each.lines],
            },
            separators=(",", ":"),
        )


def _plain(line: ErasureLine) -> dict[str, Any]:
    return {
        "table": line.table, "fate": line.fate.value, "count": line.count,
        "subject": line.subject, "retention": line.retention.value,
        "until": line.until.isoformat() if line.until else None,
    }  # fmt: skip


def read_journal(lines: Iterable[str]) -> list[Erasure]:
    """Return the erasures that *lines* say.

    Raises:
        InvalidInput: a line cannot be understood (E-PRIVACY-009).
    """
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_erasure(json.loads(line)))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput("E-PRIVACY-009", line=number) from error
    return found


def _erasure(told: Mapping[str, Any]) -> Erasure:
    return Erasure(
        person=PersonId(int(told["person"])),
        at=datetime.fromisoformat(told["at"]),
        by=str(told["by"]),
        request=int(told["request"]),
        files=int(told["files"]),
        next_due=_day(told["next_due"]),
        lines=tuple(
            ErasureLine(
                table=str(each["table"]), fate=Fate(each["fate"]), count=int(each["count"]),
                subject=int(each["subject"]), retention=Retention(each["retention"]),
                until=_day(each["until"]),
            )
            for each in told["lines"]
        ),
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
