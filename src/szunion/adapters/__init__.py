"""Our own lines, keys, readers and clocks, for a host that puts them together itself 适配器.

Names are loaded when they are first used. Most hosts name an adapter in their settings and need
nothing of this. A class of a stranger's may stand wherever one of these does: see
:mod:`szunion.ports`.
"""

from szunion.door import lazy

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

_ROOMS = {
    ".bank.signatures": "CheckingKey Keyring SigningKey Validity",
    ".bank.signed_http": "SignedHttpBank",
    ".callbacks": "CallbackDoor",
    ".http": "HttpAnswer HttpLine Tls",
    ".keys.file": "FileKeys",
    ".keys.messages": "HmacSha256 signer_of verifier_of",
    ".keys.signing": "signed_by",
    ".points.journal": "FileJournal",
    ".reader.pcsc": "PcscReader",
    ".system": "SystemClock",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
