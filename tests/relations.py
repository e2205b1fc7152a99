"""A city in which somebody at one union meets records of every relation, and calls on every desk.

What a call would change is taken back, so that thousands of calls meet the same records.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from inspect import Parameter, isfunction, signature
from typing import Any, Final, TypeVar, get_type_hints

from attrs import evolve, field, frozen
from tests.booktown import BookTown
from tests.cardtown import CardTown
from tests.chips import equipment
from tests.claimtown import CHILD, STAY, ClaimTown, stay
from tests.moneytown import PLENTY, WARMTH, YEAR, MoneyTown
from tests.offices import (
    PAPER,
    Town,
    applicant,
    member,
    officer,
    on_call,
    operating,
    serving,
    town_of,
)

from szunion.adapters.bank.simulated import SimulatedBank
from szunion.adapters.identity.simulated import CODE, SimulatedIdentity
from szunion.adapters.roster.reader import read_roster
from szunion.application.counter import Counter
from szunion.application.emergencies import Emergencies
from szunion.application.grants import Proposed
from szunion.application.hotline import Hotline
from szunion.application.joinings import Joinings
from szunion.application.office import Office
from szunion.application.officers import Officers
from szunion.application.organisations import NewUnion
from szunion.application.referrals import Referrals
from szunion.application.rights import Rights
from szunion.application.services import Services
from szunion.application.statistics import Grouping
from szunion.application.system import Desk
from szunion.domain.access import Operation, Principal, Relation, Role
from szunion.domain.bindings import Portal
from szunion.domain.calls import Challenge
from szunion.domain.claims import ClaimReason
from szunion.domain.consent import ConsentPurpose, Proof
from szunion.domain.custody import CustodyEvent
from szunion.domain.disclosures import Revealed
from szunion.domain.holds import HoldReason
from szunion.domain.identity import Mobile, PersonName
from szunion.domain.members import MembershipReason
from szunion.domain.organisations import Organisation, OrganisationKind, OrganisationReason
from szunion.domain.people import HeldDocument
from szunion.domain.permissions import MATRIX
from szunion.domain.projects import Project
from szunion.domain.reconciliation import ReconKind
from szunion.domain.rights import Refusal, RequestKind
from szunion.domain.values import Fen, OrganisationId, PersonId, RequestKey
from szunion.errors import SzunionError
from szunion.ports.identity import Claimed
from szunion.ports.storage import Storage, UnitOfWork
from szunion.text import Text

T = TypeVar("T")
_K = OrganisationKind
#: The union of the officer who asks, and where the others stand to it.
PLACES: Final = (Relation.OWN, Relation.CHILD, Relation.SIBLING, Relation.PARENT)


class _Undone(Exception):
    """Takes a unit of work back."""


@frozen
class Rehearsal:
    """A store in which everything is tried and nothing is kept."""

    storage: Storage

    def run(self, work: Callable[[UnitOfWork], T], *, guarded: bool = False) -> T:
        kept: list[T] = []

        def rehearse(unit: UnitOfWork) -> None:
            kept.append(work(unit))
            raise _Undone

        try:
            self.storage.run(rehearse, guarded=guarded)
        except _Undone:
            return kept[-1]
        raise AssertionError

    def read(self, look: Callable[[UnitOfWork], T]) -> T:
        return self.storage.read(look)

    @property
    def side_by_side(self) -> int:
        return 1

    def close(self) -> None:
        """The store is somebody else's."""


def desks() -> Iterator[tuple[str, type[Any]]]:
    """Yield every desk's name and class."""
    for name, attribute in vars(Desk).items():
        if isinstance(attribute, cached_property):
            yield name, get_type_hints(attribute.func)["return"]
    yield "counter", Counter


@cache
def uses() -> Mapping[str, Callable[..., Any]]:
    """Return every public use case behind the system: ``desk.method``."""
    found: dict[str, Callable[..., Any]] = {"desk.timeline": Desk.timeline}
    for name, kind in desks():
        for method, what in vars(kind).items():
            if isfunction(what) and not method.startswith("_"):
                found[f"{name}.{method}"] = what
    return found


@cache
def operations_of(use: str) -> frozenset[Operation]:
    """Return the operations that a use case may ask for."""
    return frozenset(operation for operation, rule in MATRIX.items() if use in rule.uses)


#: The office's own, and the ear of whoever does not wait for the answer.
_HANDED_IN: Final = frozenset({"work", "told"})


@cache
def _parameters(method: Callable[..., Any]) -> Sequence[tuple[str, bool]]:
    found = list(signature(method).parameters.items())[1:]
    return [
        (name, each.default is Parameter.empty) for name, each in found if name not in _HANDED_IN
    ]


@frozen(kw_only=True)
class Records:
    """What there is at one union; for the missing one, ids that nobody has."""

    union: OrganisationId
    person: PersonId
    """A member with an active card, a bound account and the covers of the pack."""
    applied: PersonId
    """Somebody who has applied."""
    retained: PersonId
    left: PersonId
    words: Mapping[str, Any] = field(factory=dict)
    """Everything else, by the use case and the parameter's name, or by the name alone."""

    def fill(self, use: str, method: Callable[..., Any]) -> dict[str, Any]:
        """Return what to call *method* with."""
        given = {}
        for name, needed in _parameters(method):
            if f"{use}.{name}" in self.words:
                given[name] = self.words[f"{use}.{name}"]
            elif needed or name in {"person", "organisation"}:
                given[name] = self.words[name] if name in self.words else getattr(self, name)
        return given


@frozen(kw_only=True)
class Relations:
    """The city: a union with one above, one beside, one below; its records; and none."""

    office: Office
    claims: ClaimTown
    at: Mapping[Relation, Records]
    missing: Records
    ticket: int
    """Opens the member at the own union to the operator who asks."""

    @property
    def town(self) -> Town:
        return self.claims.money.cards.town

    @cached_property
    def rehearsed(self) -> Office:
        return evolve(self.office, storage=Rehearsal(self.office.storage))

    def principal(self, role: Role, name: str = "asker") -> Principal:
        """Return somebody of *role* as they are when they ask: officers at the own union."""
        own = self.at[Relation.OWN]
        match role:
            case Role.GRASSROOTS | Role.UPPER | Role.PROVIDER:
                return officer(name, role, own.union)
            case Role.MEMBER | Role.HEIR:
                return evolve(officer(name, role), person=own.person)
            case Role.HOTLINE:
                return evolve(officer(name, role), ticket=self.ticket)
            case _:
                return officer(name, role)

    def call(self, by: Principal, use: str, records: Records) -> tuple[str, str]:
        """Return what came of a call: ``("did", …)``, or the error's code and its whole text."""
        desk_name, method = use.split(".")
        if desk_name == "counter":
            desk: Any = Counter(self.rehearsed, by, equipment(self.claims.money.cards))
        else:
            whole = Desk(
                office=self.rehearsed, by=by, opens=read_roster, proofs=SimulatedIdentity()
            )
            desk = whole if desk_name == "desk" else getattr(whole, desk_name)
        function = getattr(desk, method)
        given = records.fill(use, uses()[use])
        answers: list[Callable[[], object]] = []
        if "told" in signature(uses()[use]).parameters:
            given["told"] = answers.append
        try:
            result = function(**{name: _fresh(value) for name, value in given.items()})
            result = answers[0]() if answers else result
            if isinstance(result, Iterator):
                result = list(result)
        except SzunionError as error:
            return error.code, f"{error.what()} {error.do()} {type(error).__name__}"
        return "did", repr(result)


def _town(office: Office) -> tuple[Town, dict[Relation, Organisation]]:
    """Found a line of four unions that take members, the asker's the second, and one beside."""
    levels = dict(office.policy.organisation.levels)
    levels[_K.GRASSROOTS] |= {_K.GRASSROOTS}
    rules = evolve(office.policy.organisation, levels=levels)
    office = evolve(office, policy=evolve(office.policy, organisation=rules))
    town = town_of(
        office,
        ("440304-001", "上级工会", "440304"),
        ("440304-002", "本工会", "440304-001"),
        ("440304-003", "下级工会", "440304-002"),
        ("440304-004", "平级工会", "440304-001"),
        ("440305-001", "别区工会", "440305"),
    )
    above, own, below, beside, elsewhere = town.unions
    places = dict(zip(PLACES, (own, below, beside, above), strict=True))
    return evolve(town, unions=(own, below, beside, above, elsewhere)), places


def relations_on(office: Office) -> Relations:
    """Return the city in *office*."""
    bank = SimulatedBank(seed=7, clock=office.clock)
    town, places = _town(evolve(office, bank_info=bank.info))
    claims = ClaimTown(money=MoneyTown(cards=CardTown(town=town, bank=bank)))
    for item in (WARMTH, CHILD, STAY):
        claims.money.treasury().set_budget(item, YEAR, PLENTY)
    unions = list(places.items())
    at = {place: _Maker(claims, number, union).records() for number, (place, union) in
          enumerate(unions)}  # fmt: skip
    for place in list(at):
        at[place] = evolve(at[place], words={**at[place].words, **_broken(claims, at[place])})
    own = at[Relation.OWN]
    changes = {name: _absent(value) for name, value in own.words.items()}
    nobody, words = PersonId(ABSENT), changes
    missing = Records(union=OrganisationId(ABSENT), person=nobody, applied=nobody,
                      retained=nobody, left=nobody, words=words)  # fmt: skip
    call = on_call(town.office, own.person, "asker")
    return Relations(
        office=town.office, claims=claims, at=at, missing=missing, ticket=call.ticket
    )  # fmt: skip


def _broken(claims: ClaimTown, records: Records) -> dict[str, Any]:
    """Let the asker have a grant in an emergency, and another one wait, for a member there."""
    number = records.words["hotline.open.id_number"].is_
    desk = Emergencies(claims.office, serving(officer("asker", Role.CITY)))
    second = Emergencies(claims.office, serving(officer("second", Role.CITY)))
    grant = second.confirm(desk.ask(number, reason="急救").id)
    waits = Emergencies(claims.office, serving(officer("maker", Role.CITY))).ask(
        number, reason="急救"
    )
    return {
        **_acted_for(claims.office, records.union),
        "emergencies.ask.id_number": records.words["hotline.open.id_number"],
        "emergencies.file.grant": Ref(grant.id), "emergencies.reveal.grant": Ref(grant.id),
        "emergencies.end.grant": Ref(grant.id),
        "emergencies.confirm.grant": Ref(waits.id), "emergencies.refuse.grant": Ref(waits.id),
    }  # fmt: skip


def _acted_for(office: Office, union: OrganisationId) -> dict[str, Any]:
    """Let somebody with a post at a union let a colleague act for him."""
    first, second = (f"{name}-{union}" for name in ("giver", "taker"))
    registry = Officers(office, operating(officer("city-1", Role.CITY)))
    for login in (first, second):
        registry.appoint(login, Role.GRASSROOTS, union)
    own = Officers(office, officer(first, Role.GRASSROOTS, union))
    until = office.clock.now() + timedelta(days=1)
    made = own.delegate(second, [Operation.PERSON_READ], until=until)
    return {
        "officers.revoke.delegation": Ref(made.id),
        "officers.given_by.login": Word(first, "nobody"),
    }


ABSENT: Final = (7 << 10) + 5
"""The id of nothing."""


@frozen
class Ref:
    """The id of a thing of one union; of the missing one it names nothing."""

    id: Any


@frozen
class Word:
    """What names something of one union in plain words, and what names nothing."""

    is_: Any
    nothing: Any


@frozen
class Made:
    """A value made of ids of things of one union, anew for each call."""

    ids: tuple[Any, ...]
    make: Callable[..., Any]


def _absent(value: Any) -> Any:
    match value:
        case Ref(id=id_):
            return Ref("NOBODY" if isinstance(id_, str) else ABSENT)
        case Word(nothing=nothing):
            return nothing
        case Made(ids=ids, make=make):
            return Made((ABSENT,) * len(ids), make)
        case _:
            return value


def _fresh(value: Any) -> Any:
    match value:
        case Ref(id=id_):
            return id_
        case Word(is_=is_):
            return is_
        case Made(ids=ids, make=make):
            return make(*ids)
        case _:
            return value


@frozen
class _Maker:
    """Makes the records of one union."""

    claims: ClaimTown
    number: int
    union: Organisation

    @property
    def cards(self) -> CardTown:
        return self.claims.money.cards

    @property
    def base(self) -> int:
        return self.number * 20

    def records(self) -> Records:
        town, number = self.cards.town, self.number
        desk = town.memberships(town.g(number))
        (person,) = self.cards.admit(1, number, self.base)
        self.cards.activate([person], number)
        BookTown(cards=self.cards).bind(self.base)
        applied = desk.apply(applicant(self.base + 1), self.union.id).person
        retained = town.admit(number, applicant(self.base + 2))
        desk.retain(retained, reason=MembershipReason.UNEMPLOYED)
        left = town.admit(number, applicant(self.base + 3))
        desk.quit(left, document="申请")
        words = {
            **self._people(person, applied, retained, left), **self._unions(),
            **self._batches(), **self._cards(person), **self._services(person),
            **self._claims(person), **self._rights(person), **self._referrals(person),
            **self._joinings(person),
            **COMMON,
        }  # fmt: skip
        return Records(union=self.union.id, person=person, applied=applied, retained=retained,
                       left=left, words=words)  # fmt: skip

    def _people(
        self, person: PersonId, applied: PersonId, retained: PersonId, left: PersonId
    ) -> dict[str, Any]:
        town, number = self.cards.town, self.number
        desk = town.memberships(town.g(number, "maker"))
        moving = town.admit(number, applicant(self.base + 5))
        transfer = town.transfers(member(moving)).request(moving, town.unions[4].id)
        expelled = town.admit(number, applicant(self.base + 6))
        proposal = desk.expel(expelled, document="决定")
        someone = applicant(self.base)
        new = applicant(900)
        call = Hotline(self.claims.office, officer("asker", Role.HOTLINE)).take("member-service")
        knows = {Challenge.MOBILE: _mobile(self.base), Challenge.UNION: self.union.code}
        return {
            "hotline.give.ticket": Ref(call.id), "hotline.give.clerk": "12351-2",
            "hotline.settle.ticket": Ref(call.id), "hotline.open.ticket": Ref(call.id),
            "hotline.open.answers": knows,
            "hotline.open.id_number": Word(someone.document.number.plain(),
                                           applicant(902).document.number.plain()),
            "organisation": Ref(self.union.id), "applicant": new, "target": town.unions[4].id,
            "memberships.approve.person": Ref(applied), "memberships.reject.person": Ref(applied),
            "memberships.withdraw.person": Ref(applied),
            "memberships.resume.person": Ref(retained), "memberships.lapse.person": Ref(retained),
            "memberships.reinstate.person": Ref(left),
            "memberships.transfer_in.applicant": evolve(new),
            "memberships.confirm.proposal": Ref(proposal.id),
            "memberships.refuse.proposal": Ref(proposal.id),
            "members.find.id_number": Word(someone.document.number.plain(),
                                           applicant(902).document.number.plain()),
            "members.show_many.persons": Made((person,), lambda *ids: list(ids)),
            "members.correct.name": PersonName("更正名"),
            "members.by_mobile.mobile": Word(_mobile(self.base), _mobile(902)),
            "transfer": Ref(transfer.id), "desk.timeline.person": Ref(person),
            "transfers.request_by_document.document": Word(someone.document,
                                                           applicant(902).document),
            "transfers.request_by_document.name": someone.name,
            "account": Word(f"openid-{self.base}", "openid-902"), "portal": Portal.WECHAT,
            "claimed": Claimed(name=someone.name, document=someone.document, second=CODE),
            "loser": Ref(left), "into": Ref(person), "proposal": Ref(proposal.id),
            "heir": Ref(retained), "deceased": Ref(person),
            "roster.import_file.dry_run": True,
            "roster.import_file.source": Made((), lambda: io.BytesIO(_ROSTER.encode())),
        }  # fmt: skip

    def _unions(self) -> dict[str, Any]:
        town = self.cards.town
        c1 = town.organisations(town.c1)
        code = f"{self.union.code}-N"
        new = c1.register(code=code, name="筹建", kind=_K.GRASSROOTS, parent=self.union.id)
        idle = c1.register(code=f"{code}I", name="停用", kind=_K.GRASSROOTS, parent=self.union.id)
        c1.approve(idle.id, document="1")
        c1.suspend(idle.id, reason=OrganisationReason.NO_COMMITTEE)
        ending = c1.register(code=f"{code}E", name="将撤", kind=_K.GRASSROOTS,
                             parent=self.union.id)  # fmt: skip
        c1.approve(ending.id, document="1")
        proposal = c1.dissolve(
            ending.id, reason=OrganisationReason.UNIT_ENDED, document="1"
        )  # fmt: skip
        return {
            "organisations.approve.organisation": Ref(new.id),
            "organisations.reject.organisation": Ref(new.id),
            "organisations.resume.organisation": Ref(idle.id),
            "organisations.suspend.organisation": Ref(ending.id),
            "organisations.merge.organisation": Ref(ending.id),
            "organisations.merge.target": Ref(self.union.id),
            "organisations.dissolve.organisation": Ref(ending.id),
            "organisations.reparent.organisation": Ref(idle.id),
            "organisations.confirm.proposal": Ref(proposal.id),
            "organisations.refuse.proposal": Ref(proposal.id),
            "organisations.find.code": Word(self.union.code, "440304-9"),
            "organisations.register.code": f"{code}-2", "name": "新建工会",
            "kind": OrganisationKind.GRASSROOTS, "parent": Ref(self.union.id),
            "organisations.found_city.code": "440300", "organisations.found_city.name": "市总工会",
            "unions": Word(_to_enter(self.union.code), _to_enter("440304-9")),
            "project": Made((self.union.id,), lambda union: Project(
                item="cu-events", argument="需要", responsible=union, people=2,
                since=date(2017, 11, 1))),
        }  # fmt: skip

    def _batches(self) -> dict[str, Any]:
        town, number = self.cards.town, self.number
        desk = self.cards.batches(town.g(number))
        waits = [town.admit(number, applicant(self.base + 7 + each)) for each in range(3)]
        (draft,) = desk.draft([waits[0]], paper=PAPER).batches
        (sent,) = desk.draft([waits[1]], paper=PAPER).batches
        desk.check(sent.id)
        desk.submit(sent.id)
        produced = self.cards.produce([waits[2]], number)
        plastic = self.cards.card(waits[2])
        desk_of_plastic = self.cards.custody(town.g(number))
        listed = desk_of_plastic.collect(produced.id, [plastic.id])
        another = town.admit(number, applicant(self.base + 10))
        rows = desk.rows(draft.id)
        return {
            "batch": Ref(produced.id), "batches.check.batch": Ref(draft.id),
            "batches.submit.batch": Ref(sent.id), "batches.cancel.batch": Ref(sent.id),
            "batches.edit.batch": Ref(sent.id), "batches.approve.batch": Ref(sent.id),
            "batches.return_.batch": Ref(sent.id), "row": Ref(rows[0].id),
            "people": Made((another,), lambda *ids: list(ids)), "list_id": Ref(listed.id),
            "found": Made((plastic.id,), lambda *ids: list(ids)),
            "pieces": Made((plastic.id,), lambda *ids: list(ids)),
            "custody.hand_out.card": Ref(plastic.id), "custody.give_back.card": Ref(plastic.id),
            "custody.miss.card": Ref(plastic.id), "numbers.reserve.person": Ref(another),
            "key": Word(produced.key, RequestKey("NOBODYNOBODYNOBODYNOBODYAA")),
        }  # fmt: skip

    def _cards(self, person: PersonId) -> dict[str, Any]:
        kept = self.cards.card(person)
        town = self.cards.town
        held = self.cards.cards(town.c1).lock(kept.id, HoldReason.INVESTIGATION, note="核查")
        own = self.cards.cards(town.g(self.number)).lock(kept.id, HoldReason.DATA_DOUBT)
        hold = next(each for each in own.card.holds if each.reason is HoldReason.DATA_DOUBT)
        proposal = self.cards.cards(town.c1).propose_void(held.id, hold.id, "误锁")
        until = self.cards.clock.now() + timedelta(days=3)
        return {
            "card": Ref(kept.id), "hold": Ref(hold.id), "until": until,
            "cards.confirm.proposal": Ref(proposal.id),
            "cards.lock.reason": HoldReason.MISUSE, "cards.propose_revoke.card": Ref(kept.id),
        }  # fmt: skip

    def _services(self, person: PersonId) -> dict[str, Any]:
        book = BookTown(cards=self.cards)
        town = self.cards.town
        other = town.admit(self.number, applicant(self.base + 11))
        self.cards.activate([other], self.number)
        book.bind(self.base + 11)
        offer = book.offer(5)
        booking = book.held(offer, other)
        book.desk(other).confirm(booking.id)
        used = book.held(book.offer(5), other)
        book.desk(other).confirm(used.id)
        record = book.desk(book.provider).check_in(used.id)
        fresh = book.held(book.offer(5), other)
        services = Services(self.claims.office, member(person))
        wish = services.wish(category="fitness", words="想学粤剧")
        grants = self.claims.money.grants(town.g(self.number))
        proposed = grants.propose(person, WARMTH, subject=f"HK{person}")
        assert isinstance(proposed, Proposed), proposed
        return {
            "offer": Ref(offer.id), "booking": Ref(booking.id), "record": Ref(record.id),
            "bookings.confirm.booking": Ref(fresh.id), "wish": Ref(wish.id),
            "grants.decide.proposal": Ref(proposed.proposal.id),
            "grants.refuse.proposal": Ref(proposed.proposal.id),
            "grants.propose.subject": f"NEW{person}", "bookings.book.person": Ref(person),
        }  # fmt: skip

    def _rights(self, person: PersonId) -> dict[str, Any]:
        desk = Rights(self.claims.office, member(person))
        copy = desk.ask(person, RequestKind.COPY)
        correction = desk.ask(person, RequestKind.CORRECT, wanted={"name": "更正名"})
        erasure = desk.ask(person, RequestKind.ERASE)
        return {
            "request": Ref(copy.id), "rights.copy.request": Ref(copy.id),
            "rights.correct.request": Ref(correction.id), "rights.erase.request": Ref(erasure.id),
            "rights.erased.person": Ref(person),
            "consents.enter.people": Made((person,), lambda *ids: list(ids)),
            "consents.ask.people": Made((person,), lambda *ids: list(ids)),
        }  # fmt: skip

    def _referrals(self, person: PersonId) -> dict[str, Any]:
        """Let the member call five times; each matter has got to another step."""
        office = self.claims.office
        union = Referrals(office, serving(self.cards.town.g(self.number)))
        operator = Referrals(office, officer("asker", Role.HOTLINE))
        made = []
        for _ in range(5):
            caller = on_call(office, person, f"h-{self.number}")
            made.append(Referrals(office, caller).make("想问一件事").id)
        new, working, replied, called, bounced = made
        union.bounce(bounced, "不归我们管")
        for each in (working, replied, called):
            union.accept(each)
        for each in (replied, called):
            union.reply(each, "已办")
        operator.take(called)
        in_hand = dict.fromkeys(("satisfied", "unsatisfied", "missed"), Ref(called))
        return {
            "referrals.ask.item": "la-advice",
            "referral": Ref(new), "referrals.reply.referral": Ref(working),
            "referrals.take.referral": Ref(replied), "referrals.assign.referral": Ref(bounced),
            **{f"referrals.{step}.referral": one for step, one in in_hand.items()},
        }  # fmt: skip

    def _joinings(self, person: PersonId) -> dict[str, Any]:
        """Let the union sign up four times; each sign-up has got to another step."""
        town = self.cards.town
        union = Joinings(self.claims.office, serving(town.g(self.number, "maker")))
        above = Joinings(self.claims.office, serving(officer("organiser", Role.CITY)))
        today = self.claims.today
        asked, accepted, today_is_it, held = (
            union.ask(_TOGETHER, today, last=today + timedelta(days=60), where="楼", expected=9,
                      people=[person]).joining.id
            for _ in range(4)
        )  # fmt: skip
        above.accept(accepted, today + timedelta(days=20), 9)
        for each in (today_is_it, held):
            above.accept(each, today, 9)
        handed = union.held(held, [person])
        if self.number == 0:  # the asker's union answers for the item
            Services(self.claims.office, serving(town.c1)).argue(
                Project(item=_TOGETHER, argument="需要", responsible=self.union.id, people=2,
                        since=today)
            )  # fmt: skip
        return {
            "joining": Ref(asked), "joinings.cancel.joining": Ref(accepted),
            "joinings.held.joining": Ref(today_is_it),
            "joinings.confirm.proposal": Ref(handed.proposal.id),
            "joinings.refuse.proposal": Ref(handed.proposal.id),
            "joinings.enlist.people": Made((person,), lambda *ids: list(ids)),
            "joinings.ask.item": _TOGETHER, "joinings.ask.first": today + timedelta(days=60),
            "joinings.accept.on": today + timedelta(days=60),
        }  # fmt: skip

    def _claims(self, person: PersonId) -> dict[str, Any]:
        self.claims.consent(person)
        claim = self.claims.file(person, STAY, stay(self.claims.today, 3), f"ZY{person}")
        another = self.claims.file(person, STAY, stay(self.claims.today, 4), f"ZX{person}")
        self.claims.review().take(another.id)
        cover = self.claims.cover(person, CHILD)
        return {
            "claim": Ref(claim.id), "claims.decide.claim": Ref(another.id),
            "claims.reject.claim": Ref(another.id), "claims.ask_more.claim": Ref(another.id),
            "claims.preview.claim": Ref(another.id), "enrolment": Ref(cover.id),
            "happening": Made((), lambda: stay(self.claims.today, 5)), "plan": "gp-hospital",
            "claims.ask.plan": STAY, "numbers": [f"ZZ{person}"],
        }  # fmt: skip


def _to_enter(parent: str) -> list[NewUnion]:
    return [NewUnion(code=f"{parent}-3", name="补录", kind=_K.GRASSROOTS, parent_code=parent)]


def _mobile(index: int) -> str:
    found = applicant(index).mobile
    assert found is not None
    return found.plain()


_TOGETHER: Final = "co-quality-lecture"
_ROSTER: Final = "姓名,证件号码,手机\n"
PAPERED: Final = Proof(paper="1号")
COMMON: Final[Mapping[str, Any]] = {
    "actor": "g-0", "since": datetime(2017, 11, 22, tzinfo=UTC), "entry": 1, "old": 0, "new": 0,
    "on": date(2017, 11, 23),
    "purpose": ConsentPurpose.BANK, "rights.ask.kind": RequestKind.COPY, "rights.ask.paper": "1号",
    "rights.refuse.why": Refusal.NO_PROOF, "rights.erase_again.lines": [],
    "consents.give.proof": PAPERED, "consents.refuse.proof": PAPERED,
    "consents.withdraw.proof": PAPERED,
    "what": Revealed.DOCUMENT, "lines": ["440***********1234"],
    "login": "new", "role": Role.GRASSROOTS, "post": 1, "delegation": 1,
    "operations": [Operation.PERSON_READ],
    "officers.delegate.until": datetime(2017, 12, 1, tzinfo=UTC), "topic": "member-service",
    "hours": 24,
    "category": "fitness", "ceiling": PLENTY, "code": "440304-9", "day": date(2017, 11, 23),
    "difference": 1, "digits": "88", "document": "文号1号", "event": CustodyEvent.GIVE_BACK,
    "evidence": "证据", "grouping": Grouping.UNION, "sweeps.count.item": "cu-events",
    "sweeps.listed.item": "cu-events", "item": WARMTH,
    "held": HeldDocument(document=applicant(901).document),
    "bookings.put_up.item": "cu-events", "reconciliation.ask_for.kind": ReconKind.CARDS,
    "mobile": Mobile("13900000001"), "note": "说明", "number": None, "obligation": 1,
    "occasion": "x", "paper": "申请表", "papers": ["病历"], "payout": 1, "position": 1,
    "proof": "介绍信", "reader": "counter 0", "reason": "原因", "receipt": "签收1",
    "records": [], "recovered": Fen(1), "reconciliation.get.run": 1, "stars": 5, "stock": 3,
    "claims.reject.reason": ClaimReason.PAPERS, "title": Text("演出", "show"),
    "memberships.retain.reason": MembershipReason.UNEMPLOYED, "services.wish.item": "cu-events",
    "organisations.suspend.reason": OrganisationReason.NO_COMMITTEE,
    "organisations.dissolve.reason": OrganisationReason.UNIT_ENDED,
    "referrals.assign.to": "440304", "words": "说明",
    "treasury.account.name": "fund", "where": "三楼", "expected": 9, "places": 9,
    "why": "原因", "year": YEAR,
    "counter.tap.item": "cu-events", "counter.must_prove.item": "cu-events",
    "services.show.item": "cu-events", "services.project.item": "cu-events",
    "opens": datetime(2017, 11, 24, tzinfo=UTC), "closes": datetime(2017, 11, 25, tzinfo=UTC),
}  # fmt: skip
