"""szunion.emv: EMV and PBOC 3.0 cards in pure Python, without input or output 卡片层.

Names are loaded when they are first used, so importing this package costs next to nothing.
Modules with plain verbs are used by their own name: ``tlv.parse``, ``dol.fill``, ``tags.lookup``,
``explain.explain``, ``explain_diff.diff``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from szunion.emv.apdu import Command, Response
    from szunion.emv.bits import Bit, BitField
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
    from szunion.emv.holder import (
        Document,
        DocumentNumber,
        DocumentType,
        HolderName,
        Name,
        Product,
    )
    from szunion.emv.iad import Cid, Cryptogram, Cvr, Iad, Idd
    from szunion.emv.lists import AflEntry, CvmList, CvmRule
    from szunion.emv.logs import LoadLog, LoadRecord, LogEntry, LogRecord, read_load, read_record
    from szunion.emv.pan import CardNumber, Track2
    from szunion.emv.private import Private
    from szunion.emv.status_words import StatusWord, status_word
    from szunion.emv.tags import Format, Origin, Scheme, Secrecy, Tag
    from szunion.emv.tlv import Limits, Node, Nodes

__all__ = [
    "AdditionalCapabilities",
    "AflEntry",
    "Aip",
    "Auc",
    "AuthenticationFailed",
    "BadApdu",
    "BadData",
    "BadDol",
    "BadField",
    "BadTlv",
    "Bit",
    "BitField",
    "CardFault",
    "CardNumber",
    "Cid",
    "Command",
    "Cryptogram",
    "Ctq",
    "CvmList",
    "CvmRule",
    "Cvr",
    "Difference",
    "Document",
    "DocumentNumber",
    "DocumentType",
    "EmvError",
    "Exchange",
    "Explanation",
    "Format",
    "HolderName",
    "Iad",
    "Idd",
    "Item",
    "KeyRefused",
    "LimitExceeded",
    "Limits",
    "LoadLog",
    "LoadRecord",
    "LogEntry",
    "LogRecord",
    "Name",
    "Node",
    "Nodes",
    "OffScript",
    "Origin",
    "Private",
    "Product",
    "ProductFeatures",
    "Response",
    "Said",
    "Scheme",
    "Secrecy",
    "StatusWord",
    "Step",
    "Tag",
    "TerminalCapabilities",
    "Track2",
    "Tsi",
    "Ttq",
    "Tvr",
    "explain_tlv",
    "read_load",
    "read_record",
    "read_trace",
    "redact",
    "status_word",
    "write_trace",
]

#: Where each name lives.
_HOME = {
    "AdditionalCapabilities": "fields",
    "AflEntry": "lists",
    "Aip": "fields",
    "Auc": "fields",
    "AuthenticationFailed": "errors",
    "BadApdu": "errors",
    "BadData": "errors",
    "BadDol": "errors",
    "BadField": "errors",
    "BadTlv": "errors",
    "Bit": "bits",
    "BitField": "bits",
    "CardFault": "errors",
    "CardNumber": "pan",
    "Cid": "iad",
    "Command": "apdu",
    "Cryptogram": "iad",
    "Ctq": "fields",
    "CvmList": "lists",
    "CvmRule": "lists",
    "Cvr": "iad",
    "Difference": "explain_diff",
    "Document": "holder",
    "DocumentNumber": "holder",
    "DocumentType": "holder",
    "EmvError": "errors",
    "Exchange": "explain_trace",
    "Explanation": "explain_model",
    "Format": "tags",
    "HolderName": "holder",
    "Iad": "iad",
    "Idd": "iad",
    "Item": "explain_model",
    "KeyRefused": "errors",
    "LimitExceeded": "errors",
    "Limits": "tlv",
    "LoadLog": "logs",
    "LoadRecord": "logs",
    "LogEntry": "logs",
    "LogRecord": "logs",
    "Name": "holder",
    "Node": "tlv",
    "Nodes": "tlv",
    "OffScript": "errors",
    "Origin": "tags",
    "Private": "private",
    "Product": "holder",
    "ProductFeatures": "fields",
    "Response": "apdu",
    "Said": "explain_model",
    "Scheme": "tags",
    "Secrecy": "tags",
    "StatusWord": "status_words",
    "Step": "explain_model",
    "Tag": "tags",
    "TerminalCapabilities": "fields",
    "Track2": "pan",
    "Tsi": "fields",
    "Ttq": "fields",
    "Tvr": "fields",
    "explain_tlv": "explain",
    "read_load": "logs",
    "read_record": "logs",
    "read_trace": "explain_trace",
    "redact": "explain_trace",
    "status_word": "status_words",
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
