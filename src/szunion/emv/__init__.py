"""szunion.emv: EMV and PBOC 3.0 cards in pure Python, without input or output 卡片层.

Names are loaded when they are first used, so importing this package costs next to nothing.
Modules with plain verbs are used by their own name: ``tlv.parse``, ``dol.fill``, ``tags.lookup``,
``explain.explain``, ``explain_diff.diff``.
"""

from szunion.door import lazy

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
    from szunion.emv.outcome import Decision, Outcome
    from szunion.emv.pan import CardNumber, Track2
    from szunion.emv.private import Private
    from szunion.emv.reasons import Reason
    from szunion.emv.rsa import RsaKey
    from szunion.emv.sm2 import PreparedKey, PublicKey
    from szunion.emv.status_words import StatusWord, status_word
    from szunion.emv.tags import Format, Origin, Scheme, Secrecy, Tag
    from szunion.emv.terminal import Business, Terminal
    from szunion.emv.tlv import Limits, Node, Nodes
    from szunion.emv.transaction import transact
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

_ROOMS = {
    ".apdu": "Command Response",
    ".bits": "Bit BitField",
    ".capk": "CaKeys Revocation RsaCaKey Sm2CaKey",
    ".card.bank": "TestBank",
    ".card.blank": "BlankCard",
    ".card.channel": "ChannelKeys open_channel store_data",
    ".card.content": "PaymentApplication",
    ".card.dgi": "groupings read_groupings",
    ".card.machine": "SimulatedCard",
    ".card.personalise": "DEBIT_AID deck personalise",
    ".card.profiles": "Profile REFUSED_FOR flawed_profiles pan_of standard_profiles",
    ".errors": (
        "AuthenticationFailed BadApdu BadData BadDol BadField BadTlv CardFault EmvError "
        "KeyRefused LimitExceeded OffScript"
    ),
    ".explain": "explain_tlv",
    ".explain_diff": "Difference",
    ".explain_model": "Explanation Item Said Step",
    ".explain_trace": "Exchange read_trace redact write_trace",
    ".fields": (
        "AdditionalCapabilities Aip Auc Ctq ProductFeatures TerminalCapabilities Tsi Ttq Tvr"
    ),
    ".flow": (
        "AskPin AuthorisationReply AuthorisationRequest Candidate CheckDocument "
        "ChooseApplication GoOnline Performer Pin PinEntry Transmit run"
    ),
    ".holder": "Document DocumentNumber DocumentType HolderName Name Product",
    ".iad": "Cid Cryptogram Cvr Iad Idd",
    ".issuer": "Answer Genuine IssuerHost NotGenuine",
    ".lists": "AflEntry CvmList CvmRule",
    ".logs": "LoadLog LoadRecord LogEntry LogRecord read_load read_record",
    ".look": "Authentication CardView Probes PublicData read_public",
    ".oda": "Verdict",
    ".oda_keys": "Assurance Policy",
    ".outcome": "Decision Outcome",
    ".pan": "CardNumber Track2",
    ".private": "Private",
    ".reasons": "Reason",
    ".rsa": "RsaKey",
    ".sm2": "PreparedKey PublicKey",
    ".status_words": "StatusWord status_word",
    ".tags": "Format Origin Scheme Secrecy Tag",
    ".terminal": "Business Terminal",
    ".tlv": "Limits Node Nodes",
    ".transaction": "transact",
    ".vault": "Account MasterKeys SoftwareVault Vault",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
