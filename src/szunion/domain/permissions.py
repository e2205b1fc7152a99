"""Know who may do what, how far, and for what: the one table of permissions (权限矩阵).

A row is an operation; a cell is a role and how far it reaches. What is not here is refused. The
authoriser, the page of the manual and the tests all read this table; there is no second list.
A row names the use cases that ask for it, so that none is without a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.domain.access import Operation, Purpose, Range, Role
from szunion.domain.permission_rules import Rule
from szunion.domain.purposes import PURPOSES

_P = Purpose
_PERSON, _BRANCH, _CITY = Range.PERSON, Range.BRANCH, Range.CITY
_CALLER = Range.CALLER


_OFFICERS: Final = {Role.GRASSROOTS: _BRANCH, Role.UPPER: _BRANCH, Role.CITY: _CITY}
_MEMBER: Final = {Role.MEMBER: _PERSON}
_ABOVE: Final = {Role.UPPER: _BRANCH, Role.CITY: _CITY}
_ENGINE: Final = {Role.ENGINE: _CITY}
_FINANCE: Final = {Role.FINANCE: _CITY}
_REVIEW: Final = {Role.REVIEW: _CITY}
_AUDITOR: Final = {Role.AUDITOR: _CITY}
#: An operator has one member at a time, opened by a ticket and what the caller knows.
_HOTLINE: Final = {Role.HOTLINE: _CALLER}
_HEIR: Final = {Role.HEIR: _PERSON}
_ONLY_CITY: Final = {Role.CITY: _CITY}
#: Whoever works at a counter serves any member of the city who stands there.
_COUNTER: Final = {
    Role.PROVIDER: _CITY, Role.GRASSROOTS: _CITY, Role.UPPER: _CITY, Role.CITY: _CITY
}  # fmt: skip

_RULES: Final[Mapping[Operation, Rule]] = {
    # --- unions and people --------------------------------------------------------------------
    Operation.ORGANISATION_WRITE: Rule(
        cells=_ABOVE,
        purposes={_P.ENROL, _P.OPERATE},
        uses="""organisations.found_city organisations.register organisations.register_many
            organisations.approve organisations.reject organisations.suspend organisations.resume
            organisations.reparent organisations.merge organisations.dissolve organisations.restore
            organisations.confirm organisations.refuse""",
    ),
    Operation.ORGANISATION_READ: Rule(
        cells=_OFFICERS | _FINANCE | {Role.HOTLINE: _CITY} | _AUDITOR | _ENGINE,
        purposes=set(Purpose),
        reads=True,
        uses="""organisations.get organisations.find organisations.below organisations.tree
            organisations.joins_at""",
    ),
    # The glass: anybody who serves members may ask, for any file of the city; the city decides.
    Operation.EMERGENCY_ASK: Rule(
        cells=dict.fromkeys(_OFFICERS, _CITY),
        purposes={_P.SERVE, _P.AID_REVIEW},
        step_up=True,
        uses="emergencies.ask",
    ),
    Operation.EMERGENCY_DECIDE: Rule(
        cells=_ONLY_CITY,
        purposes={_P.SERVE, _P.AID_REVIEW},
        step_up=True,
        uses="emergencies.confirm emergencies.refuse",
    ),
    Operation.EMERGENCY_USE: Rule(
        cells=dict.fromkeys(_OFFICERS, _CITY),
        purposes={_P.SERVE, _P.AID_REVIEW},
        step_up=True,
        uses="emergencies.file emergencies.reveal",
    ),
    # To close what is open asks for no second thing: whoever may ask ends the own, the city any.
    Operation.EMERGENCY_END: Rule(
        cells=dict.fromkeys(_OFFICERS, _CITY),
        purposes={_P.SERVE, _P.AID_REVIEW},
        uses="emergencies.end",
    ),
    Operation.EMERGENCY_READ: Rule(
        cells=_AUDITOR | _ONLY_CITY | {Role.LOG_ADMIN: _CITY},
        purposes={_P.AUDIT, _P.SERVE, _P.AID_REVIEW},
        reads=True,
        uses="emergencies.waiting emergencies.granted",
    ),
    Operation.OFFICER_WRITE: Rule(
        cells=_ABOVE,
        purposes={_P.OPERATE},
        step_up=True,
        uses="""officers.appoint officers.confirm officers.refuse officers.leave
            officers.revoke""",
    ),
    Operation.OFFICER_READ: Rule(
        cells=_ABOVE | _AUDITOR | {Role.LOG_ADMIN: _CITY},
        purposes={_P.OPERATE, _P.AUDIT},
        reads=True,
        uses="officers.of_union officers.listed officers.given_by",
    ),
    # To let another act in the own post, and to end it; whose post it is, the registry says.
    Operation.OFFICER_DELEGATE: Rule(
        cells=_OFFICERS | _FINANCE | _REVIEW | {Role.HOTLINE: _CITY},
        purposes=set(Purpose),
        uses="officers.delegate officers.end_delegation officers.delegations",
    ),
    Operation.CALL_TAKE: Rule(
        cells={Role.HOTLINE: _CITY}, purposes={_P.SERVE}, uses="hotline.take hotline.open"
    ),
    # Whose a ticket is: an operator's own to hand over or be done with, any for the city.
    Operation.CALL_GIVE: Rule(
        cells={Role.HOTLINE: _CITY} | _ONLY_CITY,
        purposes={_P.SERVE},
        uses="hotline.waiting hotline.give hotline.settle",
    ),
    Operation.CALL_FILE: Rule(
        cells=_HOTLINE,
        purposes={_P.SERVE},
        uses="hotline.file hotline.protect hotline.hand_over hotline.close",
    ),
    # What a caller says goes to a union; an operator reads it again by taking it in hand.
    Operation.REFERRAL_MAKE: Rule(cells=_HOTLINE, purposes={_P.SERVE}, uses="referrals.make"),
    Operation.REFERRAL_OWN: Rule(
        cells=_MEMBER | _HOTLINE,
        purposes={_P.SERVE},
        uses="referrals.ask referrals.of_person referrals.withdraw",
    ),
    Operation.REFERRAL_READ: Rule(
        cells=_OFFICERS | {Role.HOTLINE: _CITY} | _AUDITOR,
        purposes={_P.SERVE, _P.AUDIT},
        reads=True,
        uses="referrals.listed",
    ),
    Operation.REFERRAL_WORK: Rule(
        cells=_OFFICERS,
        purposes={_P.SERVE},
        uses="referrals.read referrals.accept referrals.bounce referrals.reply",
    ),
    Operation.REFERRAL_CALL: Rule(
        cells={Role.HOTLINE: _CITY} | _ONLY_CITY,
        purposes={_P.SERVE},
        uses="""referrals.take referrals.satisfied referrals.unsatisfied referrals.missed
            referrals.assign""",
    ),
    Operation.PERSON_READ: Rule(
        cells=_MEMBER | _OFFICERS | _HOTLINE | _ENGINE,
        purposes={_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS},
        reads=True,
        uses="""members.get members.find members.by_mobile members.of_union members.show_many
            members.episodes members.affiliations members.standing_on members.as_of
            members.entitled members.of_union_on transfers.get
            transfers.waiting bindings.who bindings.level desk.timeline""",
    ),
    Operation.PERSON_WRITE: Rule(
        cells=_OFFICERS,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS},
        uses="members.correct members.link_document",
    ),
    Operation.PERSON_CONTACT: Rule(
        cells=_OFFICERS,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS},
        step_up=True,
        uses="members.set_mobile",
    ),
    Operation.PERSON_REVEAL: Rule(
        cells=_MEMBER | _OFFICERS,
        purposes={_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS},
        step_up=True,
        uses="reveals.show",
    ),
    # An upper union has aggregates, and the rows of cases that come to it: it exports nobody.
    Operation.MEMBER_EXPORT: Rule(
        cells={Role.GRASSROOTS: _BRANCH, Role.CITY: _CITY},
        purposes={_P.ENROL, _P.SERVE},
        step_up=True,
        uses="exports.members",
    ),
    Operation.DISCLOSURE_READ: Rule(
        cells=_AUDITOR | _ONLY_CITY | {Role.LOG_ADMIN: _CITY},
        purposes={_P.AUDIT},
        reads=True,
        uses="exports.listed exports.trace",
    ),
    Operation.PERSON_MERGE: Rule(
        cells=_ONLY_CITY,
        purposes={_P.ENROL, _P.RIGHTS},
        uses="duplicates.keep_apart duplicates.merge duplicates.confirm duplicates.refuse",
    ),
    Operation.MEMBERSHIP_WRITE: Rule(
        cells=_MEMBER | _OFFICERS,
        purposes={_P.ENROL, _P.RIGHTS},
        uses="""memberships.apply memberships.transfer_in memberships.approve memberships.reject
            memberships.withdraw memberships.retain memberships.resume memberships.quit
            memberships.lapse memberships.move_out memberships.expel memberships.death
            memberships.reinstate memberships.confirm memberships.refuse""",
    ),
    Operation.TRANSFER_WRITE: Rule(
        cells=_MEMBER | _OFFICERS | _ENGINE,
        purposes={_P.ENROL, _P.RIGHTS},
        uses="""transfers.holds transfers.request transfers.request_by_document transfers.release
            transfers.refuse transfers.withdraw transfers.appeal transfers.deny transfers.accept
            transfers.order transfers.escalate_due""",
    ),
    Operation.ROSTER_IMPORT: Rule(cells=_OFFICERS, purposes={_P.ENROL}, uses="roster.import_file"),
    Operation.ROSTER_CHECK: Rule(
        cells=_OFFICERS, purposes={_P.ENROL}, reads=True, uses="roster.import_file"
    ),
    Operation.QUARANTINE_READ: Rule(
        cells=_ONLY_CITY | _AUDITOR,
        purposes={_P.ENROL, _P.RIGHTS, _P.AUDIT},
        reads=True,
        uses="duplicates.waiting",
    ),
    Operation.BINDING_WRITE: Rule(
        cells=_MEMBER | _HOTLINE | _ONLY_CITY | _ENGINE,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS},
        uses="bindings.bind bindings.unbind bindings.revoke bindings.release",
    ),
    Operation.CONSENT_WRITE: Rule(
        cells=_MEMBER | _OFFICERS,
        purposes={_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS},
        uses="consents.ask consents.give consents.refuse consents.withdraw consents.enter",
    ),
    Operation.CONSENT_READ: Rule(
        cells=_MEMBER | _OFFICERS | _AUDITOR | _ENGINE,
        purposes={_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS, _P.AUDIT},
        reads=True,
        uses="consents.of consents.history consents.check",
    ),
    Operation.RIGHTS_ASK: Rule(
        cells=_MEMBER | _HEIR | _OFFICERS,
        purposes={_P.RIGHTS},
        uses="rights.ask rights.withdraw",
    ),
    Operation.RIGHTS_ANSWER: Rule(
        cells=_OFFICERS,
        purposes={_P.RIGHTS},
        uses="rights.verify rights.correct rights.answer rights.refuse",
    ),
    Operation.RIGHTS_READ: Rule(
        cells=_MEMBER | _HEIR | _OFFICERS,
        purposes={_P.RIGHTS},
        reads=True,
        uses="rights.copy rights.preview rights.of rights.listed rights.access_log",
    ),
    Operation.RIGHTS_ERASE: Rule(
        cells=_ONLY_CITY | _ENGINE,
        purposes={_P.RIGHTS},
        uses="""rights.erase rights.erased rights.journal rights.erase_again rights.sweep
            rights.over""",
    ),
    Operation.STATISTICS_READ: Rule(
        cells=_OFFICERS | _FINANCE | _AUDITOR | _ENGINE,
        purposes=set(Purpose) - {_P.RIGHTS},
        reads=True,
        uses="organisations.counts members.counts statistics.count",
    ),
    # --- cards --------------------------------------------------------------------------------
    Operation.BATCH_WRITE: Rule(
        cells=_MEMBER | _OFFICERS,
        purposes={_P.ENROL},
        uses="""batches.draft batches.check batches.edit batches.submit batches.mend
            batches.exclude batches.cancel""",
    ),
    Operation.BATCH_APPROVE: Rule(
        cells=_ABOVE,
        purposes={_P.ENROL},
        uses="batches.return_ batches.approve batches.cancel numbers.reserve",
    ),
    Operation.BATCH_READ: Rule(
        cells=_MEMBER | _OFFICERS | _HOTLINE | _AUDITOR | _ENGINE,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS, _P.AUDIT},
        reads=True,
        uses="""batches.get batches.rows batches.of_person batches.listed batches.outcomes
            numbers.of""",
    ),
    Operation.CARD_READ: Rule(
        cells=_MEMBER | _OFFICERS | _HOTLINE | _AUDITOR | _ENGINE,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS, _P.AUDIT},
        reads=True,
        uses="""cards.get cards.of_person cards.use cards.current cards.free_services
            cards.signings cards.facts cards.instructions cards.pack custody.pieces custody.held
            custody.lists""",
    ),
    Operation.CARD_HOLD: Rule(
        cells=_OFFICERS | _HOTLINE,
        purposes={_P.ENROL, _P.SERVE, _P.RIGHTS},
        uses="cards.lock cards.extend cards.unlock",
    ),
    Operation.CARD_DECIDE: Rule(
        cells=_ONLY_CITY,
        purposes={_P.ENROL, _P.SERVE},
        uses="""batches.rebuild batches.close cards.propose_void cards.propose_revoke
            cards.confirm cards.rejoin""",
    ),
    # The plastic in the reader is the second thing: somebody brought it.
    Operation.CHIP_REVEAL: Rule(
        cells=_OFFICERS, purposes={_P.ENROL, _P.SERVE, _P.RIGHTS}, uses="chips.reveal"
    ),
    Operation.CUSTODY_WRITE: Rule(
        cells=_OFFICERS,
        purposes={_P.ENROL},
        uses="""custody.collect custody.propose custody.sign custody.drop custody.hand_out
            custody.give_back custody.miss""",
    ),
    # --- the bank -----------------------------------------------------------------------------
    Operation.BANK_DESK: Rule(cells=_ENGINE, purposes=(), uses=""),
    Operation.BANK_READ: Rule(
        cells=_ONLY_CITY | _FINANCE | _AUDITOR | _ENGINE,
        purposes={_P.OPERATE, _P.PAY, _P.AUDIT},
        reads=True,
        uses="""reconciliation.last reconciliation.get reconciliation.open reconciliation.resolve
            bank_books.dispatches bank_books.dispatch bank_books.troubles""",
    ),
    Operation.BANK_OPERATE: Rule(
        cells=_ONLY_CITY | _ENGINE,
        purposes={_P.OPERATE},
        uses="reconciliation.ask_for reconciliation.resolve bank_books.park bank_books.retry",
    ),
    # --- services -----------------------------------------------------------------------------
    Operation.OFFER_WRITE: Rule(cells=_ABOVE, purposes={_P.SERVE}, uses="bookings.put_up"),
    Operation.BOOKING_WRITE: Rule(
        cells=_MEMBER | _HOTLINE | _ENGINE,
        purposes={_P.SERVE},
        uses="bookings.book bookings.book_soon bookings.confirm bookings.cancel",
    ),
    Operation.BOOKING_CHECK: Rule(
        cells=_COUNTER,
        purposes={_P.SERVE},
        uses="""bookings.call_off bookings.check_in bookings.propose_correction
            bookings.confirm_correction""",
    ),
    Operation.SERVICE_READ: Rule(
        cells=_MEMBER | _OFFICERS | _HOTLINE | _AUDITOR | _ENGINE,
        purposes={_P.SERVE, _P.AID_REVIEW, _P.RIGHTS, _P.AUDIT},
        reads=True,
        uses="""grants.of_person bookings.open bookings.offer bookings.of_person services.menu
            services.suggested services.show services.wishes services.history sweeps.count
            sweeps.listed""",
    ),
    Operation.SERVICE_RATE: Rule(cells=_MEMBER, purposes={_P.SERVE}, uses="services.rate"),
    Operation.WISH_WRITE: Rule(
        cells=_MEMBER | _HOTLINE, purposes={_P.SERVE}, uses="services.wish services.withdraw"
    ),
    Operation.DEMAND_READ: Rule(
        cells=_OFFICERS | _AUDITOR | _ENGINE,
        purposes={_P.SERVE, _P.AUDIT, _P.OPERATE},
        reads=True,
        uses="services.demand services.unlisted services.project services.evaluation",
    ),
    Operation.PROJECT_WRITE: Rule(
        cells=_ABOVE, purposes={_P.SERVE, _P.OPERATE}, uses="services.argue"
    ),
    # A union signs up for its members; who is above it decides, or who answers for the service,
    # and that one sees how many come, and no list.
    Operation.JOINING_WRITE: Rule(
        cells=_OFFICERS,
        purposes={_P.SERVE},
        uses="""joinings.ask joinings.enlist joinings.withdraw joinings.held joinings.confirm
            joinings.refuse joinings.members""",
    ),
    Operation.JOINING_DECIDE: Rule(
        cells=_ABOVE | {Role.PROVIDER: _CITY},
        purposes={_P.SERVE},
        uses="joinings.accept joinings.decline joinings.cancel",
    ),
    Operation.JOINING_READ: Rule(
        cells=_OFFICERS | {Role.PROVIDER: _CITY} | _AUDITOR,
        purposes={_P.SERVE, _P.AUDIT},
        reads=True,
        uses="joinings.get joinings.listed",
    ),
    Operation.JOINING_OWN: Rule(
        cells=_MEMBER | _HOTLINE, purposes={_P.SERVE}, reads=True, uses="joinings.of_person"
    ),
    Operation.COUNTER_TAP: Rule(
        cells=_COUNTER, purposes={_P.SERVE}, uses="counter.tap points.take_in"
    ),
    Operation.STATUS_LIST: Rule(
        cells=_ONLY_CITY | _ENGINE, purposes={_P.SERVE, _P.OPERATE}, uses="points.issue"
    ),
    # --- help, cover, claims ------------------------------------------------------------------
    Operation.GRANT_WRITE: Rule(
        cells=_OFFICERS, purposes={_P.SERVE, _P.AID_REVIEW}, uses="grants.propose"
    ),
    Operation.GRANT_DECIDE: Rule(
        cells=_ABOVE, purposes={_P.SERVE, _P.AID_REVIEW}, uses="grants.decide grants.refuse"
    ),
    Operation.PLAN_WRITE: Rule(
        cells=_MEMBER | _OFFICERS,
        purposes={_P.SERVE, _P.AID_REVIEW},
        uses="plans.join plans.join_many plans.cancel",
    ),
    Operation.PLAN_DECIDE: Rule(
        cells=_REVIEW,
        purposes={_P.AID_REVIEW},
        uses="""plans.accept plans.refuse plans.terminate plans.void plans.confirm plans.keep_it
            plans.waiting""",
    ),
    Operation.PLAN_READ: Rule(
        cells=_MEMBER | _HEIR | _OFFICERS | _REVIEW | _HOTLINE | _ENGINE,
        purposes={_P.SERVE, _P.AID_REVIEW, _P.RIGHTS},
        reads=True,
        uses="plans.of_person",
    ),
    Operation.CLAIM_WRITE: Rule(
        cells=_MEMBER | _HEIR | _OFFICERS,
        purposes={_P.SERVE, _P.AID_REVIEW},
        uses="claims.ask claims.supplement claims.withdraw claims.appeal",
    ),
    Operation.CLAIM_DECIDE: Rule(
        cells=_REVIEW,
        purposes={_P.AID_REVIEW},
        uses="""claims.take claims.ask_more claims.decide claims.confirm claims.refuse
            claims.reject claims.listed claims.waiting claims.second_word recovery.overpaid
            recovery.preview_overpaid recovery.confirm_overpaid recovery.refuse""",
    ),
    # What happened is medical: whoever helped with a claim does not read it afterwards.
    Operation.CLAIM_READ: Rule(
        cells=_MEMBER | _HEIR | _REVIEW | _ENGINE,
        purposes={_P.SERVE, _P.AID_REVIEW, _P.RIGHTS},
        reads=True,
        uses="claims.get claims.preview claims.of_person",
    ),
    Operation.HEIR_WRITE: Rule(
        cells=_ONLY_CITY | _FINANCE,
        purposes={_P.AID_REVIEW, _P.SERVE, _P.PAY},
        uses="heirs.name heirs.confirm heirs.refuse heirs.of",
    ),
    Operation.RECOVERY_READ: Rule(
        cells=_REVIEW | _FINANCE,
        purposes={_P.AID_REVIEW, _P.PAY},
        reads=True,
        uses="recovery.listed recovery.proposed recovery.refuse",
    ),
    # --- money, log ---------------------------------------------------------------------------
    Operation.PAY_WRITE: Rule(
        cells=_FINANCE,
        purposes={_P.PAY},
        uses="""treasury.set_budget treasury.draft treasury.approve treasury.cancel
            treasury.explain recovery.done recovery.preview_done recovery.confirm_done
            recovery.refuse reconciliation.resolve""",
    ),
    Operation.PAY_READ: Rule(
        cells=_FINANCE | _ONLY_CITY | _AUDITOR | _ENGINE,
        purposes={_P.PAY, _P.AUDIT, _P.OPERATE},
        reads=True,
        uses="""treasury.budget treasury.preview treasury.in_flight treasury.get treasury.orders
            treasury.order treasury.tries treasury.listed treasury.books treasury.account
            treasury.statement""",
    ),
    Operation.AUDIT_READ: Rule(
        cells=_AUDITOR | _ONLY_CITY | {Role.LOG_ADMIN: _CITY} | _ENGINE,
        purposes={_P.AUDIT},
        reads=True,
        uses="""audit.state audit.checkpoint audit.checkpoints audit.touched audit.prove
            audit.consistency audit.export audit.lines""",
    ),
    Operation.OPERATE: Rule(
        cells=_ENGINE | _ONLY_CITY,
        purposes={_P.OPERATE},
        uses="audit.seal audit.seal_all audit.signed_here",
    ),
}
MATRIX: Final[Mapping[Operation, Rule]] = MappingProxyType(_RULES)
"""Who may do what. An operation that is not here is nobody's."""

OPEN: Final = frozenset({"counter.must_prove", "consents.notice"})
"""What asks for no permission: it reads what is printed, the catalogue and the notices."""

_OWN_THINGS: Final = frozenset({_P.SERVE, _P.RIGHTS})


def purposes_of(operation: Operation, role: Role) -> frozenset[Purpose]:
    """Return what somebody of *role* may do *operation* for; empty: nothing, it is not theirs.

    The engine does all it does to operate; one's own things are always for service or by right.
    """
    rule, own = MATRIX.get(operation), PURPOSES.get(role, frozenset())
    cell = None if rule is None else rule.cells.get(role)
    if rule is None or cell is None:
        return frozenset()
    if role is Role.ENGINE:
        return own
    extra = _OWN_THINGS if cell is Range.PERSON else frozenset()
    return own & (rule.purposes | extra)
