"""The bank's side of the shared folder, played by szunion's simulated bank."""

from __future__ import annotations

from pathlib import Path

from attrs import define, field
from szunion_bank_yunhai.folder import appear
from szunion_bank_yunhai.line import ANSWERS, NOTICES, REQUESTS
from szunion_bank_yunhai.messages import Messages

from szunion.ports import Deadline
from szunion.testing import SimulatedBank

SOON = Deadline(5.0)


@define
class Peer:
    """The Bank of Yunhai: it takes requests out of the folder, and lays what it tells into it."""

    folder: Path
    bank: SimulatedBank
    messages: Messages = field(factory=Messages)
    letters: int = 0
    told: int = 0

    def __attrs_post_init__(self) -> None:
        for kind in (REQUESTS, ANSWERS, NOTICES):
            (self.folder / kind).mkdir(parents=True, exist_ok=True)

    def serve(self, *, take_away: bool = True) -> int:
        """Answer every request that lies there; return how many did."""
        found = sorted((self.folder / REQUESTS).glob("[A-Z2-7]*.json"))
        for path in found:
            request = self.messages.read_request(path.read_bytes())
            receipt = self.bank.send(request, deadline=SOON)
            appear(self.folder / ANSWERS / path.name, self.messages.receipt(receipt))
            if take_away:
                path.unlink()
        return len(found)

    def tell(self) -> int:
        """Lay everything new that the bank tells into one file; return how many notices."""
        news = self.bank.truth.told[self.told :]
        if news:
            self.letters += 1
            path = self.folder / NOTICES / f"{self.letters:08d}.json"
            appear(path, self.messages.letter(self.letters, news))
            self.told += len(news)
        return len(news)
