"""Know who may do what, and what a person in a role may see.

Roles are the actors of the state tables. A :class:`Scope` is the permission for one operation,
made by the authoriser alone; every call to a repository takes one, so nothing can be read or
written without somebody having asked who wants it, as what, and what for. Which role may do what,
how far, and for what, stands in ``domain/permissions.py``.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TypeAlias

from attrs import frozen

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
    KEY_ADMIN = "SEC", "安全管理员", "security administrator"
    SYSTEM_ADMIN = "SYS", "系统管理员", "system administrator"
    LOG_ADMIN = "LOG", "审计管理员", "audit administrator"


class Purpose(Labelled):
    """What somebody acts for (用途): mandatory, and written into the audit log."""

    ENROL = "enrol", "入会与办卡", "enrolment"
    SERVE = "serve", "服务", "service"
    AID_REVIEW = "aid_review", "帮扶审核", "review of aid"
    PAY = "pay", "拨付", "payment"
    AUDIT = "audit", "审计", "audit"
    RIGHTS = "rights_request", "个人信息权利请求", "a person's own request"
    OPERATE = "operate", "系统运行", "operation of the system"


class Assurance(Labelled):
    """How sure it is that the person behind a login is there now (认证强度)."""

    LOGIN = "login", "已登录", "logged in"
    STEP_UP = "step_up", "已二次验证", "confirmed by a second thing, for this visit"


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
    assurance: Assurance = Assurance.LOGIN
    """Who lets somebody in says it: a one-time code or the bank's app makes it a step up."""
    acting_for: str = ""
    """The login for whom somebody acts by a delegation, in that one's post; empty: nobody."""
    ticket: int = 0
    """The ticket on which a hotline operator works; 0: none."""


def engine(name: str = "engine") -> Principal:
    """Return the principal as which the engine acts; the tables alone say what it does."""
    return Principal(id=name, role=Role.ENGINE, purpose=Purpose.OPERATE)


class Operation(Enum):
    """One thing that can be asked of the system; the value is its name in the audit log."""

    EMERGENCY_ASK = "emergency.ask"
    EMERGENCY_DECIDE = "emergency.decide"
    EMERGENCY_USE = "emergency.use"
    EMERGENCY_END = "emergency.end"
    EMERGENCY_READ = "emergency.read"
    OFFICER_WRITE = "officer.write"
    OFFICER_READ = "officer.read"
    OFFICER_DELEGATE = "officer.delegate"
    CALL_TAKE = "call.take"
    CALL_GIVE = "call.give"
    CALL_FILE = "call.file"
    REFERRAL_MAKE = "referral.make"
    REFERRAL_OWN = "referral.own"
    REFERRAL_READ = "referral.list"
    REFERRAL_WORK = "referral.work"
    REFERRAL_CALL = "referral.call"
    ORGANISATION_WRITE = "organisation.write"
    ORGANISATION_READ = "organisation.read"
    PERSON_READ = "person.read"
    PERSON_WRITE = "person.write"
    PERSON_CONTACT = "person.contact"
    PERSON_REVEAL = "person.reveal"
    PERSON_MERGE = "person.merge"
    MEMBERSHIP_WRITE = "membership.write"
    TRANSFER_WRITE = "transfer.write"
    ROSTER_IMPORT = "roster.import"
    ROSTER_CHECK = "roster.check"
    QUARANTINE_READ = "quarantine.read"
    MEMBER_EXPORT = "member.export"
    DISCLOSURE_READ = "disclosure.read"
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
    JOINING_WRITE = "joining.write"
    JOINING_DECIDE = "joining.decide"
    JOINING_READ = "joining.list"
    JOINING_OWN = "joining.own"
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


class Relation(Labelled):
    """How a record stands to whoever asks for it (关系)."""

    SELF = "self", "本人", "the person's own"
    OWN = "own", "本工会", "in the charge of the own union"
    CHILD = "child", "下级工会", "at a union below"
    SIBLING = "sibling", "平级工会", "at a union beside"
    PARENT = "parent", "上级工会", "at a union above"
    FOREIGN = "foreign", "外地或无此记录", "of another city, or not there at all"


class Range(Labelled):
    """How far an operation reaches for a role (范围)."""

    PERSON = "person", "本人", "the own person"
    CALLER = "caller", "工单上核身通过的一名来电会员", "the one caller whom a ticket opens"
    BRANCH = "branch", "本工会及下级", "the own union and all below"
    CITY = "city", "全市", "the whole city"

    @property
    def relations(self) -> frozenset[Relation]:
        """Return which relations are within it; another city's never are."""
        match self:
            case Range.PERSON | Range.CALLER:
                return frozenset({Relation.SELF})
            case Range.BRANCH:
                return frozenset({Relation.OWN, Relation.CHILD})
            case Range.CITY:
                return frozenset(Relation) - {Relation.FOREIGN}


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


@frozen(init=False)
class Scope:
    """The permission for one operation of one principal. Only the authoriser makes one."""

    principal: Principal
    operation: Operation
    reach: Reach

    def __init__(self) -> None:
        """Refuse: also a copy with another reach, such as ``evolve`` makes, comes through here."""
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
