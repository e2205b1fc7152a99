"""Know whether a card is the genuine one, without asking the bank: offline data authentication.

脱机数据认证: SDA, DDA, CDA and fDDA, with RSA and with SM2. The outcome is a `Verdict`: how far the
card is believed (`Assurance`), and every reason why not. Only this module makes verdicts, any
failed check means *not authenticated*, and there is no falling back to a weaker method.

Order of use: `choose`, `szunion.emv.oda_keys.recover` (keys), then `check_sda`, `check_dda`,
`check_cda` or `check_fdda`.

Spec: EMV book 2, 5 and 6; book 3, 10.3; JR/T 0025.12, fDDA; JR/T 0025.17, 8.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final, NamedTuple, final

from attrs import field, frozen

from szunion.emv import certificates, crypto
from szunion.emv.bits import Bit
from szunion.emv.capk import CaKeys
from szunion.emv.certificates import DynamicData, Opened, Reasons
from szunion.emv.errors import BadTlv
from szunion.emv.fields import Aip, TerminalCapabilities, Tvr
from szunion.emv.issuer import Genuine
from szunion.emv.oda_keys import Assurance, CardData, Policy, Recovered, recover
from szunion.emv.reasons import Reason, failed
from szunion.emv.rsa import RsaKey
from szunion.emv.tlv import Nodes, parse


@unique
class Method(Enum):
    """A method of offline data authentication."""

    NONE = "none"
    SDA = "static 静态"
    DDA = "dynamic 动态"
    CDA = "combined with the cryptogram 复合动态"
    FDDA = "fast dynamic 快速动态"


_LEVEL: Final[Mapping[Method, Assurance]] = MappingProxyType(
    {
        Method.NONE: Assurance.READ_ONLY,
        Method.SDA: Assurance.SDA,
        Method.DDA: Assurance.DDA_OFFLINE,
        Method.CDA: Assurance.CDA_OFFLINE,
        Method.FDDA: Assurance.DDA_OFFLINE,
    }
)


class _Seal(NamedTuple):
    """What a verdict was made with; one altered by ``attrs.evolve`` no longer fits its seal."""

    method: Method
    assurance: Assurance
    reasons: Reasons
    code: bytes
    dynamic: DynamicData | None
    pan: str

    def __repr__(self) -> str:
        """Show no card number, in a traceback or anywhere."""
        return f"_Seal({self.method.name}, {self.assurance.name})"


@final
@frozen(kw_only=True)
class Verdict:
    """The outcome of one authentication. Only this module can make one.

    Raises:
        AuthenticationFailed: somebody else tried.
    """

    method: Method
    assurance: Assurance
    reasons: Reasons = ()
    """Every check that failed; empty when the card was authenticated."""
    code: bytes = b""
    """SDA: data authentication code 9F45."""
    dynamic: DynamicData | None = field(default=None, repr=False)
    """The others: what the card signed. 9F4C is its ``number``."""
    pan: str = field(default="", repr=False)
    """The card number that was authenticated; empty where none was."""
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        content = (
            self.method, self.assurance, self.reasons, self.code, self.dynamic, self.pan
        )  # fmt: skip
        if not isinstance(self._seal, _Seal) or self._seal != content:
            raise failed(Reason.VERDICT_FORGED)

    @property
    def passed(self) -> bool:
        """Whether every check held."""
        return self.method is not Method.NONE and not self.reasons

    @property
    def tvr(self) -> Tvr:
        """What to set in the TVR 终端验证结果.  Spec: EMV book 3, 10.3 and annex C5."""
        if self.method is Method.NONE:
            return Tvr.of(Tvr.ODA_NOT_PERFORMED)
        tvr = Tvr.of(Tvr.SDA_SELECTED) if self.method is Method.SDA else Tvr.of()
        if any(reason in _DATA_MISSING for reason in self.reasons):
            tvr |= Tvr.ICC_DATA_MISSING
        return tvr | _FAILED[self.method] if self.reasons else tvr


_FAILED: Final[Mapping[Method, Bit]] = MappingProxyType(
    {
        Method.SDA: Tvr.SDA_FAILED,
        Method.DDA: Tvr.DDA_FAILED,
        Method.CDA: Tvr.CDA_FAILED,
        Method.FDDA: Tvr.DDA_FAILED,
    }
)

#: Spec: EMV book 3, 7.5, table 35.
_DATA_MISSING: Final = frozenset(
    {
        Reason.CA_INDEX_MISSING,
        Reason.ISSUER_CERTIFICATE_MISSING,
        Reason.ISSUER_EXPONENT_MISSING,
        Reason.ICC_CERTIFICATE_MISSING,
        Reason.ICC_EXPONENT_MISSING,
        Reason.STATIC_SIGNATURE_MISSING,
        Reason.PAN_MISSING,
        Reason.REMAINDER_MISSING,
    }
)


def _sealed(seal: _Seal) -> Verdict:
    return Verdict(
        method=seal.method,
        assurance=seal.assurance,
        reasons=seal.reasons,
        code=seal.code,
        dynamic=seal.dynamic,
        pan=seal.pan,
        seal=seal,
    )


def _verdict(  # noqa: PLR0913 - what an outcome consists of
    method: Method,
    policy: Policy,
    reasons: Reasons,
    *,
    code: bytes = b"",
    dynamic: DynamicData | None = None,
    pan: str = "",
) -> Verdict:
    """Seal an outcome; the floor is the last check."""
    level = _LEVEL[method]
    if not reasons and level < policy.floor:
        reasons = (Reason.METHOD_BELOW_FLOOR,)
    if reasons:
        once = tuple(dict.fromkeys(reasons))
        return _sealed(_Seal(method, Assurance.READ_ONLY, once, b"", None, ""))
    return _sealed(_Seal(method, level, (), code, dynamic, pan))


def confirmed_by_bank(verdict: Verdict, genuine: Genuine) -> Verdict:
    """Raise a verdict to `ONLINE_BANK`, for the issuer's host found the cryptogram right.

    *genuine* can only come from `szunion.emv.issuer`, and must be about the same card, and about
    the cryptogram that the card signed where it signed one. A card that failed stays failed.

    Raises:
        AuthenticationFailed: *genuine* is something else, or about something else.
    """
    if not isinstance(genuine, Genuine):
        raise failed(Reason.VERDICT_FORGED)
    if any(reason is not Reason.METHOD_NOT_SUPPORTED for reason in verdict.reasons):
        return verdict
    ask, dynamic = genuine.ask, verdict.dynamic
    if verdict.pan and verdict.pan != ask.account.pan:
        raise failed(Reason.PAN_MISMATCH)
    if dynamic is not None and dynamic.cryptogram not in (b"", ask.claimed):
        raise failed(Reason.CRYPTOGRAM_MISMATCH)
    seal = _Seal(verdict.method, Assurance.ONLINE_BANK, (), verdict.code, dynamic, ask.account.pan)
    return _sealed(seal)


def choose(card: Aip, terminal: TerminalCapabilities) -> Method:
    """Return the strongest method that card and terminal share.  Spec: EMV book 3, 10.3."""
    for method, ours, theirs in (
        (Method.CDA, TerminalCapabilities.CDA, Aip.CDA),
        (Method.DDA, TerminalCapabilities.DDA, Aip.DDA),
        (Method.SDA, TerminalCapabilities.SDA, Aip.SDA),
    ):
        if ours in terminal and theirs in card:
            return method
    return Method.NONE


def not_performed(policy: Policy) -> Verdict:
    """Return the verdict where there is no common method: data were read, that is all."""
    return _verdict(Method.NONE, policy, (Reason.METHOD_NOT_SUPPORTED,))


def unrecovered(recovered: Recovered) -> Verdict:
    """Return the verdict of CDA that fails before the card is asked: its keys are not right.

    Spec: EMV book 4, 6.3.2.1.
    """
    return _verdict(Method.CDA, recovered.policy, recovered.reasons)


# --- the methods ----------------------------------------------------------------------------------


def check_sda(card: CardData, keys: CaKeys, policy: Policy) -> Verdict:
    """Check the static signature 93 over records and AIP.  Spec: EMV book 2, 5.4."""
    recovered = recover(card, keys, policy, dynamic=False)
    facts, issuer = recovered.facts, recovered.issuer
    reasons = list(recovered.reasons)
    if 0x5A not in facts.signed:
        reasons.append(Reason.PAN_NOT_SIGNED)
    signature = facts.values.get(0x93)
    if signature is None:
        reasons.append(Reason.STATIC_SIGNATURE_MISSING)
    if issuer is None or signature is None:
        return _verdict(Method.SDA, policy, tuple(reasons))
    if isinstance(issuer.key, RsaKey):
        opened = certificates.open_rsa_static(issuer.key, signature, facts.static)
    else:
        opened = certificates.open_sm2_static(issuer.key, signature, facts.static)
    return _verdict(
        Method.SDA, policy, (*reasons, *opened.reasons), code=opened.value or b"", pan=recovered.pan
    )


def _open_dynamic(recovered: Recovered, signature: bytes, terminal: bytes) -> Opened[bytes]:
    if recovered.icc is None:
        return Opened(None, recovered.reasons or (Reason.ICC_CERTIFICATE_MISSING,))
    key = recovered.icc.key
    if isinstance(key, RsaKey):
        opened = certificates.open_rsa_dynamic(key, signature, terminal)
    else:
        opened = certificates.open_sm2_dynamic(key, signature, terminal)
    return Opened(opened.value, (*recovered.reasons, *opened.reasons))


def _challenge_reasons(challenge: bytes, terminal: bytes) -> Reasons:
    if len(challenge) < 4:
        return (Reason.CHALLENGE_TOO_SHORT,)
    return () if challenge in terminal else (Reason.DDOL_WITHOUT_CHALLENGE,)


def _answer_nodes(answer: bytes) -> Nodes | None:
    """Return the objects of an answer in template 77, None where it is not one."""
    try:
        nodes = parse(answer)
    except BadTlv:
        return None
    return nodes[0].children if len(nodes) == 1 and nodes[0].tag == 0x77 else None


def _signature_in(answer: bytes) -> bytes | Reason:
    """Return the signature in an answer of format 1 (80) or 2 (77 with 9F4B)."""
    try:
        nodes = parse(answer)
    except BadTlv:
        return Reason.ANSWER_FORM
    if len(nodes) != 1 or nodes[0].tag not in (0x80, 0x77):
        return Reason.ANSWER_FORM
    if nodes[0].tag == 0x80:
        return nodes[0].value
    found = [node.value for node in nodes[0].children if node.tag == 0x9F4B]
    return found[0] if len(found) == 1 else Reason.DYNAMIC_SIGNATURE_MISSING


def check_dda(recovered: Recovered, answer: bytes, terminal: bytes, challenge: bytes) -> Verdict:
    """Check what INTERNAL AUTHENTICATE answered.  Spec: EMV book 2, 6.5.

    Args:
        recovered: from `recover` with ``dynamic=True``.
        answer: the whole answer, template 80 or 77.
        terminal: the data that the terminal sent, made by the DDOL.
        challenge: the unpredictable number 9F37, which must be among them.
    """
    policy = recovered.policy
    reasons = _challenge_reasons(challenge, terminal)
    signature = _signature_in(answer)
    if isinstance(signature, Reason):
        return _verdict(Method.DDA, policy, (*recovered.reasons, *reasons, signature))
    opened = _open_dynamic(recovered, signature, terminal)
    reasons += opened.reasons
    if opened.value is None:
        return _verdict(Method.DDA, policy, reasons)
    dynamic = certificates.read_dynamic(opened.value)
    return _verdict(
        Method.DDA, policy, (*reasons, *dynamic.reasons), dynamic=dynamic.value, pan=recovered.pan
    )


def check_cda(recovered: Recovered, answer: bytes, told: bytes, challenge: bytes) -> Verdict:
    """Check the signature that comes with a cryptogram.  Spec: EMV book 2, 6.6.

    Args:
        recovered: from `recover` with ``dynamic=True``.
        answer: the whole answer to GENERATE AC, template 77.
        told: the values sent by PDOL, then by CDOL1, then (second GENERATE AC) by CDOL2.
        challenge: the unpredictable number 9F37 of this GENERATE AC.
    """
    policy = recovered.policy
    reasons: list[Reason] = list(_challenge_reasons(challenge, told))
    nodes = _answer_nodes(answer)
    if nodes is None:
        return _verdict(Method.CDA, policy, (*recovered.reasons, *reasons, Reason.ANSWER_FORM))
    values = {node.tag: node.value for node in nodes}
    if len(values) != len(nodes):
        reasons.append(Reason.DUPLICATE_TAG)
    if 0x9F4B not in values:
        reasons += (*recovered.reasons, Reason.DYNAMIC_SIGNATURE_MISSING)
        return _verdict(Method.CDA, policy, tuple(reasons))
    opened = _open_dynamic(recovered, values[0x9F4B], challenge)
    reasons += opened.reasons
    if opened.value is None or recovered.icc is None:
        return _verdict(Method.CDA, policy, tuple(reasons))
    is_rsa = isinstance(recovered.icc.key, RsaKey)
    dynamic = certificates.read_combined(opened.value, 20 if is_rsa else 32)
    reasons += dynamic.reasons
    if dynamic.value is not None:
        told += b"".join(node.encode() for node in nodes if node.tag != 0x9F4B)
        right = crypto.sha1(told) if is_rsa else crypto.sm3(told)
        reasons += _combined_reasons(dynamic.value, values, right)
    return _verdict(Method.CDA, policy, tuple(reasons), dynamic=dynamic.value, pan=recovered.pan)


def _combined_reasons(
    dynamic: DynamicData, values: Mapping[int, bytes], right: bytes
) -> list[Reason]:
    """Compare what was signed with what was answered."""
    reasons = []
    if not crypto.same(dynamic.transaction_hash, right):
        reasons.append(Reason.TRANSACTION_HASH)
    if values.get(0x9F27) != bytes((dynamic.cid or 0,)):
        reasons.append(Reason.CID_MISMATCH)
    if values.get(0x9F26, dynamic.cryptogram) != dynamic.cryptogram:
        reasons.append(Reason.CRYPTOGRAM_MISMATCH)
    return reasons


@frozen(kw_only=True)
class FastData:
    """What a fast dynamic signature (fDDA) may cover.  Spec: JR/T 0025.12."""

    challenge: bytes
    """9F37, 4 bytes."""
    amount: bytes = b""
    """9F02, 6 bytes."""
    currency: bytes = b""
    """5F2A, 2 bytes."""
    card: bytes | None = None
    """9F69: 01, card's number 4, CTQ 2, 00. With it the signature is of version 01."""
    atc: bytes
    """9F36, 2 bytes."""
    ctq: bytes | None = None
    """9F6C as answered in clear; it must be the one that was signed."""
    last_atc: int = -1
    """The highest ATC seen of this card."""


def check_fdda(
    recovered: Recovered, signature: bytes | None, data: FastData, *, least_version: int = 1
) -> Verdict:
    """Check qPBOC's signature 9F4B.  Spec: JR/T 0025.12, fDDA.

    Args:
        recovered: from `recover` with ``dynamic=True``.
        signature: 9F4B, from the answer to GET PROCESSING OPTIONS or from a record.
        data: what it covers.
        least_version: 1 for a terminal that asks for version 01 (9F08 from 0030 on), else 0.
    """
    policy = recovered.policy
    reasons: list[Reason] = []
    version, terminal = _fast_terminal(data)
    if version is None:
        reasons.append(Reason.FDDA_DATA_MISSING)
    elif version < least_version:
        reasons.append(Reason.FDDA_VERSION)
    if len(data.challenge) < 4:
        reasons.append(Reason.CHALLENGE_TOO_SHORT)
    if data.card is not None and data.ctq is not None and data.card[5:7] != data.ctq:
        reasons.append(Reason.CTQ_MISMATCH)
    if int.from_bytes(data.atc, "big") <= data.last_atc:
        reasons.append(Reason.ATC_REPLAYED)
    if signature is None:
        reasons += (*recovered.reasons, Reason.DYNAMIC_SIGNATURE_MISSING)
        return _verdict(Method.FDDA, policy, tuple(reasons))
    opened = _open_dynamic(recovered, signature, terminal)
    reasons += opened.reasons
    if opened.value is None:
        return _verdict(Method.FDDA, policy, tuple(reasons))
    dynamic = certificates.read_dynamic(opened.value)
    reasons += dynamic.reasons
    if dynamic.value is not None and dynamic.value.number != data.atc:
        reasons.append(Reason.ATC_MISMATCH)
    return _verdict(Method.FDDA, policy, tuple(reasons), dynamic=dynamic.value, pan=recovered.pan)


def _fast_terminal(data: FastData) -> tuple[int | None, bytes]:
    """Return the version of a fast signature and what it covers."""
    if data.card is None:
        return 0, data.challenge
    whole = len(data.card) == 8 and len(data.amount) == 6 and len(data.currency) == 2
    if not whole or data.card[0] != 1:
        return None, b""
    return 1, data.challenge + data.amount + data.currency + data.card
