"""The desks at which people work, what they answer, and who works behind them 用例.

Names are loaded when they are first used. A desk is had of :class:`szunion.UnionSystem`; its own
parts are nobody else's. Only what stands here is promised.

The folder is not parted, for its flows are not: whoever leaves the union loses the card's use, and
what was to be paid stops, in one commit (ADR 0228). This is its map. On each line the desk comes
first; then what follows in the same commit, the ``moves`` that keep a change with its entry in the
log and its message, and the ``deadlines`` that the engine keeps.

What every use case is made of, who gathers the desks, and the engine
    office access authority proposals disclosing working_days side_by_side system worker
Unions and their officers
    organisations organisation_moves succession ways_in spreading officers
Members: how they come, stay, move and go
    membership membership_moves filing consequences death roster roster_rows transfers
Members: found, told apart, looked back on and counted
    members timeline as_of duplicates doubles strays statistics
A portal account, and how real a name is
    bindings binding_moves
Applying for a card
    batches applications numbers
A card, its plastic, its locks
    cards card_moves card_holds card_facts card_consequences card_deadlines custody
A card before a reader, with a line and without
    counter card_reading card_faults chips points offline
To the bank
    bank_desk bank_queue bank_freight bank_fates bank_lines bank_books bank_fit canonical
From the bank: many notices, one notice, what it does
    bank_ear together bank_inbox bank_outcomes bank_meaning bank_rows bank_words
Whether the bank and we agree
    reconciliation daily_list statements aftermath
The menu, and what stands against using it
    services standing sweep
Places that are booked, lists that are joined
    bookings booking_moves booking_deadlines grab joinings joining_lists joining_deadlines
Plans, claims and aid
    plans cover_moves claims claim_rules claim_decisions claim_moves claim_deadlines grants
Money
    treasury payable_now payouts money_moves payment_news heirs recovery
The hotline
    hotline masked referrals referral_deadlines
Messages to people
    letters
Consent, and a person's own data
    consents consent_words consent_gate consent_stops
    rights rights_requests access_log own_copy erasing retention
Plain values that leave the screen's mask
    reveals exports emergencies
The log's tree, and the keys
    audit witnesses keys
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
    from szunion.application.card_reading import Equipment
    from szunion.application.cards import Cards, CardUse
    from szunion.application.chips import Chips
    from szunion.application.claim_decisions import Decided, Rejected, ToConfirm
    from szunion.application.claims import AlreadyClaimed, Claims, Filed, NotClaimable
    from szunion.application.consents import Answer, Consents, Withdrawn
    from szunion.application.counter import Counter, Tapped, TapVerdict
    from szunion.application.custody import Custody
    from szunion.application.duplicates import Duplicates
    from szunion.application.emergencies import Emergencies, Emergency
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
    from szunion.application.roster import ImportResult, Rosters
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
    "Rosters",
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
    ".card_reading": "Equipment",
    ".cards": "CardUse Cards",
    ".chips": "Chips",
    ".claim_decisions": "Decided Rejected ToConfirm",
    ".claims": "AlreadyClaimed Claims Filed NotClaimable",
    ".consents": "Answer Consents Withdrawn",
    ".counter": "Counter TapVerdict Tapped",
    ".custody": "Custody",
    ".duplicates": "Duplicates",
    ".emergencies": "Emergencies Emergency",
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
    ".roster": "ImportResult Rosters",
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
