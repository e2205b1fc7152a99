"""Know the line to the Bank of Yunhai: requests, answers and notices as files that both share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from attrs import frozen

from szunion.domain import BankRequest, OpenCards, PayOut, Receipt, RequestKey, SetCardUse
from szunion.errors import BankOutcomeUnknown, BankUnavailable
from szunion.ports import BankInfo, Collected, Cursor, Deadline
from szunion_bank_yunhai.folder import appear, content
from szunion_bank_yunhai.messages import Letter, Messages, UnreadableError

REQUESTS: Final = "requests"
ANSWERS: Final = "answers"
NOTICES: Final = "notices"
_BEHIND: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,9})", re.ASCII)
_STEP: Final = 0.05


@frozen
class YunhaiConfig:
    """The settings of this line."""

    folder: str
    """The folder that union and bank share; it must be there."""
    patience: float = 0.0
    """How many seconds a request waits for its answer; without one its outcome is unknown."""
    most_rows: int = 2000
    """Rows of one request, as agreed with the bank."""


@frozen
class YunhaiBank:
    """A bank adapter: see :class:`szunion.ports.bank.BankAdapter`."""

    config: YunhaiConfig
    messages: Messages = Messages()
    sleep: Callable[[float], None] = time.sleep

    @property
    def info(self) -> BankInfo:
        """What this bank accepts and promises."""
        return BankInfo(
            name="yunhai",
            accepts=frozenset({OpenCards, SetCardUse, PayOut}),
            most_rows=self.config.most_rows,
            charset="gb18030",
            idempotent_send=True,
            gapless=True,
        )

    def send(self, request: BankRequest, *, deadline: Deadline) -> Receipt:
        """Lay *request* into the folder, and wait a little for its answer.

        Raises:
            BankUnavailable: there was no time left, or it could not be written: it never left.
            BankOutcomeUnknown: it lies there, and the bank has not answered yet.
        """
        if deadline.seconds <= 0:
            raise BankUnavailable("E-BANK-001", bank=self.info.name)
        answered = self._answer(request.key)
        if answered is not None:
            return answered
        try:
            appear(self._at(REQUESTS, request.key), self.messages.request(request))
        except OSError:
            raise BankUnavailable("E-BANK-001", bank=self.info.name) from None
        left = min(deadline.seconds, self.config.patience)
        while (answered := self._answer(request.key)) is None and left > 0:
            self.sleep(_STEP)
            left -= _STEP
        if answered is None:
            raise BankOutcomeUnknown("E-BANK-002", bank=self.info.name, key=request.key)
        return answered

    def ask(self, key: RequestKey, *, deadline: Deadline) -> Receipt | None:
        """Return what became of *key*; None: the bank has neither it nor an answer to it.

        Raises:
            BankUnavailable: the request still lies there, so nothing can be said.
        """
        assert deadline.seconds > 0
        answered = self._answer(key)
        if answered is not None:
            return answered
        if self._at(REQUESTS, key).exists():
            raise BankUnavailable("E-BANK-001", bank=self.info.name)
        # The bank answers first and takes the request away then: between our two looks it may
        # have done both.
        return self._answer(key)

    def collect(self, *, after: Cursor | None) -> Iterable[Collected]:
        """Yield the notices of all files behind *after*, up to the first that is not there yet.

        Raises:
            BankUnavailable: the next file is not whole; nothing of it was read.
        """
        number, done = _behind(after)
        while (letter := self._letter(number)) is not None:
            for place, notice in enumerate(letter.notices, start=1):
                if place > done:
                    yield Collected(notice=notice, cursor=Cursor(f"{number}:{place}"))
            number, done = number + 1, 0

    def _at(self, kind: str, key: RequestKey) -> Path:
        return Path(self.config.folder, kind, f"{key.text}.json")

    def _answer(self, key: RequestKey) -> Receipt | None:
        try:
            data = content(self._at(ANSWERS, key))
            return None if data is None else self.messages.read_receipt(data)
        except (OSError, UnreadableError):
            return None  # an answer that cannot be read has not been given

    def _letter(self, number: int) -> Letter | None:
        try:
            data = content(Path(self.config.folder, NOTICES, f"{number:08d}.json"))
            letter = None if data is None else self.messages.read_letter(data)
        except (OSError, UnreadableError):
            raise BankUnavailable("E-BANK-001", bank=self.info.name) from None
        if letter is not None and letter.number != number:
            raise BankUnavailable("E-BANK-001", bank=self.info.name)
        return letter


def _behind(after: Cursor | None) -> tuple[int, int]:
    """Return the file and the place in it after which to go on."""
    found = None if after is None else _BEHIND.fullmatch(after)
    return (1, 0) if found is None else (int(found[1]), int(found[2]))
