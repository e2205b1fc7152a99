"""Know what left the system for somebody's eyes: exports and plain values, by officer and day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from attrs import frozen

from szunion.domain.access import Purpose, Role
from szunion.domain.values import Labelled, OrganisationId, PersonId


class DisclosureKind(Labelled):
    """How something left (披露方式)."""

    EXPORT = "EXPORT", "导出", "exported"
    REVEAL = "REVEAL", "查看明文", "plain value shown"


class Revealed(Labelled):
    """Which value of a member is shown in plain (明文项)."""

    DOCUMENT = "document", "证件号码", "identity document number"
    MOBILE = "mobile", "手机号", "mobile number"
    CARD = "card", "卡号", "card number"


@frozen(kw_only=True)
class Disclosure:
    """One export, or one plain value shown (披露记录)."""

    id: int
    kind: DisclosureKind
    actor: str
    role: Role
    node: OrganisationId | None
    purpose: Purpose
    day: date
    at: datetime
    rows: int
    """How many members it showed."""
    person: PersonId = PersonId(0)
    """Of a plain value: whose; of an export: nobody's alone."""
    what: str = ""
    reason: str = ""


LONGEST_REASON: Final = 200
"""Characters of a reason; more is a story, and stories have names in them."""
