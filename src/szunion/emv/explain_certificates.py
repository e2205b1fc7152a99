"""Know how the certificates in a trace hang together, and where the chain breaks 证书链讲解.

A trace holds all that a terminal saw, so the chain root, issuer, card, signature can be checked
again afterwards, given the roots. The checks are those of ``oda``; here they are only said.
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
from szunion.emv.explain_trace import Exchange
from szunion.emv.lists import AflEntry
from szunion.emv.oda import check_dda
from szunion.emv.oda_keys import CardData, Policy, Record, Recovered, recover
from szunion.emv.pan import CardNumber
from szunion.emv.rsa import RsaKey

_OK = 0x9000


@frozen
class _Seen:
    """What one selected application has shown so far."""

    aid: bytes
    df_name: bytes | None = None
    aip: bytes = b""
    signed: frozenset[tuple[int, int]] = frozenset()
    records: tuple[Record, ...] = ()
    dynamic: tuple[bytes, bytes] | None = None

    def data(self) -> CardData:
        return CardData(aid=self.aid, df_name=self.df_name, aip=self.aip, records=self.records)


def follow(trace: Iterable[Exchange], roots: CaKeys, policy: Policy) -> tuple[Item, ...]:
    """Explain the chain of every application in the trace that gave an issuer certificate.

    Args:
        trace: Exchanges in order.
        roots: The CA keys to check against.
        policy: The day, and what is insisted on.
    """
    return tuple(
        _chain(seen, roots, policy)
        for seen in _applications(trace)
        if any(tlv.first(_nodes(record.raw), 0x90) is not None for record in seen.records)
    )


def _applications(trace: Iterable[Exchange]) -> Iterator[_Seen]:
    seen: _Seen | None = None
    for exchange in joined(trace):
        command, response = exchange.command, exchange.response
        if command.ins == 0xA4 and command.p1 == 0x04 and response.sw == _OK:
            if seen is not None:
                yield seen
            seen = _Seen(command.data, tlv.first(_nodes(response.data), 0x84))
        elif seen is not None and response.sw == _OK:
            seen = _more(seen, command, response)
    if seen is not None:
        yield seen


def _more(seen: _Seen, command: Command, response: Response) -> _Seen:
    if (command.cla, command.ins) == (0x80, 0xA8):
        aip, afl = _options(response.data)
        return evolve(seen, aip=aip, signed=_signed(afl))
    if command.ins == 0xB2:
        place = command.p2 >> 3, command.p1
        record = Record(
            sfi=place[0], number=place[1], raw=response.data, signed=place in seen.signed
        )
        return evolve(seen, records=(*seen.records, record))
    if (command.cla, command.ins) == (0x00, 0x88):
        return evolve(seen, dynamic=(response.data, command.data))
    return seen


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


def _chain(seen: _Seen, roots: CaKeys, policy: Policy) -> Item:
    recovered = recover(seen.data(), roots, policy, dynamic=True)
    index = recovered.facts.values.get(0x8F, b"")
    parts = [Item("8F", Said("根公钥索引", "CA key index"), index)]
    if recovered.issuer is not None:
        parts.append(_issuer(recovered.issuer))
    if recovered.icc is not None:
        parts.append(_card(recovered.icc))
    if seen.dynamic is not None:
        parts.append(_signature(seen.dynamic, recovered))
    parts += [
        Item("✗", Said(reason.say("zh"), reason.say("en")), wrong=True)
        for reason in recovered.reasons
    ]
    good = not any(part.wrong for part in parts)
    outcome = (
        Said("证书链完整", "the chain holds") if good else Said("证书链不成立", "the chain breaks")
    )
    name = Said("证书链", "certificates")
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


def _signature(dynamic: tuple[bytes, bytes], recovered: Recovered) -> Item:
    answer, terminal = dynamic
    name = Said("动态签名", "dynamic signature")
    verdict = check_dda(recovered, answer, terminal, _challenge(terminal, recovered))
    if verdict.passed:
        return Item("9F4B", name, meaning=(Said("签名正确", "the signature is right"),))
    said = tuple(Said(reason.say("zh"), reason.say("en")) for reason in verdict.reasons)
    return Item("9F4B", name, meaning=said, wrong=True)


def _challenge(terminal: bytes, recovered: Recovered) -> bytes:
    """Return the random number among the terminal's data: what the DDOL says, else all."""
    listed = recovered.facts.values.get(0x9F49)
    try:
        parts = dol.split(dol.parse(listed or b""), terminal)
    except EmvError:
        return terminal
    return next((part for entry, part in parts if entry.tag == 0x9F37), terminal)
