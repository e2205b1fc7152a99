"""Our own lines, keys, readers and clocks, for a host that puts them together itself 适配器.

Names are loaded when they are first used. Most hosts name an adapter in their settings and need
nothing of this. A class of a stranger's may stand wherever one of these does: see
:mod:`szunion.ports`.
"""

from importlib import import_module

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.adapters.bank.signatures import CheckingKey, Keyring, SigningKey, Validity
    from szunion.adapters.bank.signed_http import SignedHttpBank
    from szunion.adapters.callbacks import CallbackDoor
    from szunion.adapters.http import HttpAnswer, HttpLine, Tls
    from szunion.adapters.keys.file import FileKeys
    from szunion.adapters.keys.messages import HmacSha256, signer_of, verifier_of
    from szunion.adapters.keys.signing import signed_by
    from szunion.adapters.points.journal import FileJournal
    from szunion.adapters.reader.pcsc import PcscReader
    from szunion.adapters.system import SystemClock

__all__ = [
    "CallbackDoor",
    "CheckingKey",
    "FileJournal",
    "FileKeys",
    "HmacSha256",
    "HttpAnswer",
    "HttpLine",
    "Keyring",
    "PcscReader",
    "SignedHttpBank",
    "SigningKey",
    "SystemClock",
    "Tls",
    "Validity",
    "signed_by",
    "signer_of",
    "verifier_of",
]

#: Where each name lives.
_HOME = {
    "CallbackDoor": "callbacks",
    "CheckingKey": "bank.signatures",
    "FileJournal": "points.journal",
    "FileKeys": "keys.file",
    "HmacSha256": "keys.messages",
    "HttpAnswer": "http",
    "HttpLine": "http",
    "Keyring": "bank.signatures",
    "PcscReader": "reader.pcsc",
    "SignedHttpBank": "bank.signed_http",
    "SigningKey": "bank.signatures",
    "SystemClock": "system",
    "Tls": "http",
    "Validity": "bank.signatures",
    "signed_by": "keys.signing",
    "signer_of": "keys.messages",
    "verifier_of": "keys.messages",
}


if not TYPE_CHECKING:  # a type checker must see the names above, and no others

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
