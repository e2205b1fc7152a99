"""Know how the certificates in a trace hang together, and where the chain breaks 证书链讲解.

A trace holds all that a terminal saw, so the chain root, issuer, card, signature can be checked
again afterwards, given the roots. The checks are those of ``oda``; here they are only said. What
was wiped from a trace cannot be checked, and that is said too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from szunion.emv import dol, tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.capk import CaKeys
from szunion.emv.certificates import IccCertificate, IssuerCertificate
from szunion.emv.errors import EmvError
from szunion.emv.explain import joined
from szunion.emv.explain_model import Item, Said
from szunion.emv.explain_trace import Exchange, is_redacted
from szunion.emv.lists import AflEntry
from szunion.emv.oda import FastData, Verdict, check_cda, check_dda, check_fdda
from szunion.emv.oda_keys import CardData, Policy, Record, Recovered, recover
from szunion.emv.pan import CardNumber
from szunion.emv.rsa import RsaKey

_OK = 0x9000


@frozen
class _Signature:
    """One dynamic signature: the answer it stands in, and what the terminal had said."""

    answer: bytes
    asked: bytes
    """The data of that command."""
    told: bytes
    """All data since GET PROCESSING OPTIONS, in order."""
    dol: int
    """The card's list that *asked* follows: DDOL, CDOL1 or CDOL2."""


@frozen
class _Seen:
    """What one selected application has shown so far."""

    aid: bytes
    df_name: bytes | None = None
    pdol: bytes = b""
    aip: bytes = b""
    others: tuple[tlv.Node, ...] = ()
    """What the answer to GET PROCESSING OPTIONS held."""
    signed: frozenset[tuple[int, int]] = frozenset()
    records: tuple[Record, ...] = ()
    told: bytes = b""
    cryptograms: int = 0
    signatures: tuple[_Signature, ...] = ()

    def data(self) -> CardData:
        return CardData(
            aid=self.aid,
            df_name=self.df_name,
            aip=self.aip,
            records=self.records,
            others=self.others,
        )

    def leaves(self) -> Iterator[tlv.Node]:
        for nodes in (self.others, *(_nodes(record.raw) for record in self.records)):
            yield from (node for node in tlv.walk(nodes) if not node.constructed)

    @property
    def has_chain(self) -> bool:
        return any(node.tag == 0x90 for node in self.leaves())


def follow(trace: Iterable[Exchange], roots: CaKeys, policy: Policy) -> tuple[Item, ...]:
    """Explain the chain of every application in the trace that gave an issuer certificate.

    Args:
        trace: Exchanges in order.
        roots: The CA keys to check against.
        policy: The day, and what is insisted on.
    """
    return tuple(_chain(seen, roots, policy) for seen in _applications(trace) if seen.has_chain)


def _applications(trace: Iterable[Exchange]) -> Iterator[_Seen]:
    seen: _Seen | None = None
    for exchange in joined(trace):
        command, response = exchange.command, exchange.response
        if command.ins == 0xA4 and command.p1 == 0x04 and response.sw == _OK:
            if seen is not None:
                yield seen
            found = _nodes(response.data)
            name, pdol = (tlv.first(found, tag) for tag in (0x84, 0x9F38))
            seen = _Seen(command.data, name, pdol or b"")
        elif seen is not None and response.sw == _OK:
            seen = _more(seen, command, response)
    if seen is not None:
        yield seen


def _more(seen: _Seen, command: Command, response: Response) -> _Seen:
    match command.cla, command.ins:
        case 0x80, 0xA8:
            aip, afl = _options(response.data)
            told = tlv.first(_nodes(command.data), 0x83) or b""
            bare = response.data[:1] == b"\x80"
            others = () if bare else tuple(_nodes(response.data))
            return evolve(seen, aip=aip, signed=_signed(afl), told=told, others=others)
        case 0x00, 0xB2:
            place = command.p2 >> 3, command.p1
            record = Record(
                sfi=place[0], number=place[1], raw=response.data, signed=place in seen.signed
            )
            return evolve(seen, records=(*seen.records, record))
        case 0x00, 0x88:
            signature = _Signature(response.data, command.data, seen.told, 0x9F49)
            return evolve(seen, signatures=(*seen.signatures, signature))
        case 0x80, 0xAE:
            return _cryptogram(seen, command, response)
        case _:
            return seen


def _cryptogram(seen: _Seen, command: Command, response: Response) -> _Seen:
    told = seen.told + command.data
    seen = evolve(seen, told=told, cryptograms=seen.cryptograms + 1)
    if tlv.first(_nodes(response.data), 0x9F4B) is None:
        return seen
    listed = 0x8C if seen.cryptograms == 1 else 0x8D
    signature = _Signature(response.data, command.data, told, listed)
    return evolve(seen, signatures=(*seen.signatures, signature))


def _nodes(data: bytes) -> Sequence[tlv.Node]:
    try:
        return tlv.parse(data)
    except EmvError:
        return ()


def _options(data: bytes) -> tuple[bytes, bytes]:
    """Return AIP and AFL of either answer format."""
    nodes = _nodes(data)
    bare = tlv.first(nodes, 0x80)
    if bare is not None:
        return bare[:2], bare[2:]
    return tlv.first(nodes, 0x82) or b"", tlv.first(nodes, 0x94) or b""


def _signed(afl: bytes) -> frozenset[tuple[int, int]]:
    try:
        entries = AflEntry.parse(afl)
    except EmvError:
        return frozenset()
    return frozenset(
        (entry.sfi, record) for entry in entries for record, signed in entry.records() if signed
    )


_WIPED = Said(
    "个人数据已从记录中抹去，证书链无法核对",
    "personal data were wiped from the trace: the chain cannot be checked",
)


def _chain(seen: _Seen, roots: CaKeys, policy: Policy) -> Item:
    name = Said("证书链", "certificates")
    if any(is_redacted(node.value) for node in seen.leaves()):
        return Item("ODA", name, seen.aid, meaning=(_WIPED,))
    recovered = recover(seen.data(), roots, policy, dynamic=True)
    index = recovered.facts.values.get(0x8F, b"")
    parts = [Item("8F", Said("根公钥索引", "CA key index"), index)]
    if recovered.issuer is not None:
        parts.append(_issuer(recovered.issuer))
    if recovered.icc is not None:
        parts.append(_card(recovered.icc))
    parts += [_signature(each, recovered) for each in seen.signatures]
    if any(node.tag == 0x9F4B for node in seen.leaves()):
        parts.append(_fast(seen, recovered))
    parts += [
        Item("✗", Said(reason.say("zh"), reason.say("en")), wrong=True)
        for reason in recovered.reasons
    ]
    good = not any(part.wrong for part in parts)
    outcome = (
        Said("证书链完整", "the chain holds") if good else Said("证书链不成立", "the chain breaks")
    )
    return Item("ODA", name, seen.aid, meaning=(outcome,), children=tuple(parts), wrong=not good)


def _key_size(key: object) -> Said:
    if isinstance(key, RsaKey):
        return Said(f"RSA {key.size * 8} 位", f"RSA, {key.size * 8} bits")
    return Said("SM2", "SM2")


def _expiry(raw: bytes) -> Said:
    text = f"20{raw[1:].hex()}-{raw[:1].hex()}"
    return Said(f"有效期 {text}", f"expires {text}")


def _issuer(certificate: IssuerCertificate) -> Item:
    serial = certificate.serial.hex().upper()
    said = (
        Said(f"IIN {certificate.iin}", f"IIN {certificate.iin}"),
        _expiry(certificate.expiry),
        Said(f"序列号 {serial}", f"serial {serial}"),
        _key_size(certificate.key),
    )
    return Item("90", Said("发卡行证书", "issuer certificate"), meaning=said)


def _card(certificate: IccCertificate) -> Item:
    try:
        number = CardNumber(certificate.pan).masked()
    except EmvError:
        number = "-"
    said = (
        Said(f"卡号 {number}", f"number {number}"),
        _expiry(certificate.expiry),
        _key_size(certificate.key),
    )
    return Item("9F46", Said("卡证书", "card certificate"), meaning=said)


def _signature(signature: _Signature, recovered: Recovered) -> Item:
    """Say whether the signature of a card in contact is right: DDA, or CDA."""
    challenge = _challenge(signature, recovered)
    if signature.dol == 0x9F49:
        name = Said("动态签名（DDA）", "dynamic signature (DDA)")
        verdict = check_dda(recovered, signature.answer, signature.asked, challenge)
    else:
        name = Said("与密文一同签名（CDA）", "signature with the cryptogram (CDA)")
        verdict = check_cda(recovered, signature.answer, signature.told, challenge)
    return _judged(name, verdict)


def _fast(seen: _Seen, recovered: Recovered) -> Item:
    """Say whether the signature of a card in the air is right: fDDA."""
    values = recovered.facts.values
    told = _by_list(seen.pdol, seen.told)
    data = FastData(
        challenge=told.get(0x9F37, b""),
        amount=told.get(0x9F02, b""),
        currency=told.get(0x5F2A, b""),
        card=values.get(0x9F69),
        atc=values.get(0x9F36, b""),
        ctq=values.get(0x9F6C),
    )
    name = Said("快速动态签名（fDDA）", "fast dynamic signature (fDDA)")
    return _judged(name, check_fdda(recovered, values.get(0x9F4B), data, least_version=0))


def _judged(name: Said, verdict: Verdict) -> Item:
    if verdict.passed:
        return Item("9F4B", name, meaning=(Said("签名正确", "the signature is right"),))
    said = tuple(Said(reason.say("zh"), reason.say("en")) for reason in verdict.reasons)
    return Item("9F4B", name, meaning=said, wrong=True)


def _by_list(listed: bytes, data: bytes) -> dict[int, bytes]:
    try:
        return {entry.tag: part for entry, part in dol.split(dol.parse(listed), data)}
    except EmvError:
        return {}


def _challenge(signature: _Signature, recovered: Recovered) -> bytes:
    """Return the random number among the terminal's data: what the card's list says, else all."""
    listed = recovered.facts.values.get(signature.dol, b"")
    return _by_list(listed, signature.asked).get(0x9F37, signature.asked)
