"""Know how the cards of a bank's daily list are read without a value made for each (日终全量).

The lines of a city differ in their tokens and say the same few things beside them. What stands
beside a token is read once, as any line is, and remembered; a line that is not plain takes the
common way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from szunion.adapters.bank.batch_file.lines import FileLines, Reading
from szunion.domain.bank import BankState, ListedCard

_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{8,64}")
"""What :class:`szunion.domain.values.CardToken` takes."""
_LETTERS: Final = bytes(each for each in range(256) if _TOKEN.fullmatch(bytes([each]) * 8))
_LENGTHS: Final = range(8, 65)
_REMEMBERED: Final = 1 << 14

Said: TypeAlias = tuple[int, BankState, int]
"""What a line says beside its token: PSN, state, sequence."""


class FiledCards(FileLines):
    """The cards of a list in a file: :class:`szunion.application.listed.Plainly`."""

    def __init__(self, reading: Reading, count: int) -> None:
        super().__init__(reading, count)
        self._reading = reading

    def plainly(self) -> Iterator[tuple[Sequence[str], Sequence[Said]]]:
        """Yield tokens, and beside them what is said of each, of the lines that make a value."""
        known: dict[object, Said] = {}
        detail = self._reading.sheet.detail
        for lines in self._reading.pages():
            words, rests = detail.parted("card", lines)
            tokens, said = _tokens(words), None
            with suppress(KeyError):
                said = [known[rest] for rest in rests]
            if tokens is None or said is None:
                tokens, said = self._one_by_one(lines, words, rests, known)
            yield tokens, said

    def _one_by_one(
        self,
        lines: Sequence[bytes],
        words: Sequence[bytes],
        rests: Sequence[object],
        known: dict[object, Said],
    ) -> tuple[list[str], list[Said]]:
        """Return the same of lines of which some are not known yet, or are not plain."""
        tokens, found = [], []
        for line, word, rest in zip(lines, words, rests, strict=True):
            said = known.get(rest)
            if said is None or not _TOKEN.fullmatch(word):
                value = self._reading.value(line)
                if not isinstance(value, ListedCard):
                    continue
                said = (value.card.psn, value.state, value.sequence)
                token = value.card.token.plain()
                if line.isascii() and token.encode() == word:
                    if len(known) >= _REMEMBERED:
                        known.clear()
                    known[rest] = said
            else:
                token = word.decode()
            tokens.append(token)
            found.append(said)
        return tokens, found


def _tokens(words: Sequence[bytes]) -> list[str] | None:
    """Return *words* as text if each of them is a token: all looked at together."""
    whole = b"\n".join(words)
    if not words or whole.translate(None, _LETTERS) != b"\n" * (len(words) - 1):
        return None
    if not all(map(_LENGTHS.__contains__, {*map(len, words)})):
        return None
    return whole.decode("ascii").split("\n")
