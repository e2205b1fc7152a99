"""Know how a point works without a line: by a signed list, and with a journal of its own.

It lets in whose card is on a list that has not ended and has proved itself; it writes that down
before it answers, and hands it in when the line is back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import TypeAlias

from attrs import define, field, frozen

from szunion.application.card_reading import Equipment, Seen, read_card
from szunion.application.points import MOST_RECORDS
from szunion.domain.offline import OfflineReceipt, OfflineRecord
from szunion.domain.status_list import StatusList, Unreadable, opened
from szunion.domain.values import Labelled
from szunion.emv.oda_keys import Assurance
from szunion.errors import Conflict
from szunion.ports.points import PointJournal
from szunion.text import Text

SignedBy: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature over data was made with the key of a public key: key, signature, data."""


class OfflineVerdict(Labelled):
    """What a tap without a line came to (离线刷卡结果)."""

    RECORDED = "RECORDED", "在清单上，已记录", "on the list, and recorded"
    ALREADY = "ALREADY", "这一场已经记录过", "recorded before for this occasion"
    NOT_ON_LIST = "NOT_ON_LIST", "不在清单上", "not on the list"
    NOT_GENUINE = "NOT_GENUINE", "没有通过认证，疑为复制卡", "not authenticated: perhaps a copy"
    FROM_AFAR = "FROM_AFAR", "应答过慢，疑为中继", "it answers too slowly: perhaps a relay"
    NO_APPLICATION = "NO_APPLICATION", "没有银联借记应用", "no application of ours on it"
    LIST_OVER = "LIST_OVER", "没有有效的清单", "no list that may be relied on"


@frozen(kw_only=True)
class OfflineTap:
    """The answer to a tap at a point without a line."""

    verdict: OfflineVerdict
    record: OfflineRecord | None = None

    @property
    def yes(self) -> bool:
        """Whether the member is served."""
        return self.verdict in {OfflineVerdict.RECORDED, OfflineVerdict.ALREADY}


@define
class OfflinePoint:
    """A point that has no line now (离线服务点): it needs no store, only a list and a journal."""

    name: str
    author: str
    """Who works here."""
    equipment: Equipment = field(repr=False)
    public: bytes = field(repr=False)
    """The public key of the city that signs lists."""
    signed_by: SignedBy = field(repr=False)
    journal: PointJournal = field(repr=False)
    _list: StatusList | None = field(default=None, init=False, repr=False)

    def load(self, data: bytes) -> StatusList:
        """Take a list, if the city has signed it and it is newer than the one that is here.

        Raises:
            Conflict: it is not signed by the city, has ended, or is older (E-COUNTER-002).
        """
        try:
            body, signature = opened(data)
            if not self.signed_by(self.public, signature, body):
                raise _unusable(Text("签名不对", "its signature is wrong"))
            found = StatusList.read(body)
        except Unreadable:
            raise _unusable(Text("不是状态清单", "it is no status list")) from None
        if found.ends <= self.equipment.clock.now():
            raise _unusable(Text("已过期", "it has ended"))
        if self._list is not None and found.made < self._list.made:
            raise _unusable(Text("比手里的旧", "it is older than the one here"))
        self._list = found
        return found

    def tap(self, reader: str, item: str, occasion: str) -> OfflineTap:
        """Read the card, let it prove itself, look it up, and write it down (离线刷卡).

        Raises:
            ReaderError: the card went away in the middle: nothing was recorded.
        """
        now = self.equipment.clock.now().astimezone(UTC)
        known = self._list
        if known is None or not known.made <= now < known.ends:
            return OfflineTap(verdict=OfflineVerdict.LIST_OVER)
        seen = read_card(self.equipment, reader, prove=True)
        doubt = _doubt(seen, known)
        if doubt is not None:
            return OfflineTap(verdict=doubt)
        assert seen is not None
        assert seen.ref is not None
        for old in self.journal.every():
            if (old.card, old.item, old.occasion) == (seen.ref, item, occasion):
                return OfflineTap(verdict=OfflineVerdict.ALREADY, record=old)
        record = OfflineRecord(
            point=self.name, number=self.journal.next_number(), card=seen.ref, item=item,
            occasion=occasion, at=now, author=self.author, list_made=known.made,
            list_ends=known.ends,
        )  # fmt: skip
        self.journal.add(record)
        return OfflineTap(verdict=OfflineVerdict.RECORDED, record=record)

    def hand_in(
        self, take_in: Callable[[Sequence[OfflineRecord]], Sequence[OfflineReceipt]]
    ) -> int:
        """Hand the waiting records in, a part at a time; return how many were answered.

        A record without its own receipt waits on: an answer that is lost costs a repetition.
        """
        done = 0
        while some := self.journal.waiting()[:MOST_RECORDS]:
            mine = {record.number for record in some}
            receipts = [
                each for each in take_in(some) if each.point == self.name and each.number in mine
            ]  # fmt: skip
            self.journal.answered(receipts)
            done += len(receipts)
            if len(receipts) < len(some):
                break
        return done


def _doubt(seen: Seen | None, known: StatusList) -> OfflineVerdict | None:
    """Return why whoever holds the card is not let in; None: there is no doubt."""
    if seen is None:
        return OfflineVerdict.NO_APPLICATION
    if seen.assurance < Assurance.DDA_OFFLINE:
        return OfflineVerdict.NOT_GENUINE
    if seen.relay_suspect:
        return OfflineVerdict.FROM_AFAR
    if seen.ref is None or not known.has(seen.ref):
        return OfflineVerdict.NOT_ON_LIST
    return None


def _unusable(problem: Text) -> Conflict:
    return Conflict("E-COUNTER-002", problem=problem.zh, problem_en=problem.en)
