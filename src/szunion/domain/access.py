"""Know who may do what, and what a person in a role may see.

Roles are the actors of the state tables. A :class:`Scope` is the permission for one operation,
made by the authoriser alone; every call to a repository takes one, so nothing can be read or
written without somebody having asked who wants it, as what, and what for.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cached_property
from typing import Final, TypeAlias

from attrs import field, frozen

from szunion.domain.values import Labelled, OrganisationId, PersonId


class Role(Labelled):
    """In which role somebody acts (角色)."""

    MEMBER = "M", "会员", "member or guardian"
    HEIR = "K", "继承人", "heir"
    GRASSROOTS = "G", "基层工会经办人", "grassroots union officer"
    UPPER = "U", "上级工会经办人", "upper union officer"
    CITY = "C", "市总工会业务部门", "city federation officer"
    FINANCE = "F", "市总工会财务部门", "city federation finance"
    REVIEW = "Z", "评审机构", "review body"
    PROVIDER = "P", "服务提供方", "service provider"
    HOTLINE = "H", "12351坐席", "12351 hotline operator"
    AUDITOR = "A", "审计", "auditor"
    BANK = "B", "银行", "bank"
    ENGINE = "S", "系统", "the engine"


class Purpose(Labelled):
    """What somebody acts for (用途): mandatory, and written into the audit log."""

    ENROL = "enrol", "入会与办卡", "enrolment"
    SERVE = "serve", "服务", "service"
    AID_REVIEW = "aid_review", "帮扶审核", "review of aid"
    PAY = "pay", "拨付", "payment"
    AUDIT = "audit", "审计", "audit"
    RIGHTS = "rights_request", "个人信息权利请求", "a person's own request"
    OPERATE = "operate", "系统运行", "operation of the system"


@frozen(kw_only=True)
class Principal:
    """Who acts: a login, the role it has now, at which union, what for."""

    id: str
    role: Role
    purpose: Purpose
    organisation: OrganisationId | None = None
    """The union of an officer; None for a member, the bank, the engine."""
    person: PersonId | None = None
    """The person behind a member's login."""


class Operation(Enum):
    """One thing that can be asked of the system; the value is its name in the audit log."""

    ORGANISATION_WRITE = "organisation.write"
    ORGANISATION_READ = "organisation.read"
    PERSON_READ = "person.read"
    PERSON_WRITE = "person.write"
    PERSON_MERGE = "person.merge"
    MEMBERSHIP_WRITE = "membership.write"
    TRANSFER_WRITE = "transfer.write"
    ROSTER_IMPORT = "roster.import"
    ROSTER_CHECK = "roster.check"
    QUARANTINE_READ = "quarantine.read"
    BINDING_WRITE = "binding.write"
    CONSENT_WRITE = "consent.write"
    CONSENT_READ = "consent.read"
    RIGHTS_ASK = "rights.ask"
    RIGHTS_ANSWER = "rights.answer"
    RIGHTS_READ = "rights.read"
    RIGHTS_ERASE = "rights.erase"
    STATISTICS_READ = "statistics.read"
    BATCH_WRITE = "batch.write"
    BATCH_APPROVE = "batch.approve"
    BATCH_READ = "batch.read"
    CARD_READ = "card.read"
    CARD_HOLD = "card.hold"
    CARD_DECIDE = "card.decide"
    CHIP_REVEAL = "chip.reveal"
    CUSTODY_WRITE = "custody.write"
    BANK_DESK = "bank.desk"
    BANK_READ = "bank.read"
    BANK_OPERATE = "bank.operate"
    OFFER_WRITE = "offer.write"
    BOOKING_WRITE = "booking.write"
    BOOKING_CHECK = "booking.check"
    SERVICE_READ = "service.read"
    SERVICE_RATE = "service.rate"
    WISH_WRITE = "wish.write"
    DEMAND_READ = "demand.read"
    PROJECT_WRITE = "project.write"
    COUNTER_TAP = "counter.tap"
    STATUS_LIST = "status.list"
    GRANT_WRITE = "grant.write"
    GRANT_DECIDE = "grant.decide"
    PLAN_WRITE = "plan.write"
    PLAN_DECIDE = "plan.decide"
    PLAN_READ = "plan.read"
    CLAIM_WRITE = "claim.write"
    CLAIM_DECIDE = "claim.decide"
    CLAIM_READ = "claim.read"
    HEIR_WRITE = "heir.write"
    RECOVERY_READ = "recovery.read"
    PAY_WRITE = "pay.write"
    PAY_READ = "pay.read"
    AUDIT_READ = "audit.read"
    OPERATE = "system.operate"


_R = Role
#: Which roles may ask for an operation at all. The guard of each transition says the rest.
MAY: Final[Mapping[Operation, frozenset[Role]]] = {
    Operation.ORGANISATION_WRITE: frozenset({_R.UPPER, _R.CITY}),
    Operation.ORGANISATION_READ: frozenset(
        {_R.GRASSROOTS, _R.UPPER, _R.CITY, _R.FINANCE, _R.HOTLINE, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.PERSON_READ: frozenset(
        {_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.HOTLINE, _R.ENGINE}
    ),
    Operation.PERSON_WRITE: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.PERSON_MERGE: frozenset({_R.CITY}),
    Operation.MEMBERSHIP_WRITE: frozenset({_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.TRANSFER_WRITE: frozenset({_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.ENGINE}),
    Operation.ROSTER_IMPORT: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.ROSTER_CHECK: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.QUARANTINE_READ: frozenset({_R.CITY, _R.AUDITOR}),
    Operation.BINDING_WRITE: frozenset({_R.MEMBER, _R.HOTLINE, _R.CITY, _R.ENGINE}),
    Operation.CONSENT_WRITE: frozenset({_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.CONSENT_READ: frozenset(
        {_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.RIGHTS_ASK: frozenset({_R.MEMBER, _R.HEIR, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.RIGHTS_ANSWER: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.RIGHTS_READ: frozenset({_R.MEMBER, _R.HEIR, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.RIGHTS_ERASE: frozenset({_R.CITY, _R.ENGINE}),
    Operation.STATISTICS_READ: frozenset(
        {_R.GRASSROOTS, _R.UPPER, _R.CITY, _R.FINANCE, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.BATCH_WRITE: frozenset({_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.BATCH_APPROVE: frozenset({_R.UPPER, _R.CITY}),
    Operation.BATCH_READ: frozenset(
        {_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.HOTLINE, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.CARD_READ: frozenset(
        {_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.HOTLINE, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.CARD_HOLD: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY, _R.HOTLINE}),
    Operation.CARD_DECIDE: frozenset({_R.CITY}),
    Operation.CHIP_REVEAL: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.CUSTODY_WRITE: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.BANK_DESK: frozenset({_R.ENGINE}),
    Operation.BANK_READ: frozenset({_R.CITY, _R.FINANCE, _R.AUDITOR, _R.ENGINE}),
    Operation.BANK_OPERATE: frozenset({_R.CITY, _R.ENGINE}),
    Operation.OFFER_WRITE: frozenset({_R.CITY, _R.UPPER}),
    Operation.BOOKING_WRITE: frozenset({_R.MEMBER, _R.HOTLINE, _R.ENGINE}),
    Operation.BOOKING_CHECK: frozenset({_R.PROVIDER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.SERVICE_READ: frozenset(
        {_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.HOTLINE, _R.AUDITOR, _R.ENGINE}
    ),
    Operation.SERVICE_RATE: frozenset({_R.MEMBER}),
    Operation.WISH_WRITE: frozenset({_R.MEMBER, _R.HOTLINE}),
    Operation.DEMAND_READ: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY, _R.AUDITOR, _R.ENGINE}),
    Operation.PROJECT_WRITE: frozenset({_R.UPPER, _R.CITY}),
    Operation.COUNTER_TAP: frozenset({_R.PROVIDER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.STATUS_LIST: frozenset({_R.CITY, _R.ENGINE}),
    Operation.GRANT_WRITE: frozenset({_R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.GRANT_DECIDE: frozenset({_R.UPPER, _R.CITY}),
    Operation.PLAN_WRITE: frozenset({_R.MEMBER, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.PLAN_DECIDE: frozenset({_R.REVIEW}),
    Operation.PLAN_READ: frozenset(
        {_R.MEMBER, _R.HEIR, _R.GRASSROOTS, _R.UPPER, _R.CITY, _R.REVIEW, _R.HOTLINE, _R.ENGINE}
    ),
    Operation.CLAIM_WRITE: frozenset({_R.MEMBER, _R.HEIR, _R.GRASSROOTS, _R.UPPER, _R.CITY}),
    Operation.CLAIM_DECIDE: frozenset({_R.REVIEW}),
    # What happened is medical: whoever helped with a claim does not read it afterwards.
    Operation.CLAIM_READ: frozenset({_R.MEMBER, _R.HEIR, _R.REVIEW, _R.ENGINE}),
    Operation.HEIR_WRITE: frozenset({_R.CITY, _R.FINANCE}),
    Operation.RECOVERY_READ: frozenset({_R.REVIEW, _R.FINANCE}),
    Operation.PAY_WRITE: frozenset({_R.FINANCE}),
    Operation.PAY_READ: frozenset({_R.FINANCE, _R.CITY, _R.AUDITOR, _R.ENGINE}),
    Operation.AUDIT_READ: frozenset({_R.AUDITOR, _R.CITY, _R.ENGINE}),
    Operation.OPERATE: frozenset({_R.ENGINE, _R.CITY}),
}

#: Operations that change nothing: a suspended union's officers keep them.
READS: Final = frozenset(
    {
        Operation.ORGANISATION_READ,
        Operation.PERSON_READ,
        Operation.ROSTER_CHECK,
        Operation.CONSENT_READ,
        Operation.RIGHTS_READ,
        Operation.QUARANTINE_READ,
        Operation.STATISTICS_READ,
        Operation.AUDIT_READ,
        Operation.BATCH_READ,
        Operation.CARD_READ,
        Operation.BANK_READ,
        Operation.SERVICE_READ,
        Operation.PLAN_READ,
        Operation.CLAIM_READ,
        Operation.RECOVERY_READ,
        Operation.DEMAND_READ,
        Operation.PAY_READ,
    }
)

#: What is done at a counter: whoever works there serves any member of the city who stands there.
AT_A_COUNTER: Final = frozenset({Operation.COUNTER_TAP, Operation.BOOKING_CHECK})


@frozen
class WholeCity:
    """Everything in the city: city organs, auditors, the engine."""


@frozen
class Subtree:
    """One union and all below it. *path* is its place in the tree, such as ``/1/7/93/``."""

    path: str


@frozen
class OnePerson:
    """One person's own things."""

    person: PersonId


Reach: TypeAlias = WholeCity | Subtree | OnePerson

_SEAL: Final = object()


@frozen
class Scope:
    """The permission for one operation of one principal. Only the authoriser makes one."""

    principal: Principal
    operation: Operation
    reach: Reach
    _seal: object = field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self._seal is not _SEAL:
            msg = "only the authoriser makes a Scope"
            raise TypeError(msg)

    @cached_property
    def path_range(self) -> tuple[str, str]:
        """Return the half-open range of tree paths within reach; empty for one person's scope."""
        match self.reach:
            case WholeCity():
                return "/", "0"  # '0' is the character after '/'
            case Subtree(path):
                return path, path[:-1] + "0"
            case OnePerson():
                return "", ""

    @cached_property
    def whole_city(self) -> bool:
        """Return whether everything in the city is within reach."""
        return isinstance(self.reach, WholeCity)

    @cached_property
    def only_person(self) -> PersonId | None:
        """Return the one person within reach, or None."""
        return self.reach.person if isinstance(self.reach, OnePerson) else None

    def covers(self, path: str, person: PersonId | None = None) -> bool:
        """Return whether something of *person* at the union of *path* is within reach."""
        match self.reach:
            case WholeCity():
                return True
            case Subtree(own):
                return path.startswith(own)
            case OnePerson(own_person):
                return person is not None and person == own_person


def issue(principal: Principal, operation: Operation, reach: Reach) -> Scope:
    """Make a scope. The authoriser (``application/access.py``) is the only caller; a test looks."""
    return Scope(principal, operation, reach, _SEAL)
