"""Know how to make a card out of a profile: what a bank's personaliser does, 个人化.

`personalise` fills a `PersonalisedCard` from a `Profile` with keys and certificates of a
`szunion.emv.card.bank.TestBank`; `deck` makes many.

Layout of the payment application: file 1 holder (signed over contacts, **never told over the
air**), file 2 RSA certificates (with that of a key for PINs), file 3 signed application data, file
4 what fDDA refreshes, file 5 electronic cash, file 6 SM2 certificates, files 7 and 8 the card
certificates of the contactless path, whose static data are others.

Spec: JR/T 0025.10; JR/T 0025.5, annex A; JR/T 0025.12 and .13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from szunion.emv import bcd, tlv
from szunion.emv.card import testca
from szunion.emv.card.bank import KEY_INDEX, PAST, RID, SERIAL, Side, TestBank, month
from szunion.emv.card.chance import Chance
from szunion.emv.card.content import (
    Application,
    ApplicationKeys,
    FileApplication,
    Path,
    PaymentApplication,
    PersonalisedCard,
    ProcessingOptions,
    PurseApplication,
    PurseKeys,
    RecordId,
    RsaPrivate,
    Sm2Private,
)
from szunion.emv.card.profiles import Flaw, Profile
from szunion.emv.card.testca import Certificate, PrivateKey
from szunion.emv.crypto import Algorithm
from szunion.emv.pan import check_digit
from szunion.emv.terminal import n12
from szunion.emv.tlv import Node
from szunion.emv.vault import Account, MasterKeys

DEBIT_AID: Final = RID + bytes.fromhex("010101")
TRANSIT_AID: Final = bytes.fromhex("A000000632010105")
#: a proprietary name (category F): the union's membership record
MEMBERSHIP_AID: Final = b"\xf0SZUNION\x01"
PSE: Final = b"1PAY.SYS.DDF01"
PPSE: Final = b"2PAY.SYS.DDF01"

_UNKNOWN_INDEX: Final = 0xEE

_CDOL: Final = bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F3704")
_LOG_DATA: Final = bytes.fromhex("9F21039F4E14")
_TC_HASH: Final = bytes.fromhex("9814")
_LOG_FORMAT: Final = bytes.fromhex("9A039F21039F02069F03069F1A025F2A029F4E149C019F3602")
_LOAD_LOG_FORMAT: Final = bytes.fromhex("9A039F21039F1A029F4E149F3602")
_PDOL_CASH: Final = bytes.fromhex("9F7A019F02065F2A02")
_PDOL_SM: Final = bytes.fromhex("DF6901")
_PDOL_FAST: Final = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
_CNY: Final = bytes.fromhex("0156")
_EMPTY: Final = b"\x70\x00"


def _object(*pairs: tuple[int, bytes | Iterable[Node]]) -> bytes:
    return tlv.build([Node.of(tag, content) for tag, content in pairs])


def _record(*pairs: tuple[int, bytes]) -> bytes:
    return _object((0x70, [Node.of(tag, value) for tag, value in pairs if value]))


# --- records


def _holder_record(profile: Profile) -> bytes:
    holder = profile.holder
    return _record(
        (0x57, _track_2(profile)),
        (0x5F20, holder.name.encode("gbk")),
        (0x9F61, holder.id_number.encode("gbk")),
        (0x9F62, bytes((holder.id_type,))),
    )


def _track_2(profile: Profile) -> bytes:
    text = f"{_told_pan(profile)}D{profile.expires:%y%m}2010000"
    return bytes.fromhex(text + "F" * (len(text) % 2))


def _told_pan(profile: Profile) -> str:
    """Return the number in the data: with one flaw not the one that is certified."""
    if profile.flaw is not Flaw.OTHER_PAN:
        return profile.pan
    body = f"{int(profile.pan[:-1]) + 1}"
    return body + check_digit(body)


def _signed_records(profile: Profile) -> dict[RecordId, bytes]:
    pan = _told_pan(profile)
    cdol = (_TC_HASH if profile.tc_hash else b"") + _CDOL + _LOG_DATA
    application = _record(
        (0x5F25, bcd.encode_day(profile.effective)),
        (0x5F24, bcd.encode_day(profile.expires)),
        (0x9F07, b"\xff\x00"),
        (0x5A, bytes.fromhex(pan + "F" * (len(pan) % 2))),
        (0x5F34, bytes.fromhex(profile.psn)),
        (0x8E, profile.cvm_list),
        (0x9F0D, bytes.fromhex("D86004A800")),
        (0x9F0E, bytes.fromhex("0010980000")),
        (0x9F0F, bytes.fromhex("D86804F800")),
        (0x5F28, _CNY),
        (0x9F4A, b"\x82"),
    )
    lists = _record(
        (0x8C, cdol),
        (0x8D, b"\x8a\x02" + cdol),
        (0x9F49, bytes.fromhex("9F3704")),
        (0x9F08, b"\x00\x30"),
        (0x9F42, _CNY),
        (0x9F44, b"\x02"),
        (0x5F30, b"\x02\x01"),
        (0x9F14, b"\x03"),
        (0x9F23, b"\x05"),
    )
    return {(3, 1): application, (3, 2): lists}


def _contents(record: bytes) -> bytes:
    return tlv.parse(record)[0].value


@frozen(kw_only=True)
class _Authenticated:
    """The certificates of one card, and its keys."""

    key: PrivateKey
    pin_key: RsaPrivate | None = None
    records: Mapping[RecordId, bytes] = field(repr=False)


def _card_key(side: Side, profile: Profile, chance: Chance) -> PrivateKey:
    if isinstance(side.issuer, Sm2Private):
        return testca.sm2_private(chance)
    if profile.flaw is Flaw.ROCA:
        return testca.roca_private(chance, profile.icc_bits)
    bits = 768 if profile.flaw is Flaw.SHORT_KEY else profile.icc_bits
    return testca.rsa_private(chance, bits)


def _authenticated(
    bank: TestBank, side: Side, profile: Profile, shared: Mapping[RecordId, bytes], chance: Chance
) -> _Authenticated:
    """Certify a card for both ways in: over contacts with its holder, over the air without."""
    key = _card_key(side, profile, chance)
    signed = _contents(shared[3, 1]) + _contents(shared[3, 2]) + profile.aip
    contact = _contents(shared[1, 1]) + signed
    issuer = side.certificate(profile, bank.expires)
    last = month(PAST if profile.flaw is Flaw.CARD_EXPIRED else profile.expires)

    def certify(static: bytes) -> Certificate:
        return testca.certify_card(side.issuer, profile.pan, last, SERIAL, key, static)

    own, air = certify(contact), certify(signed)
    index = _UNKNOWN_INDEX if profile.flaw is Flaw.UNKNOWN_ROOT else side.root.index
    first = side.first_file
    records = {
        (first, 1): _record((0x90, issuer.body)),
        (first, 2): _record(
            (0x9F32, issuer.exponent), (0x92, issuer.remainder), (0x8F, bytes((index,)))
        ),
        (first, 3): _record((0x93, testca.sign_static(side.issuer, b"\xda\xc1", contact))),
        (first, 4): _record((0x9F46, own.body)),
        (first, 5): _record((0x9F47, own.exponent), (0x9F48, own.remainder)),
        (side.air_file, 1): _record((0x9F46, air.body)),
        (side.air_file, 2): _record((0x9F47, air.exponent), (0x9F48, air.remainder)),
    }
    if profile.flaw is Flaw.CLONED:
        key = _card_key(side, profile, chance)
    if profile.pin_bits is None or isinstance(side.issuer, Sm2Private):
        return _Authenticated(key=key, records=records)
    pin_key = testca.rsa_private(chance, profile.pin_bits)
    # unlike the card's, it covers no static data.  Spec: EMV book 2, 7.1, table 23
    pin = testca.certify_card(side.issuer, profile.pan, last, SERIAL, pin_key, b"")
    records[first, 6] = _record((0x9F2D, pin.body))
    records[first, 7] = _record((0x9F2E, pin.exponent), (0x9F2F, pin.remainder))
    return _Authenticated(key=key, pin_key=pin_key, records=records)


def _afl(*files: tuple[int, int, int, int]) -> bytes:
    return b"".join(bytes((sfi << 3, first, last, signed)) for sfi, first, last, signed in files)


_HOLDER: Final = (1, 1, 1, 1)
_SIGNED: Final = (3, 1, 2, 2)


def _options(profile: Profile, side: Side) -> dict[Path, ProcessingOptions]:
    """Return what GET PROCESSING OPTIONS answers on the paths of one kind of cryptography."""
    national = isinstance(side.issuer, Sm2Private)
    last = 4 if national else 5 if profile.pin_bits is None else 7
    certificates = (side.first_file, 1, last, 0)
    contact = _afl(certificates, _HOLDER, _SIGNED)
    debit, cash, fast = (
        (Path.DEBIT_SM, Path.ECASH_SM, Path.QPBOC_SM)
        if national
        else (Path.DEBIT, Path.ECASH, Path.QPBOC)
    )
    options = {debit: ProcessingOptions(aip=profile.aip, afl=contact)}
    if profile.ecash is not None:
        afl = contact + _afl((5, 1, 1, 0))
        options[cash] = ProcessingOptions(aip=profile.aip, afl=afl)
    if profile.contactless:
        issuer_side = (side.first_file, 1, 2, 0)
        afl = _afl(issuer_side, (side.air_file, 1, 1 if national else 2, 0), _SIGNED, (4, 1, 1, 0))
        options[fast] = ProcessingOptions(aip=profile.aip, afl=afl)
    return options


# --- applications


def _data(profile: Profile) -> dict[int, bytes]:
    """Return what GET DATA and the card's own decisions read."""
    data = {
        0x9F4F: _LOG_FORMAT,
        0x9F51: _CNY,
        0x9F52: bytes.fromhex("C0000000"),
        0x9F56: b"\x80",
        0x9F57: _CNY,
        0x9F58: b"\x03",
        0x9F59: b"\x05",
        0x9F54: n12(200_000),
        0x9F5C: n12(300_000),
        0x9F63: bytes(8) + b"\x90" + bytes(7),
        0x57: _track_2(profile),
        0x5F34: bytes.fromhex(profile.psn),
    }
    if profile.contactless:
        data |= {
            0x9F68: bytes.fromhex("9940F000"),
            0x9F6C: bytes.fromhex("2000"),
            0x9F69: bytes.fromhex("0100000000200000"),
        }
    cash = profile.ecash
    if cash is not None:
        data |= {
            0xDF4F: _LOAD_LOG_FORMAT,
            0x9F79: n12(cash.balance),
            0x9F77: n12(cash.limit),
            0x9F78: n12(cash.single_limit),
            0x9F6D: n12(cash.reset_threshold),
        }
    return data


def _fci(aid: bytes, label: bytes, pdol: bytes, *, logs: bool) -> bytes:
    inside = [Node.of(0x50, label), Node.of(0x87, b"\x01")]
    if pdol:
        inside.append(Node.of(0x9F38, pdol))
    inside.append(Node.of(0x5F2D, b"zhen"))
    log = [Node.of(0x9F4D, b"\x0b\x0a")]
    if logs:
        log.append(Node.of(0xDF4D, b"\x0c\x0a"))
    inside.append(Node.of(0xBF0C, log))
    return _object((0x6F, [Node.of(0x84, aid), Node.of(0xA5, inside)]))


def _pdols(profile: Profile) -> tuple[bytes, bytes]:
    national = _PDOL_SM if profile.scheme.has_sm else b""
    contact = (_PDOL_CASH if profile.ecash is not None else b"") + national
    return contact, _PDOL_FAST + national


def _keys(bank: TestBank, profile: Profile, chance: Chance) -> dict[Algorithm, ApplicationKeys]:
    psn = f"{(int(profile.psn) + 1) % 100:02d}" if profile.flaw is Flaw.WRONG_PSN else profile.psn
    account = Account(pan=profile.pan, psn=psn)
    out = {}
    for algorithm, wanted in (
        (Algorithm.TDES, profile.scheme.has_rsa),
        (Algorithm.SM4, profile.scheme.has_sm),
    ):
        if not wanted:
            continue
        if profile.flaw is Flaw.CLONED:
            own = MasterKeys(ac=chance.bytes(16), mac=chance.bytes(16), enc=chance.bytes(16))
        else:
            own = bank.vault.issuer_keys(KEY_INDEX, algorithm).for_card(algorithm, account)
        out[algorithm] = ApplicationKeys(ac=own.ac, mac=own.mac, enc=own.enc)
    return out


def _payment(bank: TestBank, profile: Profile, chance: Chance) -> PaymentApplication:
    shared = _signed_records(profile) | {(1, 1): _holder_record(profile)}
    records = dict(shared)
    options: dict[Path, ProcessingOptions] = {}
    keys: list[PrivateKey] = []
    pin_key: RsaPrivate | None = None
    sides = ((bank.rsa, profile.scheme.has_rsa), (bank.sm2, profile.scheme.has_sm))
    for side in (side for side, wanted in sides if wanted):
        made = _authenticated(bank, side, profile, shared, chance)
        records |= made.records
        options |= _options(profile, side)
        keys.append(made.key)
        pin_key = pin_key or made.pin_key
    if profile.contactless:
        records[4, 1] = _record((0x9F69, bytes.fromhex("0100000000200000")))
    if profile.ecash is not None:
        records[5, 1] = _record((0x9F74, b"ECC001"))
    contact, air = _pdols(profile)
    cash = profile.ecash is not None
    return PaymentApplication(
        aid=DEBIT_AID,
        fci=_fci(DEBIT_AID, b"PBOC DEBIT", contact, logs=cash),
        fci_contactless=(
            _fci(DEBIT_AID, b"PBOC DEBIT", air, logs=cash) if profile.contactless else None
        ),
        options=options,
        records={name: raw for name, raw in records.items() if raw != _EMPTY},
        data=_data(profile),
        keys=_keys(bank, profile, chance),
        rsa=next((key for key in keys if isinstance(key, RsaPrivate)), None),
        rsa_pin=pin_key,
        sm2=next((key for key in keys if isinstance(key, Sm2Private)), None),
        pin=profile.pin,
        key_index=KEY_INDEX,
        issuer_data=profile.issuer_data,
        signs_aac=profile.signs_aac,
    )


def _transit(profile: Profile, balance: int, chance: Chance) -> PurseApplication:
    """A T-Union purse; file 15h holds number (bytes 10-19) and dates, 17h the city."""
    number = bytes.fromhex(f"{int(profile.pan[-13:]):020d}")
    public = bytes(9) + b"\x00" + number + bytes.fromhex(f"{profile.effective:%Y%m%d}")
    public += bytes.fromhex(f"{profile.expires:%Y%m%d}") + b"\x00\x00"
    return PurseApplication(
        aid=TRANSIT_AID,
        fci=_object(
            (0x6F, [Node.of(0x84, TRANSIT_AID), Node.of(0xA5, [Node.of(0x50, b"T-UNION")])])
        ),
        purse=balance,
        keys=PurseKeys(
            load={1: chance.bytes(16)}, purchase={1: chance.bytes(16)}, tac=chance.bytes(16)
        ),
        files={0x15: public, 0x17: bytes(8) + bytes.fromhex("5840") + bytes(20)},
        balance_p1=frozenset({0x00, 0x01, 0x02, 0x03}),
    )


def _directory() -> tuple[bytes, bytes, bytes]:
    """Return the PSE's answer, its record, and the PPSE's answer."""
    entry = [Node.of(0x4F, DEBIT_AID), Node.of(0x50, b"PBOC DEBIT"), Node.of(0x87, b"\x01")]
    template = Node.of(0x61, entry)
    proprietary = Node.of(0xA5, [Node.of(0x88, b"\x01"), Node.of(0x5F2D, b"zhen")])
    pse = _object((0x6F, [Node.of(0x84, PSE), proprietary]))
    ppse = _object((0x6F, [Node.of(0x84, PPSE), Node.of(0xA5, [Node.of(0xBF0C, [template])])]))
    return pse, _object((0x70, [template])), ppse


def personalise(bank: TestBank, profile: Profile, seed: int) -> PersonalisedCard:
    """Make one card; the same bank, profile and seed make the same card, byte for byte.

    Raises:
        BadField: the profile cannot be written down, such as a PIN of letters.
    """
    chance = Chance(seed)
    applications: list[Application] = [_payment(bank, profile, chance)]
    if profile.purse is not None:
        applications.append(_transit(profile, profile.purse, chance))
    if profile.membership is not None:
        label = Node.of(0xA5, [Node.of(0x50, b"SZ UNION")])
        fci = _object((0x6F, [Node.of(0x84, MEMBERSHIP_AID), label]))
        applications.append(
            FileApplication(
                aid=MEMBERSHIP_AID, fci=fci, files={1: profile.membership}, key=chance.bytes(16)
            )
        )
    pse, record, ppse = _directory()
    return PersonalisedCard(
        name=profile.name,
        applications=tuple(applications),
        pse={(1, 1): record},
        pse_fci=pse,
        ppse_fci=ppse if profile.contactless else None,
    )


def deck(
    bank: TestBank, profiles: Iterable[Profile], seed: int = 0
) -> tuple[tuple[Profile, PersonalisedCard], ...]:
    """Make a card of every profile, each with a seed of its own."""
    return tuple(
        (profile, personalise(bank, profile, (seed << 32) + place))
        for place, profile in enumerate(profiles)
    )
