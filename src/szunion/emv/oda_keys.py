"""Know how the keys behind a card are recovered from its certificates, and what its records sign.

What a card told is gathered once: every object by tag, those that signed records hold, the bytes
that signatures cover. A tag with two values, a number of another issuer or brand, a record that is
no record: each is a reason against the card.

Spec: EMV book 2, 5 and 6; book 3, 10.3; JR/T 0025.17, 8.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from types import MappingProxyType
from typing import Final, final

from attrs import field, frozen

from szunion.emv import certificates
from szunion.emv.capk import CaKey, CaKeys, RsaCaKey
from szunion.emv.certificates import IccCertificate, IssuerCertificate, Opened, Reasons
from szunion.emv.errors import BadTlv
from szunion.emv.reasons import Reason
from szunion.emv.rsa import RsaKey
from szunion.emv.tlv import Node, Nodes, leaves, parse


class Assurance(IntEnum):
    """How far it is believed that the genuine card is present. Money needs `DDA_OFFLINE`."""

    READ_ONLY = 0
    """Data were read; a copy would answer the same."""
    SDA = 1
    """The issuer signed the data; a copy would answer the same."""
    DDA_OFFLINE = 2
    """The card signed our random number."""
    CDA_OFFLINE = 3
    """The card signed our random number and its cryptogram."""
    ONLINE_BANK = 4
    """The issuer checked the card's cryptogram."""


#: RID -> heads of card numbers that belong to it; an AID is not signed, a number is
BRANDS: Final[Mapping[bytes, tuple[str, ...]]] = MappingProxyType(
    {
        bytes.fromhex("A000000333"): ("62",),
        bytes.fromhex("A000000003"): ("4",),
        bytes.fromhex("A000000004"): ("2", "5", "67"),
        bytes.fromhex("A000000025"): ("34", "37"),
        bytes.fromhex("A000000065"): ("35",),
    }
)


@frozen(kw_only=True)
class Policy:
    """What the terminal insists on."""

    today: date
    floor: Assurance = Assurance.READ_ONLY
    """A method below this counts as not authenticated."""
    least_bits: int = 1024
    """The shortest RSA modulus of issuers and cards."""
    brands: Mapping[bytes, tuple[str, ...]] = BRANDS
    """Numbers by RID; a RID that is not named is not checked. Add old numbers of a bank here."""


@frozen(kw_only=True)
class Record:
    """One record as READ RECORD gave it. Its content does not print."""

    sfi: int
    number: int
    raw: bytes = field(repr=False)
    signed: bool
    """Whether the AFL counts it among the records that are authenticated."""


@frozen(kw_only=True)
class CardData:
    """What the terminal knows of an application before it authenticates it."""

    aid: bytes
    """The AID that was selected."""
    df_name: bytes | None = None
    """Tag 84 of the answer; None where there was none."""
    aip: bytes
    """Application interchange profile 82, 2 bytes."""
    records: tuple[Record, ...]
    others: Sequence[Node] = ()
    """Objects that came elsewhere, such as in qPBOC's answer to GET PROCESSING OPTIONS."""


@frozen(kw_only=True)
class Facts:
    """All primitive objects of a card, with those that its records sign."""

    values: Mapping[int, bytes] = field(repr=False)
    signed: Mapping[int, bytes] = field(repr=False)
    static: bytes = field(repr=False)
    reasons: Reasons


def _content(record: Record) -> tuple[Nodes, bytes] | None:
    """Return a record's objects and what is signed of it; None where it is no template 70."""
    try:
        nodes = parse(record.raw)
    except BadTlv:
        return None
    outer = nodes[0] if len(nodes) == 1 else None
    if outer is None or outer.tag != 0x70 or outer.encode() != record.raw:
        return None
    # files 1-10 belong to the application: contents only; files 11-30 with tag and length
    return outer.children, outer.value if record.sfi <= 10 else record.raw


def _noted(nodes: Iterable[Node], places: Iterable[dict[int, bytes]]) -> bool:
    """Put objects down by tag; tell whether no tag has two different values now."""
    found = [
        place.setdefault(tag, value) == value for tag, value in leaves(nodes) for place in places
    ]
    return all(found)


def gather(card: CardData) -> Facts:
    """Collect what a card told and what of it is signed."""
    values: dict[int, bytes] = {}
    signed: dict[int, bytes] = {}
    static: list[bytes] = []
    reasons: list[Reason] = []
    unique = _noted(card.others, (values,))
    for record in card.records:
        nodes, covered = _content(record) or ((), None)
        unique &= _noted(nodes, (values, signed) if record.signed else (values,))
        if covered is None:
            # an unsigned one of files 11-30 may have any form
            if record.signed or record.sfi <= 10:
                reasons.append(Reason.RECORD_FORM)
        elif record.signed:
            static.append(covered)
    if not unique:
        reasons.append(Reason.DUPLICATE_TAG)
    listed = values.get(0x9F4A)
    if listed is not None:
        if listed != b"\x82":
            reasons.append(Reason.STATIC_LIST)
        elif len(card.aip) != 2:
            reasons.append(Reason.AIP_MISSING)
        static.append(card.aip)
    return Facts(values=values, signed=signed, static=b"".join(static), reasons=tuple(reasons))


def signed_value(card: CardData, tag: int) -> bytes | None:
    """Return a data object if a signed record holds it: decide by nothing else."""
    return gather(card).signed.get(tag)


# --- keys -----------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class Recovered:
    """The keys behind a card, as far as they could be recovered."""

    policy: Policy
    reasons: Reasons
    pan: str = field(repr=False)
    """The card number that the data tell; believed only together with a verdict."""
    issuer: IssuerCertificate | None = None
    icc: IccCertificate | None = None
    facts: Facts = field(repr=False)


def _track_2_pan(values: Mapping[int, bytes]) -> str | None:
    track = values.get(0x57)
    return None if track is None else track.hex().upper().partition("D")[0]


def _number_reasons(card: CardData, facts: Facts, policy: Policy) -> tuple[str, Reasons]:
    """Return the card number and what is wrong about it."""
    raw = facts.values.get(0x5A)
    track_2 = _track_2_pan(facts.values)
    pan = track_2 if raw is None else certificates.digits_of(raw)
    if not pan:
        return "", (Reason.PAN_MISSING,)
    reasons = []
    if track_2 is not None and track_2 != pan:
        reasons.append(Reason.PAN_MISMATCH)
    brand = policy.brands.get(card.aid[:5])
    if brand is not None and not pan.startswith(brand):
        reasons.append(Reason.BRAND_MISMATCH)
    if card.df_name is not None and not card.df_name.startswith(card.aid):
        reasons.append(Reason.DF_NAME_MISMATCH)
    return pan, tuple(reasons)


def recover(card: CardData, keys: CaKeys, policy: Policy, *, dynamic: bool) -> Recovered:
    """Recover the issuer's key, and with *dynamic* the card's, checking everything on the way.

    Whether RSA or SM2 is at work follows from the root that the card names.
    """
    facts = gather(card)
    pan, wrong = _number_reasons(card, facts, policy)
    reasons = [*facts.reasons, *wrong]
    index = facts.values.get(0x8F, b"")
    root = (
        keys.find(card.aid[:5], index[0], policy.today)
        if len(index) == 1
        else Reason.CA_INDEX_MISSING
    )
    if isinstance(root, Reason):
        return Recovered(policy=policy, pan=pan, reasons=(*reasons, root), facts=facts)
    opened = _open_issuer(root, facts, policy)
    issuer = opened.value
    reasons += opened.reasons
    if issuer is None:
        return Recovered(policy=policy, pan=pan, reasons=tuple(reasons), facts=facts)
    reasons += certificates.expiry_reasons(issuer.expiry, policy.today)
    if keys.is_revoked(root.rid, root.index, issuer.serial):
        reasons.append(Reason.CERTIFICATE_REVOKED)
    if not pan.startswith(issuer.iin):
        reasons.append(Reason.IIN_MISMATCH)
    if not dynamic:
        return Recovered(policy=policy, pan=pan, reasons=tuple(reasons), issuer=issuer, facts=facts)
    card_side = _open_icc(issuer, facts, policy)
    reasons += card_side.reasons
    if card_side.value is not None:
        reasons += certificates.expiry_reasons(card_side.value.expiry, policy.today)
        if card_side.value.pan != pan:
            reasons.append(Reason.PAN_MISMATCH)
    return Recovered(
        policy=policy,
        pan=pan,
        reasons=tuple(reasons),
        issuer=issuer,
        icc=card_side.value,
        facts=facts,
    )


def pin_key(card: CardData, keys: CaKeys, policy: Policy) -> RsaKey | None:
    """Recover the key under which the card opens enciphered PINs; None: no PIN may be sealed.

    That is a key of its own where the card has one, else the key it signs with.  The certificates
    and the checks are the same, but for the static data, which the former leaves out.

    Spec: EMV book 2, 7.1, tables 23 to 25.
    """
    own = {0x9F2D, 0x9F2E} <= gather(card).values.keys()
    recovered = recover(card, keys, policy, dynamic=not own)
    issuer, certified = recovered.issuer, recovered.icc
    if own and issuer is not None and isinstance(issuer.key, RsaKey):
        certified = _open_pin(issuer.key, recovered)
    if recovered.reasons or certified is None or not isinstance(certified.key, RsaKey):
        return None
    return certified.key


def _open_pin(issuer: RsaKey, recovered: Recovered) -> IccCertificate | None:
    values, policy = recovered.facts.values, recovered.policy
    opened = certificates.open_rsa_icc(
        issuer,
        values[0x9F2D],
        values.get(0x9F2F, b""),
        values[0x9F2E],
        b"",
        least_bits=policy.least_bits,
    ).value
    if opened is None or opened.pan != recovered.pan:
        return None
    return None if certificates.expiry_reasons(opened.expiry, policy.today) else opened


def _open_issuer(root: CaKey, facts: Facts, policy: Policy) -> Opened[IssuerCertificate]:
    values = facts.values
    certificate = values.get(0x90)
    if certificate is None:
        return Opened(None, (Reason.ISSUER_CERTIFICATE_MISSING,))
    if not isinstance(root, RsaCaKey):
        return certificates.open_sm2_issuer(root.key, certificate)
    if 0x9F32 not in values:
        return Opened(None, (Reason.ISSUER_EXPONENT_MISSING,))
    return certificates.open_rsa_issuer(
        root.key, certificate, values.get(0x92, b""), values[0x9F32], least_bits=policy.least_bits
    )


def _open_icc(issuer: IssuerCertificate, facts: Facts, policy: Policy) -> Opened[IccCertificate]:
    values = facts.values
    certificate = values.get(0x9F46)
    if certificate is None:
        return Opened(None, (Reason.ICC_CERTIFICATE_MISSING,))
    if not isinstance(issuer.key, RsaKey):
        return certificates.open_sm2_icc(issuer.key, certificate, facts.static)
    if 0x9F47 not in values:
        return Opened(None, (Reason.ICC_EXPONENT_MISSING,))
    return certificates.open_rsa_icc(
        issuer.key,
        certificate,
        values.get(0x9F48, b""),
        values[0x9F47],
        facts.static,
        least_bits=policy.least_bits,
    )
