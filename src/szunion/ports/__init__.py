"""What szunion asks of the world outside: banks, cards, stores, keys, people, time 端口.

Names are loaded when they are first used. An adapter implements one of these Protocols; it need
not import szunion to be right.
"""

from importlib import import_module

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

#: Where each name lives.
_HOME = {
    "BankAdapter": "bank",
    "BankInfo": "bank",
    "CardChannel": "reader",
    "CardReader": "reader",
    "Chance": "system",
    "Claimed": "identity",
    "Clock": "system",
    "Collected": "bank",
    "Cursor": "bank",
    "Deadline": "bank",
    "Delivery": "notifier",
    "Directory": "identity",
    "IdentityProofs": "identity",
    "Ids": "system",
    "IndexField": "keys",
    "KeyStore": "keys",
    "Letter": "notifier",
    "MessageSigner": "keys",
    "MessageVerifier": "keys",
    "NamesCards": "bank",
    "Notifier": "notifier",
    "Place": "keys",
    "PointJournal": "points",
    "Proof": "identity",
    "QuarantineSource": "storage.people",
    "Quarantined": "storage.people",
    "ReaderSeen": "reader",
    "ReceivesCallbacks": "bank",
    "RosterReader": "roster",
    "RosterSheet": "roster",
    "RosterWriter": "roster",
    "Signer": "keys",
    "StepUp": "identity",
    "Storage": "storage",
    "UnitOfWork": "storage",
    "Vault": "keys",
    "Witness": "witness",
    "WorkCalendar": "system",
}


if not TYPE_CHECKING:  # a type checker must see the names above, and no others

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
