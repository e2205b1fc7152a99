"""The desks at which people work, what they answer, and who works behind them 用例.

Names are loaded when they are first used. A desk is had of :class:`szunion.UnionSystem`; its own
parts are nobody else's. Only what stands here is promised.
"""

from importlib import import_module

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.application.access_log import Looked
    from szunion.application.audit import AuditLog, LogState
    from szunion.application.bank_books import BankBooks
    from szunion.application.batches import Application, Batches, Drafted
    from szunion.application.bindings import Bindings, Bound, Locked, NotProved, Unanswered
    from szunion.application.bookings import Bookings, Confirmed
    from szunion.application.cards import Cards, CardUse
    from szunion.application.chip import Equipment
    from szunion.application.chips import Chips
    from szunion.application.claim_decisions import Decided, Rejected, ToConfirm
    from szunion.application.claims import AlreadyClaimed, Claims, Filed, NotClaimable
    from szunion.application.consents import Answer, Consents, Withdrawn
    from szunion.application.counter import Counter, Tapped, TapVerdict
    from szunion.application.custody import Custody
    from szunion.application.duplicates import Duplicates
    from szunion.application.emergencies import Emergencies, Emergency
    from szunion.application.enrolment import Enrolment, ImportResult
    from szunion.application.exports import Export, Exports, Traced
    from szunion.application.filing import Applicant
    from szunion.application.grab import Booked, NotBooked, Queued
    from szunion.application.grants import (
        AlreadyGranted,
        Granted,
        Grants,
        NoGrant,
        NotGranted,
        Proposed,
    )
    from szunion.application.heirs import Heirs
    from szunion.application.hotline import HandedOver, Hotline, NotOpened, Opened
    from szunion.application.joining_lists import NotListed, Signed
    from szunion.application.joinings import Handed, Joinings, OnList
    from szunion.application.keys import KeyCare, Progress
    from szunion.application.masked import MaskedFile
    from szunion.application.members import Member, Members
    from szunion.application.membership import Memberships
    from szunion.application.numbers import Numbers
    from szunion.application.officers import Officers
    from szunion.application.offline import OfflinePoint, OfflineTap, OfflineVerdict
    from szunion.application.organisations import NewUnion, Organisations
    from szunion.application.payable_now import LeftOut
    from szunion.application.plans import Joined, NoCover, NotJoined, Plans
    from szunion.application.points import Points
    from szunion.application.reconciliation import OpenDifference, Reconciliation
    from szunion.application.recovery import Recovery
    from szunion.application.referrals import Asked, NotAsked, OpenedReferral, Referrals
    from szunion.application.retention import Over
    from szunion.application.reveals import Reveals
    from szunion.application.rights import ErasurePreview, Rights
    from szunion.application.services import Demand, Services, Shown
    from szunion.application.standing import Standing
    from szunion.application.statistics import Counts, Grouping, Report, Statistics
    from szunion.application.sweep import Judged, Sweeps, Swept, Tally
    from szunion.application.system import Desk
    from szunion.application.timeline import Event
    from szunion.application.transfers import Transfers
    from szunion.application.treasury import Books, Draft, DraftPreview, Treasury
    from szunion.application.worker import Worker

__all__ = [
    "AlreadyClaimed",
    "AlreadyGranted",
    "Answer",
    "Applicant",
    "Application",
    "Asked",
    "AuditLog",
    "BankBooks",
    "Batches",
    "Bindings",
    "Booked",
    "Bookings",
    "Books",
    "Bound",
    "CardUse",
    "Cards",
    "Chips",
    "Claims",
    "Confirmed",
    "Consents",
    "Counter",
    "Counts",
    "Custody",
    "Decided",
    "Demand",
    "Desk",
    "Draft",
    "DraftPreview",
    "Drafted",
    "Duplicates",
    "Emergencies",
    "Emergency",
    "Enrolment",
    "Equipment",
    "ErasurePreview",
    "Event",
    "Export",
    "Exports",
    "Filed",
    "Granted",
    "Grants",
    "Grouping",
    "Handed",
    "HandedOver",
    "Heirs",
    "Hotline",
    "ImportResult",
    "Joined",
    "Joinings",
    "Judged",
    "KeyCare",
    "LeftOut",
    "Locked",
    "LogState",
    "Looked",
    "MaskedFile",
    "Member",
    "Members",
    "Memberships",
    "NewUnion",
    "NoCover",
    "NoGrant",
    "NotAsked",
    "NotBooked",
    "NotClaimable",
    "NotGranted",
    "NotJoined",
    "NotListed",
    "NotOpened",
    "NotProved",
    "Numbers",
    "Officers",
    "OfflinePoint",
    "OfflineTap",
    "OfflineVerdict",
    "OnList",
    "OpenDifference",
    "Opened",
    "OpenedReferral",
    "Organisations",
    "Over",
    "Plans",
    "Points",
    "Progress",
    "Proposed",
    "Queued",
    "Reconciliation",
    "Recovery",
    "Referrals",
    "Rejected",
    "Report",
    "Reveals",
    "Rights",
    "Services",
    "Shown",
    "Signed",
    "Standing",
    "Statistics",
    "Sweeps",
    "Swept",
    "Tally",
    "TapVerdict",
    "Tapped",
    "ToConfirm",
    "Traced",
    "Transfers",
    "Treasury",
    "Unanswered",
    "Withdrawn",
    "Worker",
]

#: Where each name lives.
_HOME = {
    "AlreadyClaimed": "claims",
    "AlreadyGranted": "grants",
    "Answer": "consents",
    "Applicant": "filing",
    "Application": "batches",
    "Asked": "referrals",
    "AuditLog": "audit",
    "BankBooks": "bank_books",
    "Batches": "batches",
    "Bindings": "bindings",
    "Booked": "grab",
    "Bookings": "bookings",
    "Books": "treasury",
    "Bound": "bindings",
    "CardUse": "cards",
    "Cards": "cards",
    "Chips": "chips",
    "Claims": "claims",
    "Confirmed": "bookings",
    "Consents": "consents",
    "Counter": "counter",
    "Counts": "statistics",
    "Custody": "custody",
    "Decided": "claim_decisions",
    "Demand": "services",
    "Desk": "system",
    "Draft": "treasury",
    "DraftPreview": "treasury",
    "Drafted": "batches",
    "Duplicates": "duplicates",
    "Emergencies": "emergencies",
    "Emergency": "emergencies",
    "Enrolment": "enrolment",
    "Equipment": "chip",
    "ErasurePreview": "rights",
    "Event": "timeline",
    "Export": "exports",
    "Exports": "exports",
    "Filed": "claims",
    "Granted": "grants",
    "Grants": "grants",
    "Grouping": "statistics",
    "Handed": "joinings",
    "HandedOver": "hotline",
    "Heirs": "heirs",
    "Hotline": "hotline",
    "ImportResult": "enrolment",
    "Joined": "plans",
    "Joinings": "joinings",
    "Judged": "sweep",
    "KeyCare": "keys",
    "LeftOut": "payable_now",
    "Locked": "bindings",
    "LogState": "audit",
    "Looked": "access_log",
    "MaskedFile": "masked",
    "Member": "members",
    "Members": "members",
    "Memberships": "membership",
    "NewUnion": "organisations",
    "NoCover": "plans",
    "NoGrant": "grants",
    "NotAsked": "referrals",
    "NotBooked": "grab",
    "NotClaimable": "claims",
    "NotGranted": "grants",
    "NotJoined": "plans",
    "NotListed": "joining_lists",
    "NotOpened": "hotline",
    "NotProved": "bindings",
    "Numbers": "numbers",
    "Officers": "officers",
    "OfflinePoint": "offline",
    "OfflineTap": "offline",
    "OfflineVerdict": "offline",
    "OnList": "joinings",
    "OpenDifference": "reconciliation",
    "Opened": "hotline",
    "OpenedReferral": "referrals",
    "Organisations": "organisations",
    "Over": "retention",
    "Plans": "plans",
    "Points": "points",
    "Progress": "keys",
    "Proposed": "grants",
    "Queued": "grab",
    "Reconciliation": "reconciliation",
    "Recovery": "recovery",
    "Referrals": "referrals",
    "Rejected": "claim_decisions",
    "Report": "statistics",
    "Reveals": "reveals",
    "Rights": "rights",
    "Services": "services",
    "Shown": "services",
    "Signed": "joining_lists",
    "Standing": "standing",
    "Statistics": "statistics",
    "Sweeps": "sweep",
    "Swept": "sweep",
    "Tally": "sweep",
    "TapVerdict": "counter",
    "Tapped": "counter",
    "ToConfirm": "claim_decisions",
    "Traced": "exports",
    "Transfers": "transfers",
    "Treasury": "treasury",
    "Unanswered": "bindings",
    "Withdrawn": "consents",
    "Worker": "worker",
}


if not TYPE_CHECKING:  # a type checker must see the names above, and no others

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
