"""Know what this adapter promises: the kit of szunion, and the bank's side of the shared folder."""

from __future__ import annotations

from pathlib import Path

from attrs import define, field

from szunion.ports import BankAdapter
from szunion.testing.bank import BankBehind, BankPromises, Trouble
from szunion_bank_yunhai.folder import appear, content
from szunion_bank_yunhai.line import ANSWERS, NOTICES, REQUESTS, YunhaiBank, YunhaiConfig
from szunion_bank_yunhai.messages import TELLS, Messages


@define
class YunhaiPeer:
    """The Bank of Yunhai: it comes by, takes requests, and lays answers and notices down.

    What arrived damaged is laid down anew the next time, as the bank's operators do.
    """

    behind: BankBehind
    messages: Messages = field(factory=Messages)
    _told: int = 0
    _letters: int = 0
    _damaged: dict[Path, bytes] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Make the folder, and find out what was laid down before."""
        for kind in (REQUESTS, ANSWERS, NOTICES):
            (self.behind.folder / kind).mkdir(parents=True, exist_ok=True)
        for path in sorted((self.behind.folder / NOTICES).glob("*.json")):
            letter = self.messages.read_letter(path.read_bytes())
            self._letters = letter.number
            self._told += len(letter.notices)
        self.behind.every_turn(self.visit)

    def visit(self) -> None:
        """Mend what was damaged, answer what lies there, tell what is new."""
        for path, whole in list(self._damaged.items()):
            del self._damaged[path]
            appear(path, whole)
        for path in sorted((self.behind.folder / REQUESTS).glob("[A-Z2-7]*.json")):
            self._answer(path)
        self._tell()

    def _answer(self, path: Path) -> None:
        request = self.messages.read_request(content(path) or b"")
        try:
            receipt = self.behind.take(request)
        except Trouble:
            return  # nobody came by, or the answer was lost: the request still lies there
        self._lay(self.behind.folder / ANSWERS / path.name, self.messages.receipt(receipt))
        path.unlink()

    def _tell(self) -> None:
        try:
            news = self.behind.news(self._told)
        except Trouble:
            return
        told = [each.notice for each in news if type(each.notice) in TELLS]
        self._told += len(news)
        if told:
            self._letters += 1
            path = self.behind.folder / NOTICES / f"{self._letters:08d}.json"
            self._lay(path, self.messages.letter(self._letters, told))

    def _lay(self, path: Path, whole: bytes) -> None:
        arrived = self.behind.wire(whole)
        if arrived != whole:
            self._damaged[path] = whole
        appear(path, arrived)


class YunhaiPromises(BankPromises):
    """Every promise of a bank adapter, over a shared folder."""

    tells = TELLS

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Join the adapter to its peer."""
        YunhaiPeer(behind)
        return YunhaiBank(YunhaiConfig(folder=str(behind.folder)))
