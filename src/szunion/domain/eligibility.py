"""Know what stands against a member having an item of the menu (享受条件)."""

from __future__ import annotations

from attrs import frozen

from szunion.domain.catalogue import Mode, ServiceItem
from szunion.domain.identity import Gender
from szunion.domain.members import Rights
from szunion.domain.values import Labelled


class Ineligible(Labelled):
    """Why somebody may not have an item (不符合条件的原因)."""

    NO_BENEFITS = "NO_BENEFITS", "会籍不享受服务", "the membership carries no benefits"
    GENDER = "GENDER", "性别不符", "for the other sex"
    GENDER_UNKNOWN = "GENDER_UNKNOWN", "性别待核", "sex not known"
    REAL_NAME = "REAL_NAME", "实名等级不够", "real-name level too low"
    BY_UNION = "BY_UNION", "须由工会集体参与", "joined through the union only"


def ineligible(
    item: ServiceItem, *, rights: Rights, gender: Gender | None, level: int, least_level: int
) -> tuple[Ineligible, ...]:
    """Return everything that stands against a member asking for *item*; empty means eligible.

    Every member is treated alike: an item asks for membership, a real name, and what the item
    itself says; nothing else of the person enters (普惠).

    Args:
        item: What is asked for.
        rights: What the membership carries.
        gender: Of the member, if known.
        level: The member's real-name level, 0 to 3.
        least_level: The level that the city asks for.
    """
    terms = ItemTerms(mode=item.mode, gender=item.eligibility.gender)
    return against_terms(terms, rights=rights, gender=gender, level=level, least_level=least_level)


@frozen(kw_only=True)
class ItemTerms:
    """What an item asks of a member: all of it that eligibility rests on (享受条件)."""

    mode: Mode
    gender: Gender | None = None


def against_terms(
    terms: ItemTerms, *, rights: Rights, gender: Gender | None, level: int, least_level: int
) -> tuple[Ineligible, ...]:
    """Return everything that stands against a member by an item's terms; see ``ineligible``."""
    against: list[Ineligible] = []
    if not rights.benefits:
        against.append(Ineligible.NO_BENEFITS)
    if terms.mode in {Mode.COLLECTIVE, Mode.UNION}:
        against.append(Ineligible.BY_UNION)
    if terms.gender is not None and gender is not terms.gender:
        against.append(Ineligible.GENDER_UNKNOWN if gender is None else Ineligible.GENDER)
    if level < least_level:
        against.append(Ineligible.REAL_NAME)
    return tuple(against)
