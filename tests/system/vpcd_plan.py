"""Know what the test with the real daemon must have seen; the steps say each, the test asks."""

from __future__ import annotations

from itertools import product
from typing import Final

LISTED: Final = "pyscard sees both virtual readers and our card's ATR"
OPENSC_ATR: Final = "opensc-tool reads the ATR"
OPENSC_READS: Final = "opensc-tool selects our application and reads a record"
PYSCARD_READS: Final = "pyscard by itself connects, selects and reads, as 61xx and 6Cxx come"
PULLED: Final = "a card taken out is told"
PULLED_MIDWAY: Final = "a card taken out in the middle of a transaction is told, and once more"
AGAIN: Final = "a card put in again answers"
SHARED: Final = "a card that we hold is held from others"


def paid(scheme: str, method: str) -> str:
    """Return what is said of a whole transaction."""
    return f"{scheme} {method} approved online, ARPC accepted, script done"


PAID: Final = tuple(paid(*each) for each in product(("RSA", "SM"), ("DDA", "CDA")))
STEPS: Final = (
    LISTED, OPENSC_ATR, OPENSC_READS, PYSCARD_READS, *PAID, PULLED, PULLED_MIDWAY, AGAIN, SHARED,
)  # fmt: skip


def foreign(method: str) -> str:
    """Return what is said of a terminal that we did not write."""
    return f"emv-tool accepts {method}"


CLONE: Final = "emv-tool refuses a clone"
FOREIGN: Final = (*map(foreign, ("SDA", "DDA", "CDA")), CLONE)
NO_EMV_TOOL: Final = "emv-tool (openemv/emv-utils) is not on this machine"
