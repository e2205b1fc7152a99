"""The conformance kit for bank adapters: what yours must keep, and a bank to prove it against.

It needs pytest: ``pip install "szunion[testing]"``.
"""

from szunion.testing.bank.behind import BankBehind, News, Trouble, TroubleKind
from szunion.testing.bank.laws import Law, Tier
from szunion.testing.bank.peer import NewsAfter, PeerAnswer, PeerBank, PeerCall
from szunion.testing.bank.promises import BankPromises
from szunion.testing.bank.references import BatchFilePromises
from szunion.testing.bank.run import Outcome, Verdict, check_promises
from szunion.testing.bank.world import BankWorld, BrokenPromise

__all__ = [
    "BankBehind",
    "BankPromises",
    "BankWorld",
    "BatchFilePromises",
    "BrokenPromise",
    "Law",
    "News",
    "NewsAfter",
    "Outcome",
    "PeerAnswer",
    "PeerBank",
    "PeerCall",
    "Tier",
    "Trouble",
    "TroubleKind",
    "Verdict",
    "check_promises",
]
