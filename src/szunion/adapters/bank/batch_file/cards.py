"""Know how the cards of a bank's daily list are read without a value made for each (日终全量).

The lines of a city differ in their tokens and say the same few things beside them. What stands
beside a token is read once, as any line is, and remembered; a line that is not plain takes the
common way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from szunion.adapters.bank.batch_file.lines import FileLines, Reading
from szunion.domain.bank import ListedCard
from szunion.domain.card_records import Said

_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{8,64}")
"""What :class:`szunion.domain.values.CardToken` takes."""
_LETTERS: Final = bytes(each for each in range(256) if _TOKEN.fullmatch(bytes([each]) * 8))
_LENGTHS: Final = range(8, 65)
_REMEMBERED: Final = 1 << 14


class FiledCards(FileLines):
    """The cards of a list in a file: :class:`szunion.domain.card_records.Plainly`."""

    def __init__(self, reading: Reading, count: int) -> None:
        super().__init__(reading, count)
        self._reading = reading

    def plainly(self) -> Iterator[tuple[Sequence[bytes], Sequence[Said]]]:
        """Yield tokens, and beside them what is said of each, of the lines that make a value."""
        known: dict[object, Said] = {}
        sheet = self._reading.sheet
        for block in self._reading.blocks():
            words, rests = sheet.detail.parted("card", block, sheet.bank.end)
            said = None
            with suppress(KeyError):
                said = list(map(known.__getitem__, rests))
            if said is not None and _tokens(words):
                yield words, said
            else:
                yield self._one_by_one(sheet.parted(block), words, rests, known)

    def _one_by_one(
        self,
        lines: Sequence[bytes],
        words: Sequence[bytes],
        rests: Sequence[object],
        known: dict[object, Said],
    ) -> tuple[list[bytes], list[Said]]:
        """Return the same of lines of which some are not known yet, or are not plain."""
        tokens, found = [], []
        for line, word, rest in zip(lines, words, rests, strict=True):
            said = known.get(rest)
            if said is None or not _TOKEN.fullmatch(word):
                value = self._reading.value(line)
                if not isinstance(value, ListedCard):
                    continue
                said = Said(value.card.psn, value.state, value.sequence)
                token = value.card.token.plain().encode()
                if line.isascii() and token == word:
                    if len(known) >= _REMEMBERED:
                        known.clear()
                    known[rest] = said
            else:
                token = word
            tokens.append(token)
            found.append(said)
        return tokens, found


def _tokens(words: Sequence[bytes]) -> bool:
    """Return whether each of *words* is a token: all looked at together."""
    if b"".join(words).translate(None, _LETTERS):
        return False
    return all(map(_LENGTHS.__contains__, {*map(len, words)}))
