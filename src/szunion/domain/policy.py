"""Know what differs between cities: the city's policy (城市政策), as data with its sources.

A policy is read from a mapping (a TOML file, say). Every value says where it comes from: it is
written ``{ value = 15, src = "D" }``, or its table carries ``src`` for all that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, cast

from attrs import field, frozen
from cattrs import Converter, transform_error
from cattrs.errors import ClassValidationError

from szunion.domain.bank import BankState
from szunion.domain.calls import LONGEST_HOLD, QUESTIONS, Challenge
from szunion.domain.holds import HoldReason
from szunion.domain.lawful import PrivacyRules, broken_terms
from szunion.domain.members import MembershipReason, MembershipState, Rights, RightsRule, rights_of
from szunion.domain.organisations import OrganisationKind
from szunion.domain.outbox import DispatchKind
from szunion.domain.values import Fen, Labelled
from szunion.errors import ConfigError
from szunion.text import Text


class Source(Labelled):
    """Where a value of a city's files comes from (来源)."""

    A = "A", "市总工会公布", "published by the city federation"
    P = "P", "报道，待该市确认", "reported by the press, for the city to confirm"
    D = "D", "软件缺省，由该市调整", "our default, for the city to adjust"


class Payable(Labelled):
    """Whether money may be paid into a card's account now (可否入账)."""

    YES = "YES", "可以", "yes"
    CHECK = "CHECK", "须先核对", "to be checked first"
    NO = "NO", "不可以", "no"


@frozen(kw_only=True)
class Deadlines:
    """How many days people have. They count from the day after the event that starts them."""

    transfer_answer: int
    transfer_appeal: int
    membership_appeal: int
    unclaimed: int
    """A card neither collected nor activated."""
    bank_answer: int
    """After so many days without a word, a request counts as unknown and is asked for."""
    booking_confirm_hours: int
    correction: int
    """How long a booking's no-show may be corrected."""
    claim_supplement: int
    """For papers that are asked for; two reminders come before its end."""
    claim_appeal: int
    hotline_hold: int
    """The longest protective hold that the hotline may place."""
    claim_close: int = 30
    """After so many days a paid claim is closed; money that comes back opens it again."""
    joining: int = 30
    """So long after its last day a collective sign-up may be brought to its end; then it lapses."""
    claim_filing: int | None = None
    """How long after the event a claim may be filed; None: no such term was published."""


@frozen(kw_only=True)
class Limits:
    """How many or how much; a city may set less than the product's own ceilings."""

    batch_rows: int
    oldest_applicant: int
    youngest_applicant: int
    accounts_per_portal: int
    wrong_proofs: int
    single_reviewer: Fen
    """Up to this amount one reviewer decides a claim; above it two."""


@frozen(kw_only=True)
class OrganisationRules:
    """How the tree of unions is built (组织层级)."""

    levels: Mapping[OrganisationKind, frozenset[OrganisationKind]]


@frozen(kw_only=True)
class CardRules:
    """What goes with the states of a card."""

    payable: Mapping[BankState, Payable]
    holds_told_to_bank: frozenset[HoldReason]
    """Reasons whose hold also asks the bank to stop the card."""
    programme: str
    """The bank's name for the card programme (项目代号)."""


@frozen(kw_only=True)
class ServiceRules:
    """What asking for a service needs."""

    realname_level: int
    """The least real-name level (0 to 3) for using the portals' services."""
    legal_threshold: bool = field(default=False)
    """Whether what is handled as a case asks for more than membership (法律服务有无门槛)."""


@frozen(kw_only=True)
class BankRules:
    """What the city cannot do without at its bank (银行必备能力)."""

    needs: frozenset[DispatchKind] = frozenset(
        {DispatchKind.OPEN_CARDS, DispatchKind.SET_CARD_USE, DispatchKind.PAY_OUT}
    )
    """Requests that the bank's adapter must accept; without one the system does not open."""


@frozen(kw_only=True)
class AccessRules:
    """How much may be shown to one officer in a day, and what a caller is asked (披露与核身)."""

    export_rows: int = 10_000
    """Members in files."""
    reveals: int = 50
    """Plain values, one by one."""
    challenge: tuple[Challenge, ...] = (Challenge.MOBILE, Challenge.UNION, Challenge.CARD)
    """What a caller is asked on the hotline; two of the three must be right."""
    wrong_answers: int = 3
    """So many failed tries for one document lock it for the hotline."""
    clerk_wrong_answers: int = 20
    """So many failed tries of one operator lock the operator."""
    lock_hours: int = 24
    call_minutes: int = 30
    """How long a ticket opens a member."""
    registered: bool = False
    """Whether officers are taken from the registry alone, and never on the host's word."""
    bank_line: str = ""
    """The bank's own line for a loss, to which the hotline leads."""


@frozen(kw_only=True)
class ReferralRules:
    """How long a union has for what the hotline passes on, in working days (派单时限)."""

    accept_days: int = 1
    answer_days: int = 5
    answer_days_of: Mapping[str, int] = field(factory=dict)
    """Topics of the catalogue with another term of their own."""
    bounces: int = 1
    """So often a matter may be sent back before the city federation decides who answers."""
    calls: int = 3
    """After so many calls that did not reach the member it is closed."""


@frozen(kw_only=True)
class CityPolicy:
    """All that a city decides for itself (城市政策)."""

    code: str
    """The city's six-digit division code (行政区划代码)."""
    name: Text
    federation: Text
    card: Text
    """What the card is called."""
    hotline: str
    timezone: str
    valid_from: date
    deadlines: Deadlines
    limits: Limits
    organisation: OrganisationRules
    cards: CardRules
    services: ServiceRules
    rights: tuple[RightsRule, ...]
    bank: BankRules = field(factory=BankRules)
    privacy: PrivacyRules = field(factory=PrivacyRules)
    access: AccessRules = field(factory=AccessRules)
    referrals: ReferralRules = field(factory=ReferralRules)
    sources: Mapping[str, Source] = field(factory=dict)
    """Where each value comes from, by its path such as ``deadlines.unclaimed``."""

    def rights_of(self, state: MembershipState, reason: MembershipReason | None) -> Rights:
        """Return what a membership in *state* carries in this city."""
        return rights_of(self.rights, state, reason)

    def hotline_hold_limit(self) -> timedelta:
        """Return how long a protective hold of the hotline may last."""
        return timedelta(days=self.deadlines.hotline_hold)


_MARKED: Final = ({"value", "src"}, {"value", "src", "note"})


def unmark(
    given: Mapping[str, Any], path: str = "", src: Source | None = None
) -> tuple[dict[str, Any], dict[str, Source]]:
    """Return *given* without its source marks, and the source of every value by path.

    Raises:
        ConfigError: a value has no source (E-POLICY-002), or an unknown one (E-POLICY-003).
    """
    src = _source(given["src"], path) if "src" in given else src
    plain: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for key, value in given.items():
        if key in {"src", "note"}:
            continue
        here = f"{path}.{key}" if path else key
        match value:
            case dict() if set(value) in _MARKED:
                plain[key], sources[here] = value["value"], _source(value["src"], here)
            case dict():
                plain[key], below = unmark(value, here, src)
                sources |= below
            case [dict(), *_]:
                found = [unmark(each, f"{here}[{index}]", src) for index, each in enumerate(value)]
                plain[key] = [each for each, _ in found]
                for _, below in found:
                    sources |= below
            case _ if src is None:
                raise ConfigError("E-POLICY-002", path=here)
            case _:
                plain[key], sources[here] = value, src
    return plain, sources


def _source(code: object, path: str) -> Source:
    try:
        return Source(str(code))
    except ValueError as error:
        raise ConfigError("E-POLICY-003", path=path, given=code) from error


def _fen(value: object, _: type[Fen]) -> Fen:
    if type(value) is not int or value < 0:
        msg = "whole fen expected"
        raise ValueError(msg)
    return Fen(value)


def _date(value: object, _: type[date]) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _int(value: object, _: type[int]) -> int:
    if type(value) is not int or value < 0:
        msg = "a whole number, not negative, expected"
        raise ValueError(msg)
    return value


def _str(value: object, _: type[str]) -> str:
    if not isinstance(value, str):
        msg = "text expected"
        raise TypeError(msg)
    return value


def _bool(value: object, _: type[bool]) -> bool:
    if not isinstance(value, bool):
        msg = "true or false expected"
        raise TypeError(msg)
    return value


def reader_of_settings() -> Converter:
    """Return the converter that reads a city's files: nothing unknown, nothing bent into shape."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(Fen, _fen)
    converter.register_structure_hook(date, _date)
    converter.register_structure_hook(int, _int)
    converter.register_structure_hook(str, _str)
    converter.register_structure_hook(bool, _bool)
    return converter


_WHERE: Final = re.compile(r"(?P<what>.*) @ \$\.?(?P<path>.*)", re.DOTALL)


def structured(given: Mapping[str, Any], kind: type[Any], code: str) -> Any:  # noqa: ANN401
    """Return *given* as a *kind*.

    Raises:
        ConfigError: something is missing, unknown or malformed; the error, of *code*, names the
            path and what was found there.
    """
    try:
        return reader_of_settings().structure(given, kind)
    except ClassValidationError as error:
        first = str(transform_error(error)[0])
        found = _WHERE.fullmatch(first)
        path, what = (found["path"], found["what"]) if found else ("", first)
        raise ConfigError(code, path=path or "（顶层）", what=what) from error


def policy_from(given: Mapping[str, Any]) -> CityPolicy:
    """Return the policy that a city's file says.

    Args:
        given: The file's content as plain mappings, lists and values.

    Raises:
        ConfigError: something is missing, unknown or malformed (E-POLICY-001), a value has no
            source (E-POLICY-002) or an unknown one (E-POLICY-003), a state of the bank has no
            line in ``cards.payable`` or a kind of union none in ``organisation.levels``
            (E-POLICY-004), or something is kept for less than the law's minimum (E-POLICY-006).
    """
    plain, sources = unmark(given)
    named = {path: str(source.value) for path, source in sources.items()}
    policy = cast("CityPolicy", structured({**plain, "sources": named}, CityPolicy, "E-POLICY-001"))
    for state in BankState:
        if state not in policy.cards.payable:
            raise ConfigError("E-POLICY-004", path=f"cards.payable.{state.value}")
    for kind in OrganisationKind:
        if kind is not OrganisationKind.CITY and kind not in policy.organisation.levels:
            raise ConfigError("E-POLICY-004", path=f"organisation.levels.{kind.value}")
    if len(set(policy.access.challenge)) != QUESTIONS:
        raise ConfigError(
            "E-POLICY-001", path="access.challenge", what=f"{QUESTIONS} different questions"
        )
    if policy.hotline_hold_limit() > LONGEST_HOLD:
        what = f"at most {LONGEST_HOLD.days} days"
        raise ConfigError("E-POLICY-001", path="deadlines.hotline_hold", what=what)
    if (broken := broken_terms(policy.privacy)) is not None:
        path, found, limit, law = broken
        raise ConfigError(
            "E-POLICY-006", path=path, found=found, limit=limit, law=law.zh, law_en=law.en
        )
    return policy
