"""szunion.emv: EMV and PBOC 3.0 cards in pure Python, without input or output 卡片层.

Names are loaded when they are first used, so importing this package costs next to nothing.
Modules with plain verbs are used by their own name: ``tlv.parse``, ``dol.fill``, ``tags.lookup``,
``explain.explain``, ``explain_diff.diff``.
"""

from importlib import import_module

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.emv.apdu import Command, Response
    from szunion.emv.bits import Bit, BitField
    from szunion.emv.capk import CaKeys, Revocation, RsaCaKey, Sm2CaKey
    from szunion.emv.card.bank import TestBank
    from szunion.emv.card.blank import BlankCard
    from szunion.emv.card.channel import ChannelKeys, open_channel, store_data
    from szunion.emv.card.content import PaymentApplication
    from szunion.emv.card.dgi import groupings, read_groupings
    from szunion.emv.card.machine import SimulatedCard
    from szunion.emv.card.personalise import DEBIT_AID, deck, personalise
    from szunion.emv.card.profiles import (
        REFUSED_FOR,
        Profile,
        flawed_profiles,
        pan_of,
        standard_profiles,
    )
    from szunion.emv.errors import (
        AuthenticationFailed,
        BadApdu,
        BadData,
        BadDol,
        BadField,
        BadTlv,
        CardFault,
        EmvError,
        KeyRefused,
        LimitExceeded,
        OffScript,
    )
    from szunion.emv.explain import explain_tlv
    from szunion.emv.explain_diff import Difference
    from szunion.emv.explain_model import Explanation, Item, Said, Step
    from szunion.emv.explain_trace import Exchange, read_trace, redact, write_trace
    from szunion.emv.fields import (
        AdditionalCapabilities,
        Aip,
        Auc,
        Ctq,
        ProductFeatures,
        TerminalCapabilities,
        Tsi,
        Ttq,
        Tvr,
    )
    from szunion.emv.flow import (
        AskPin,
        AuthorisationReply,
        AuthorisationRequest,
        Candidate,
        CheckDocument,
        ChooseApplication,
        GoOnline,
        Performer,
        Pin,
        PinEntry,
        Transmit,
        run,
    )
    from szunion.emv.holder import Document, DocumentNumber, DocumentType, HolderName, Name, Product
    from szunion.emv.iad import Cid, Cryptogram, Cvr, Iad, Idd
    from szunion.emv.issuer import Answer, Genuine, IssuerHost, NotGenuine
    from szunion.emv.lists import AflEntry, CvmList, CvmRule
    from szunion.emv.logs import LoadLog, LoadRecord, LogEntry, LogRecord, read_load, read_record
    from szunion.emv.look import Authentication, CardView, Probes, PublicData, read_public
    from szunion.emv.oda import Verdict
    from szunion.emv.oda_keys import Assurance, Policy
    from szunion.emv.pan import CardNumber, Track2
    from szunion.emv.private import Private
    from szunion.emv.reasons import Reason
    from szunion.emv.rsa import RsaKey
    from szunion.emv.sm2 import PreparedKey, PublicKey
    from szunion.emv.status_words import StatusWord, status_word
    from szunion.emv.tags import Format, Origin, Scheme, Secrecy, Tag
    from szunion.emv.terminal import Business, Terminal
    from szunion.emv.tlv import Limits, Node, Nodes
    from szunion.emv.transaction import Decision, Outcome, transact
    from szunion.emv.vault import Account, MasterKeys, SoftwareVault, Vault

__all__ = [
    "DEBIT_AID",
    "REFUSED_FOR",
    "Account",
    "AdditionalCapabilities",
    "AflEntry",
    "Aip",
    "Answer",
    "AskPin",
    "Assurance",
    "Auc",
    "Authentication",
    "AuthenticationFailed",
    "AuthorisationReply",
    "AuthorisationRequest",
    "BadApdu",
    "BadData",
    "BadDol",
    "BadField",
    "BadTlv",
    "Bit",
    "BitField",
    "BlankCard",
    "Business",
    "CaKeys",
    "Candidate",
    "CardFault",
    "CardNumber",
    "CardView",
    "ChannelKeys",
    "CheckDocument",
    "ChooseApplication",
    "Cid",
    "Command",
    "Cryptogram",
    "Ctq",
    "CvmList",
    "CvmRule",
    "Cvr",
    "Decision",
    "Difference",
    "Document",
    "DocumentNumber",
    "DocumentType",
    "EmvError",
    "Exchange",
    "Explanation",
    "Format",
    "Genuine",
    "GoOnline",
    "HolderName",
    "Iad",
    "Idd",
    "IssuerHost",
    "Item",
    "KeyRefused",
    "LimitExceeded",
    "Limits",
    "LoadLog",
    "LoadRecord",
    "LogEntry",
    "LogRecord",
    "MasterKeys",
    "Name",
    "Node",
    "Nodes",
    "NotGenuine",
    "OffScript",
    "Origin",
    "Outcome",
    "PaymentApplication",
    "Performer",
    "Pin",
    "PinEntry",
    "Policy",
    "PreparedKey",
    "Private",
    "Probes",
    "Product",
    "ProductFeatures",
    "Profile",
    "PublicData",
    "PublicKey",
    "Reason",
    "Response",
    "Revocation",
    "RsaCaKey",
    "RsaKey",
    "Said",
    "Scheme",
    "Secrecy",
    "SimulatedCard",
    "Sm2CaKey",
    "SoftwareVault",
    "StatusWord",
    "Step",
    "Tag",
    "Terminal",
    "TerminalCapabilities",
    "TestBank",
    "Track2",
    "Transmit",
    "Tsi",
    "Ttq",
    "Tvr",
    "Vault",
    "Verdict",
    "deck",
    "explain_tlv",
    "flawed_profiles",
    "groupings",
    "open_channel",
    "pan_of",
    "personalise",
    "read_groupings",
    "read_load",
    "read_public",
    "read_record",
    "read_trace",
    "redact",
    "run",
    "standard_profiles",
    "status_word",
    "store_data",
    "transact",
    "write_trace",
]

#: Where each name lives.
_HOME = {
    "Account": "vault",
    "AdditionalCapabilities": "fields",
    "AflEntry": "lists",
    "Aip": "fields",
    "Answer": "issuer",
    "AskPin": "flow",
    "Assurance": "oda_keys",
    "Auc": "fields",
    "Authentication": "look",
    "AuthenticationFailed": "errors",
    "AuthorisationReply": "flow",
    "AuthorisationRequest": "flow",
    "BadApdu": "errors",
    "BadData": "errors",
    "BadDol": "errors",
    "BadField": "errors",
    "BadTlv": "errors",
    "Bit": "bits",
    "BitField": "bits",
    "BlankCard": "card.blank",
    "Business": "terminal",
    "CaKeys": "capk",
    "Candidate": "flow",
    "CardFault": "errors",
    "CardNumber": "pan",
    "CardView": "look",
    "ChannelKeys": "card.channel",
    "CheckDocument": "flow",
    "ChooseApplication": "flow",
    "Cid": "iad",
    "Command": "apdu",
    "Cryptogram": "iad",
    "Ctq": "fields",
    "CvmList": "lists",
    "CvmRule": "lists",
    "Cvr": "iad",
    "DEBIT_AID": "card.personalise",
    "Decision": "transaction",
    "Difference": "explain_diff",
    "Document": "holder",
    "DocumentNumber": "holder",
    "DocumentType": "holder",
    "EmvError": "errors",
    "Exchange": "explain_trace",
    "Explanation": "explain_model",
    "Format": "tags",
    "Genuine": "issuer",
    "GoOnline": "flow",
    "HolderName": "holder",
    "Iad": "iad",
    "Idd": "iad",
    "IssuerHost": "issuer",
    "Item": "explain_model",
    "KeyRefused": "errors",
    "LimitExceeded": "errors",
    "Limits": "tlv",
    "LoadLog": "logs",
    "LoadRecord": "logs",
    "LogEntry": "logs",
    "LogRecord": "logs",
    "MasterKeys": "vault",
    "Name": "holder",
    "Node": "tlv",
    "Nodes": "tlv",
    "NotGenuine": "issuer",
    "OffScript": "errors",
    "Origin": "tags",
    "Outcome": "transaction",
    "PaymentApplication": "card.content",
    "Performer": "flow",
    "Pin": "flow",
    "PinEntry": "flow",
    "Policy": "oda_keys",
    "PreparedKey": "sm2",
    "Private": "private",
    "Probes": "look",
    "Product": "holder",
    "ProductFeatures": "fields",
    "Profile": "card.profiles",
    "PublicData": "look",
    "PublicKey": "sm2",
    "REFUSED_FOR": "card.profiles",
    "Reason": "reasons",
    "Response": "apdu",
    "Revocation": "capk",
    "RsaCaKey": "capk",
    "RsaKey": "rsa",
    "Said": "explain_model",
    "Scheme": "tags",
    "Secrecy": "tags",
    "SimulatedCard": "card.machine",
    "Sm2CaKey": "capk",
    "SoftwareVault": "vault",
    "StatusWord": "status_words",
    "Step": "explain_model",
    "Tag": "tags",
    "Terminal": "terminal",
    "TerminalCapabilities": "fields",
    "TestBank": "card.bank",
    "Track2": "pan",
    "Transmit": "flow",
    "Tsi": "fields",
    "Ttq": "fields",
    "Tvr": "fields",
    "Vault": "vault",
    "Verdict": "oda",
    "deck": "card.personalise",
    "explain_tlv": "explain",
    "flawed_profiles": "card.profiles",
    "groupings": "card.dgi",
    "open_channel": "card.channel",
    "pan_of": "card.profiles",
    "personalise": "card.personalise",
    "read_groupings": "card.dgi",
    "read_load": "logs",
    "read_public": "look",
    "read_record": "logs",
    "read_trace": "explain_trace",
    "redact": "explain_trace",
    "run": "flow",
    "standard_profiles": "card.profiles",
    "status_word": "status_words",
    "store_data": "card.channel",
    "transact": "transaction",
    "write_trace": "explain_trace",
}


if not TYPE_CHECKING:  # a type checker must see the names above, and no others

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
