"""What szunion asks of the world outside: banks, cards, stores, keys, people, time 端口.

Names are loaded when they are first used. An adapter implements one of these Protocols; it need
not import szunion to be right.
"""

from szunion.door import lazy

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.ports.bank import (
        BankAdapter,
        BankInfo,
        Collected,
        Cursor,
        Deadline,
        NamesCards,
        ReceivesCallbacks,
    )
    from szunion.ports.identity import Claimed, Directory, IdentityProofs, Proof, StepUp
    from szunion.ports.keys import (
        IndexField,
        KeyStore,
        MessageSigner,
        MessageVerifier,
        Place,
        Signer,
        Vault,
    )
    from szunion.ports.notifier import Delivery, Letter, Notifier
    from szunion.ports.points import PointJournal
    from szunion.ports.reader import CardChannel, CardReader, ReaderSeen
    from szunion.ports.roster import RosterReader, RosterSheet, RosterWriter
    from szunion.ports.storage import Storage, UnitOfWork
    from szunion.ports.storage.people import Quarantined, QuarantineSource
    from szunion.ports.system import Chance, Clock, Ids, WorkCalendar
    from szunion.ports.witness import Witness

__all__ = [
    "BankAdapter",
    "BankInfo",
    "CardChannel",
    "CardReader",
    "Chance",
    "Claimed",
    "Clock",
    "Collected",
    "Cursor",
    "Deadline",
    "Delivery",
    "Directory",
    "IdentityProofs",
    "Ids",
    "IndexField",
    "KeyStore",
    "Letter",
    "MessageSigner",
    "MessageVerifier",
    "NamesCards",
    "Notifier",
    "Place",
    "PointJournal",
    "Proof",
    "QuarantineSource",
    "Quarantined",
    "ReaderSeen",
    "ReceivesCallbacks",
    "RosterReader",
    "RosterSheet",
    "RosterWriter",
    "Signer",
    "StepUp",
    "Storage",
    "UnitOfWork",
    "Vault",
    "Witness",
    "WorkCalendar",
]

_ROOMS = {
    ".bank": "BankAdapter BankInfo Collected Cursor Deadline NamesCards ReceivesCallbacks",
    ".identity": "Claimed Directory IdentityProofs Proof StepUp",
    ".keys": "IndexField KeyStore MessageSigner MessageVerifier Place Signer Vault",
    ".notifier": "Delivery Letter Notifier",
    ".points": "PointJournal",
    ".reader": "CardChannel CardReader ReaderSeen",
    ".roster": "RosterReader RosterSheet RosterWriter",
    ".storage": "Storage UnitOfWork",
    ".storage.people": "QuarantineSource Quarantined",
    ".system": "Chance Clock Ids WorkCalendar",
    ".witness": "Witness",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
