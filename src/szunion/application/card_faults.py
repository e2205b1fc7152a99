"""Know how an error of the card layer is told to those who use the system: 卡片错误.

The card layer stands alone and has errors of its own. A use case that talks to a card wraps the
conversation in `told_as_card_faults`; errors of the reader go through as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from szunion.emv import errors as emv
from szunion.errors import CardFault

_SUCCESS = 0x9000


@contextmanager
def told_as_card_faults() -> Iterator[None]:
    """Turn what a card did wrong into a `CardFault` with a page in both languages.

    A broken rule of our own (a key that was refused, a step out of order) is not the card's and
    goes through.

    Raises:
        CardFault: E-READER-020 the card refused, 021 its answers break the standard, 022 it did
            not pass authentication.
    """
    try:
        yield
    except (emv.CardFault, emv.BadData, emv.LimitExceeded, emv.AuthenticationFailed) as error:
        raise as_card_fault(error) from error


def as_card_fault(error: emv.EmvError) -> CardFault:
    """Return the error with which the system tells *error*.

    >>> as_card_fault(emv.CardFault(0x6985)).code
    'E-READER-020'
    """
    told = {"detail_zh": error.what("zh"), "detail_en": error.what("en")}
    match error:
        case emv.AuthenticationFailed():
            return CardFault("E-READER-022", **told)
        case emv.CardFault(sw=sw) if sw != _SUCCESS:
            return CardFault("E-READER-020", **told)
        case _:
            return CardFault("E-READER-021", **told)
