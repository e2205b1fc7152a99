"""Know who took part in what (参加记录): written by what happened, never typed in afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import evolve, frozen

from szunion.domain.values import CardId, Labelled, OrganisationId, ParticipationId, PersonId
from szunion.errors import Conflict


class Means(Labelled):
    """How it was recorded (记录方式)."""

    CARD = "CARD", "刷卡", "card at a reader"
    CERTIFICATE = "CERTIFICATE", "二维码会员证", "member's QR certificate"
    PORTAL = "PORTAL", "门户", "portal"
    PAYOUT = "PAYOUT", "拨付到账", "payment that arrived"
    HOTLINE = "HOTLINE", "热线", "hotline"
    DESK = "DESK", "现场登记", "a desk of the union"


class Outcome(Labelled):
    """What was recorded (结果)."""

    TOOK_PART = "TOOK_PART", "已参加", "took part"
    NO_SHOW = "NO_SHOW", "未到场", "did not come"
    OFFLINE_RISK = "OFFLINE_RISK", "离线待核", "offline, with a list that was out of date"
    ANNULLED = "ANNULLED", "已作废", "annulled by a correction"


@frozen(kw_only=True)
class Participation:
    """One person's part in one occasion of one service item (参加记录)."""

    id: ParticipationId
    key: str
    """``join:item:occasion:person``: the same part twice has one key."""
    person: PersonId
    item: str
    category: str
    occasion: str
    at: datetime
    recorded: datetime
    means: Means
    outcome: Outcome = Outcome.TOOK_PART
    card: CardId | None = None
    organisation: OrganisationId | None = None
    """The union or service point where it was."""
    author: str
    """Who or what recorded it: also of a record made offline."""
    corrects: ParticipationId | None = None
    reason: str = ""


def participation_key(item: str, occasion: str, person: PersonId) -> str:
    """Return the business key of a person's part in an occasion."""
    return f"join:{item}:{occasion}:{person}"


def correction(  # noqa: PLR0913 — who corrects what, when, to what, and why
    old: Participation, *, id_: ParticipationId, outcome: Outcome, at: datetime, by: str, why: str
) -> Participation:
    """Return the record that corrects *old*; the old one stays as it was (更正).

    Raises:
        Conflict: the correction says what the record says already (E-PART-001).
    """
    if outcome is old.outcome:
        raise Conflict("E-PART-001", current=old.outcome, allowed=())
    return evolve(
        old,
        id=id_,
        key=f"{old.key}:{id_}",
        outcome=outcome,
        recorded=at,
        author=by,
        corrects=old.id,
        reason=why,
    )


def standing(records: Iterable[Participation]) -> tuple[Participation, ...]:
    """Return the records that no other record corrects, and that were not annulled."""
    known = tuple(records)
    corrected = {each.corrects for each in known}
    return tuple(
        each for each in known if each.id not in corrected and each.outcome is not Outcome.ANNULLED
    )


def interests(records: Iterable[Participation]) -> Mapping[str, int]:
    """Return how often a member took part, by category: what more precise service starts from."""
    return Counter(
        each.category for each in standing(records) if each.outcome is not Outcome.NO_SHOW
    )
