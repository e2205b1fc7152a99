"""The desks at which people work, what they answer, and who works behind them 用例.

Names are loaded when they are first used. A desk is had of :class:`szunion.UnionSystem`; its own
parts are nobody else's. Only what stands here is promised.
"""

from szunion.door import lazy

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

_ROOMS = {
    ".access_log": "Looked",
    ".audit": "AuditLog LogState",
    ".bank_books": "BankBooks",
    ".batches": "Application Batches Drafted",
    ".bindings": "Bindings Bound Locked NotProved Unanswered",
    ".bookings": "Bookings Confirmed",
    ".cards": "CardUse Cards",
    ".chip": "Equipment",
    ".chips": "Chips",
    ".claim_decisions": "Decided Rejected ToConfirm",
    ".claims": "AlreadyClaimed Claims Filed NotClaimable",
    ".consents": "Answer Consents Withdrawn",
    ".counter": "Counter TapVerdict Tapped",
    ".custody": "Custody",
    ".duplicates": "Duplicates",
    ".emergencies": "Emergencies Emergency",
    ".enrolment": "Enrolment ImportResult",
    ".exports": "Export Exports Traced",
    ".filing": "Applicant",
    ".grab": "Booked NotBooked Queued",
    ".grants": "AlreadyGranted Granted Grants NoGrant NotGranted Proposed",
    ".heirs": "Heirs",
    ".hotline": "HandedOver Hotline NotOpened Opened",
    ".joining_lists": "NotListed Signed",
    ".joinings": "Handed Joinings OnList",
    ".keys": "KeyCare Progress",
    ".masked": "MaskedFile",
    ".members": "Member Members",
    ".membership": "Memberships",
    ".numbers": "Numbers",
    ".officers": "Officers",
    ".offline": "OfflinePoint OfflineTap OfflineVerdict",
    ".organisations": "NewUnion Organisations",
    ".payable_now": "LeftOut",
    ".plans": "Joined NoCover NotJoined Plans",
    ".points": "Points",
    ".reconciliation": "OpenDifference Reconciliation",
    ".recovery": "Recovery",
    ".referrals": "Asked NotAsked OpenedReferral Referrals",
    ".retention": "Over",
    ".reveals": "Reveals",
    ".rights": "ErasurePreview Rights",
    ".services": "Demand Services Shown",
    ".standing": "Standing",
    ".statistics": "Counts Grouping Report Statistics",
    ".sweep": "Judged Sweeps Swept Tally",
    ".system": "Desk",
    ".timeline": "Event",
    ".transfers": "Transfers",
    ".treasury": "Books Draft DraftPreview Treasury",
    ".worker": "Worker",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
