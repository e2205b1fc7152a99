"""The values of the union and its bank that an application or an adapter handles 领域.

Names are loaded when they are first used. Only what stands here is promised; the modules behind
it are there to be read. What a card may be used for is asked at a desk, or of
:mod:`szunion.domain.use`. The folder's map:

What everything is made of: small values, state tables, words
    values documents identity masking readable cells city_time machine diagrams
A city's rules
    policy policy_versions cities nodes
Unions and their officers
    organisations succession officers
People and members
    people members affiliations transfers as_of bindings doubles
A roster, from cells to verdicts
    roster roster_sheet roster_cells roster_mending roster_rows
Applying for a card
    batches rows
A card, in its parts
    cards facets holds custody use card_files card_records instructions status_list offline
Between the bank and us
    bank bank_requests bank_words inbox outbox reconciliation statement_lines
The menu, and what members make of it
    catalogue catalogue_file benefits eligibility projects wishes ratings participation
Places, plans and lists
    bookings enrolments packs joinings
Claims and money
    claims claim_files reckoning payouts orders ledger
The hotline
    calls tickets referrals
What people are told
    messages wording wording_bookings wording_cards wording_privacy wording_services
Who may do what
    access issuing permissions permission_rules purposes proposals
Consent, and a person's own data
    consent consent_notices lawful rights own_copy own_copy_words erasing erasure_journal inventory
What leaves the system
    disclosures watermarks suppression
The log, its proofs, and keys
    audit audit_export merkle signed_notes witnessing keyset
"""

from szunion.door import lazy

TYPE_CHECKING = False  # checkers take it for true; importing typing would cost more than all this
if TYPE_CHECKING:
    from szunion.domain.access import Assurance, Operation, Principal, Purpose, Role, Scope
    from szunion.domain.affiliations import Affiliation
    from szunion.domain.as_of import AsOf, Entitled, MemberOn, Standing
    from szunion.domain.audit import AuditEntry, LoggedEntry
    from szunion.domain.bank import (
        BankEvent,
        BankNotice,
        BankState,
        CardChanged,
        CardProduced,
        DailyCardList,
        FaceSignResult,
        FeeWaiversUsed,
        ListedCard,
        NotUnderstood,
        NumberAnswered,
        NumberResult,
        OrderAccepted,
        OrderRejected,
        OrderReturned,
        OrderSettled,
        PlasticEvent,
        PlasticMoved,
        RawWords,
        RequestAnswered,
        RowDeclined,
        RowFaceSigned,
        RowReason,
        RowRejected,
        RowVerified,
        Statement,
        StatementKind,
        StatementLine,
        Told,
        Waiver,
    )
    from szunion.domain.bank_requests import (
        AccountClass,
        Answer,
        AskCardList,
        AskStatement,
        BankRequest,
        CardApplicant,
        OpenCards,
        PayLine,
        PayOut,
        Receipt,
        ReserveNumber,
        SetCardUse,
    )
    from szunion.domain.bank_words import FaceSign, Reservation, ReservationId, WaiverUse
    from szunion.domain.batches import Batch, BatchState, Outcomes
    from szunion.domain.benefits import (
        Allowance,
        Benefit,
        DailyRate,
        OncePer,
        Period,
        Subject,
        Tier,
    )
    from szunion.domain.bindings import Binding, BindingState, Portal, RealNameLevel
    from szunion.domain.bookings import Booking, BookingState, NoPlace, Offer
    from szunion.domain.calls import Challenge, Ticket
    from szunion.domain.card_files import CustodyList, KeptCard, ListState
    from szunion.domain.cards import Card, UnionEvent, UnionFacet, UnionReason, UnionState
    from szunion.domain.catalogue import (
        Catalogue,
        Category,
        CollectiveItem,
        Counts,
        CoverTerms,
        Eligibility,
        Mode,
        Pack,
        PackItem,
        Plan,
        ServiceItem,
        ServiceKind,
        Topic,
    )
    from szunion.domain.cities import City, city_from
    from szunion.domain.claim_files import Claim, Heir
    from szunion.domain.claims import ClaimReason, ClaimState
    from szunion.domain.consent import (
        Channel,
        Consent,
        ConsentEvent,
        ConsentPurpose,
        ConsentStanding,
        ConsentState,
        ConsentWord,
        Proof,
    )
    from szunion.domain.consent_notices import Notice
    from szunion.domain.custody import Custody, CustodyEvent, CustodyState
    from szunion.domain.disclosures import Disclosure, DisclosureKind, Revealed
    from szunion.domain.documents import DocumentKind, Gender
    from szunion.domain.doubles import Alike, At, Double, Doubles
    from szunion.domain.eligibility import Ineligible
    from szunion.domain.enrolments import Covered, Enrolment, EnrolmentEvent, EnrolmentState
    from szunion.domain.facets import BankFacet, BankFact
    from szunion.domain.holds import Hold, HoldReason, HoldState
    from szunion.domain.identity import DocumentNumber, IdentityDocument, Mobile, PersonName
    from szunion.domain.inbox import HeardNotice, Hearing
    from szunion.domain.instructions import (
        Instruction,
        InstructionEvent,
        InstructionKind,
        InstructionState,
    )
    from szunion.domain.joinings import Joining, JoiningState, Listing, NoListing
    from szunion.domain.keyset import KeyEntry, KeyProfile, Keyset, KeyStatus, KeyUse
    from szunion.domain.lawful import NoticeText, PrivacyRules, Retention, RetentionTerms
    from szunion.domain.ledger import Balance
    from szunion.domain.machine import Actor, Gap, Machine
    from szunion.domain.members import (
        Membership,
        MembershipEvent,
        MembershipReason,
        MembershipState,
        Rights,
        RightsRule,
    )
    from szunion.domain.messages import Message, MessageState
    from szunion.domain.nodes import Node, NodeMap
    from szunion.domain.officers import Delegation, Post
    from szunion.domain.offline import OfflineReceipt, OfflineRecord, Taken
    from szunion.domain.orders import Order, OrderEvent, OrderState
    from szunion.domain.organisations import (
        Organisation,
        OrganisationKind,
        OrganisationReason,
        OrganisationState,
        Placement,
    )
    from szunion.domain.outbox import Dispatch, DispatchKind, DispatchState
    from szunion.domain.own_copy import OwnCopy
    from szunion.domain.packs import Entitlement
    from szunion.domain.participation import Means, Outcome, Participation
    from szunion.domain.payouts import Budget, Obligation, PayoutBatch, PayoutState
    from szunion.domain.people import HeldDocument, IdentityVersion, Origin, Person
    from szunion.domain.policy import (
        AccessRules,
        BankRules,
        CardRules,
        CityPolicy,
        Deadlines,
        Limits,
        OrganisationRules,
        Payable,
        ReferralRules,
        ServiceRules,
        Source,
    )
    from szunion.domain.projects import Evaluation, Project
    from szunion.domain.proposals import Proposal, ProposalState
    from szunion.domain.ratings import Rating
    from szunion.domain.reckoning import Happening, Reckoning
    from szunion.domain.reconciliation import (
        Difference,
        DifferenceKind,
        DifferenceState,
        ReconKind,
        ReconRun,
    )
    from szunion.domain.referrals import Referral
    from szunion.domain.rights import (
        Access,
        Erasure,
        ErasureLine,
        Fate,
        Refusal,
        RequestKind,
        RequestState,
        RightsRequest,
        StillOpen,
    )
    from szunion.domain.roster_rows import (
        Fix,
        PassedOver,
        PlainRow,
        RejectedRow,
        RosterRow,
        RowError,
        RowWarning,
        Step,
    )
    from szunion.domain.roster_sheet import Column, Heading
    from szunion.domain.rows import Row, RowEvent, RowState
    from szunion.domain.signed_notes import Checkpoint, Inclusion, NoteKey, Signature
    from szunion.domain.statement_lines import CheckedLine, LineVerdict
    from szunion.domain.status_list import StatusList
    from szunion.domain.tickets import TicketState
    from szunion.domain.transfers import Transfer, TransferState
    from szunion.domain.use import AtBank, ByUnion, Contradictory, Locked, NoRight, NotCurrent, Why
    from szunion.domain.values import (
        AffiliationId,
        BatchId,
        BindingId,
        BookingId,
        CardId,
        CardRef,
        CardToken,
        ClaimId,
        EnrolmentId,
        Fen,
        HoldId,
        InstructionId,
        Labelled,
        Masked,
        MembershipId,
        ObligationId,
        OfferId,
        OrderId,
        OrganisationId,
        ParticipationId,
        PayoutBatchId,
        PersonId,
        RequestKey,
        RowId,
        TransferId,
    )
    from szunion.domain.watermarks import Suspicion
    from szunion.domain.wishes import Wish, WishState
    from szunion.domain.witnessing import Question, Refused, WitnessRefusal

__all__ = [
    "Access",
    "AccessRules",
    "AccountClass",
    "Actor",
    "Affiliation",
    "AffiliationId",
    "Alike",
    "Allowance",
    "Answer",
    "AsOf",
    "AskCardList",
    "AskStatement",
    "Assurance",
    "At",
    "AtBank",
    "AuditEntry",
    "Balance",
    "BankEvent",
    "BankFacet",
    "BankFact",
    "BankNotice",
    "BankRequest",
    "BankRules",
    "BankState",
    "Batch",
    "BatchId",
    "BatchState",
    "Benefit",
    "Binding",
    "BindingId",
    "BindingState",
    "Booking",
    "BookingId",
    "BookingState",
    "Budget",
    "ByUnion",
    "Card",
    "CardApplicant",
    "CardChanged",
    "CardId",
    "CardProduced",
    "CardRef",
    "CardRules",
    "CardToken",
    "Catalogue",
    "Category",
    "Challenge",
    "Channel",
    "CheckedLine",
    "Checkpoint",
    "City",
    "CityPolicy",
    "Claim",
    "ClaimId",
    "ClaimReason",
    "ClaimState",
    "CollectiveItem",
    "Column",
    "Consent",
    "ConsentEvent",
    "ConsentPurpose",
    "ConsentStanding",
    "ConsentState",
    "ConsentWord",
    "Contradictory",
    "Counts",
    "CoverTerms",
    "Covered",
    "Custody",
    "CustodyEvent",
    "CustodyList",
    "CustodyState",
    "DailyCardList",
    "DailyRate",
    "Deadlines",
    "Delegation",
    "Difference",
    "DifferenceKind",
    "DifferenceState",
    "Disclosure",
    "DisclosureKind",
    "Dispatch",
    "DispatchKind",
    "DispatchState",
    "DocumentKind",
    "DocumentNumber",
    "Double",
    "Doubles",
    "Eligibility",
    "Enrolment",
    "EnrolmentEvent",
    "EnrolmentId",
    "EnrolmentState",
    "Entitled",
    "Entitlement",
    "Erasure",
    "ErasureLine",
    "Evaluation",
    "FaceSign",
    "FaceSignResult",
    "Fate",
    "FeeWaiversUsed",
    "Fen",
    "Fix",
    "Gap",
    "Gender",
    "Happening",
    "Heading",
    "HeardNotice",
    "Hearing",
    "Heir",
    "HeldDocument",
    "Hold",
    "HoldId",
    "HoldReason",
    "HoldState",
    "IdentityDocument",
    "IdentityVersion",
    "Inclusion",
    "Ineligible",
    "Instruction",
    "InstructionEvent",
    "InstructionId",
    "InstructionKind",
    "InstructionState",
    "Joining",
    "JoiningState",
    "KeptCard",
    "KeyEntry",
    "KeyProfile",
    "KeyStatus",
    "KeyUse",
    "Keyset",
    "Labelled",
    "Limits",
    "LineVerdict",
    "ListState",
    "ListedCard",
    "Listing",
    "Locked",
    "LoggedEntry",
    "Machine",
    "Masked",
    "Means",
    "MemberOn",
    "Membership",
    "MembershipEvent",
    "MembershipId",
    "MembershipReason",
    "MembershipState",
    "Message",
    "MessageState",
    "Mobile",
    "Mode",
    "NoListing",
    "NoPlace",
    "NoRight",
    "Node",
    "NodeMap",
    "NotCurrent",
    "NotUnderstood",
    "NoteKey",
    "Notice",
    "NoticeText",
    "NumberAnswered",
    "NumberResult",
    "Obligation",
    "ObligationId",
    "Offer",
    "OfferId",
    "OfflineReceipt",
    "OfflineRecord",
    "OncePer",
    "OpenCards",
    "Operation",
    "Order",
    "OrderAccepted",
    "OrderEvent",
    "OrderId",
    "OrderRejected",
    "OrderReturned",
    "OrderSettled",
    "OrderState",
    "Organisation",
    "OrganisationId",
    "OrganisationKind",
    "OrganisationReason",
    "OrganisationRules",
    "OrganisationState",
    "Origin",
    "Outcome",
    "Outcomes",
    "OwnCopy",
    "Pack",
    "PackItem",
    "Participation",
    "ParticipationId",
    "PassedOver",
    "PayLine",
    "PayOut",
    "Payable",
    "PayoutBatch",
    "PayoutBatchId",
    "PayoutState",
    "Period",
    "Person",
    "PersonId",
    "PersonName",
    "Placement",
    "PlainRow",
    "Plan",
    "PlasticEvent",
    "PlasticMoved",
    "Portal",
    "Post",
    "Principal",
    "PrivacyRules",
    "Project",
    "Proof",
    "Proposal",
    "ProposalState",
    "Purpose",
    "Question",
    "Rating",
    "RawWords",
    "RealNameLevel",
    "Receipt",
    "Reckoning",
    "ReconKind",
    "ReconRun",
    "Referral",
    "ReferralRules",
    "Refusal",
    "Refused",
    "RejectedRow",
    "RequestAnswered",
    "RequestKey",
    "RequestKind",
    "RequestState",
    "Reservation",
    "ReservationId",
    "ReserveNumber",
    "Retention",
    "RetentionTerms",
    "Revealed",
    "Rights",
    "RightsRequest",
    "RightsRule",
    "Role",
    "RosterRow",
    "Row",
    "RowDeclined",
    "RowError",
    "RowEvent",
    "RowFaceSigned",
    "RowId",
    "RowReason",
    "RowRejected",
    "RowState",
    "RowVerified",
    "RowWarning",
    "Scope",
    "ServiceItem",
    "ServiceKind",
    "ServiceRules",
    "SetCardUse",
    "Signature",
    "Source",
    "Standing",
    "Statement",
    "StatementKind",
    "StatementLine",
    "StatusList",
    "Step",
    "StillOpen",
    "Subject",
    "Suspicion",
    "Taken",
    "Ticket",
    "TicketState",
    "Tier",
    "Told",
    "Topic",
    "Transfer",
    "TransferId",
    "TransferState",
    "UnionEvent",
    "UnionFacet",
    "UnionReason",
    "UnionState",
    "Waiver",
    "WaiverUse",
    "Why",
    "Wish",
    "WishState",
    "WitnessRefusal",
    "city_from",
]

_ROOMS = {
    ".access": "Assurance Operation Principal Purpose Role Scope",
    ".affiliations": "Affiliation",
    ".as_of": "AsOf Entitled MemberOn Standing",
    ".audit": "AuditEntry LoggedEntry",
    ".bank": (
        "BankEvent BankNotice BankState CardChanged CardProduced DailyCardList FaceSignResult "
        "FeeWaiversUsed ListedCard NotUnderstood NumberAnswered NumberResult OrderAccepted "
        "OrderRejected OrderReturned OrderSettled PlasticEvent PlasticMoved RawWords "
        "RequestAnswered RowDeclined RowFaceSigned RowReason RowRejected RowVerified Statement "
        "StatementKind StatementLine Told Waiver"
    ),
    ".bank_requests": (
        "AccountClass Answer AskCardList AskStatement BankRequest CardApplicant OpenCards "
        "PayLine PayOut Receipt ReserveNumber SetCardUse"
    ),
    ".bank_words": "FaceSign Reservation ReservationId WaiverUse",
    ".batches": "Batch BatchState Outcomes",
    ".benefits": "Allowance Benefit DailyRate OncePer Period Subject Tier",
    ".bindings": "Binding BindingState Portal RealNameLevel",
    ".bookings": "Booking BookingState NoPlace Offer",
    ".calls": "Challenge Ticket",
    ".card_files": "CustodyList KeptCard ListState",
    ".cards": "Card UnionEvent UnionFacet UnionReason UnionState",
    ".catalogue": (
        "Catalogue Category CollectiveItem Counts CoverTerms Eligibility Mode Pack PackItem "
        "Plan ServiceItem ServiceKind Topic"
    ),
    ".cities": "City city_from",
    ".claim_files": "Claim Heir",
    ".claims": "ClaimReason ClaimState",
    ".consent": (
        "Channel Consent ConsentEvent ConsentPurpose ConsentStanding ConsentState ConsentWord Proof"
    ),
    ".consent_notices": "Notice",
    ".custody": "Custody CustodyEvent CustodyState",
    ".disclosures": "Disclosure DisclosureKind Revealed",
    ".documents": "DocumentKind Gender",
    ".doubles": "Alike At Double Doubles",
    ".eligibility": "Ineligible",
    ".enrolments": "Covered Enrolment EnrolmentEvent EnrolmentState",
    ".facets": "BankFacet BankFact",
    ".holds": "Hold HoldReason HoldState",
    ".identity": "DocumentNumber IdentityDocument Mobile PersonName",
    ".inbox": "HeardNotice Hearing",
    ".instructions": "Instruction InstructionEvent InstructionKind InstructionState",
    ".joinings": "Joining JoiningState Listing NoListing",
    ".keyset": "KeyEntry KeyProfile KeyStatus KeyUse Keyset",
    ".lawful": "NoticeText PrivacyRules Retention RetentionTerms",
    ".ledger": "Balance",
    ".machine": "Actor Gap Machine",
    ".members": "Membership MembershipEvent MembershipReason MembershipState Rights RightsRule",
    ".messages": "Message MessageState",
    ".nodes": "Node NodeMap",
    ".officers": "Delegation Post",
    ".offline": "OfflineReceipt OfflineRecord Taken",
    ".orders": "Order OrderEvent OrderState",
    ".organisations": (
        "Organisation OrganisationKind OrganisationReason OrganisationState Placement"
    ),
    ".outbox": "Dispatch DispatchKind DispatchState",
    ".own_copy": "OwnCopy",
    ".packs": "Entitlement",
    ".participation": "Means Outcome Participation",
    ".payouts": "Budget Obligation PayoutBatch PayoutState",
    ".people": "HeldDocument IdentityVersion Origin Person",
    ".policy": (
        "AccessRules BankRules CardRules CityPolicy Deadlines Limits OrganisationRules Payable "
        "ReferralRules ServiceRules Source"
    ),
    ".projects": "Evaluation Project",
    ".proposals": "Proposal ProposalState",
    ".ratings": "Rating",
    ".reckoning": "Happening Reckoning",
    ".reconciliation": "Difference DifferenceKind DifferenceState ReconKind ReconRun",
    ".referrals": "Referral",
    ".rights": (
        "Access Erasure ErasureLine Fate Refusal RequestKind RequestState RightsRequest StillOpen"
    ),
    ".roster_rows": "Fix PassedOver PlainRow RejectedRow RosterRow RowError RowWarning Step",
    ".roster_sheet": "Column Heading",
    ".rows": "Row RowEvent RowState",
    ".signed_notes": "Checkpoint Inclusion NoteKey Signature",
    ".statement_lines": "CheckedLine LineVerdict",
    ".status_list": "StatusList",
    ".tickets": "TicketState",
    ".transfers": "Transfer TransferState",
    ".use": "AtBank ByUnion Contradictory Locked NoRight NotCurrent Why",
    ".values": (
        "AffiliationId BatchId BindingId BookingId CardId CardRef CardToken ClaimId EnrolmentId "
        "Fen HoldId InstructionId Labelled Masked MembershipId ObligationId OfferId OrderId "
        "OrganisationId ParticipationId PayoutBatchId PersonId RequestKey RowId TransferId"
    ),
    ".watermarks": "Suspicion",
    ".wishes": "Wish WishState",
    ".witnessing": "Question Refused WitnessRefusal",
}

if not TYPE_CHECKING:  # a type checker sees the names above, and no others
    __getattr__, __dir__ = lazy(__name__, __all__, _ROOMS)
