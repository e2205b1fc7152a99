"""Know how a contact transaction ended: 交易结果.

An outcome is a value: a declined payment is no error.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from szunion.emv import oda
from szunion.emv.cvm import HolderCheck
from szunion.emv.fields import Tsi, Tvr
from szunion.emv.generated import Cryptogram
from szunion.emv.issuer_script import ScriptResult
from szunion.emv.oda_keys import Assurance
from szunion.emv.reading import ApplicationData


class Decision(Enum):
    """How a transaction ended: 交易结果."""

    APPROVED_OFFLINE = "approved offline 脱机批准"
    APPROVED_ONLINE = "approved online 联机批准"
    DECLINED_OFFLINE = "declined offline 脱机拒绝"
    DECLINED_ONLINE = "declined online 联机拒绝"
    NOT_ACCEPTED = "no application in common 无可用应用"

    @property
    def approved(self) -> bool:
        """Whether goods may change hands."""
        return self in (Decision.APPROVED_OFFLINE, Decision.APPROVED_ONLINE)


@frozen(kw_only=True)
class Outcome:
    """How a transaction went."""

    decision: Decision
    assurance: Assurance = Assurance.READ_ONLY
    """How far it is believed that the genuine card took part. Never from unsigned data."""
    verdict: oda.Verdict | None = None
    tvr: Tvr = Tvr.of()
    tsi: Tsi = Tsi.of()
    code: bytes = b""
    """Authorisation response code 8A."""
    holder: HolderCheck | None = None
    holder_verified: bool = False
    """The PIN was right, and the card itself says so in signed data. 9000 alone is no proof."""
    cryptograms: tuple[Cryptogram, ...] = ()
    scripts: tuple[ScriptResult, ...] = ()
    """To be sent to the issuer in the next online message."""
    data: ApplicationData | None = None
    used_ecash: bool = False
