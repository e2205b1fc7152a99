"""Know which policy was in force on a day, as was known on another: rules are facts too (政策版本).

A city's policy is a file; what decisions rest on of it is noted when it is first worked with, so a
question about a day in the past is answered by the rules of that day, and not by today's file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from attrs import asdict, frozen

from szunion.domain.catalogue import Catalogue, Mode
from szunion.domain.eligibility import ItemTerms
from szunion.domain.identity import Gender
from szunion.domain.members import (
    MembershipReason,
    MembershipState,
    Rights,
    RightsRule,
    rights_of,
)
from szunion.domain.policy import CityPolicy


@frozen(kw_only=True)
class PolicyVersion:
    """A city's rules as they were noted: from which day they hold, and since when we know."""

    number: int
    holds_from: date
    recorded: datetime
    catalogue: str
    """The version of the catalogue, as decisions cite it."""
    rights: tuple[RightsRule, ...]
    items: Mapping[str, ItemTerms]

    def rights_of(self, state: MembershipState, reason: MembershipReason | None) -> Rights:
        """Return what a membership carries by these rules."""
        return rights_of(self.rights, state, reason)

    @property
    def body(self) -> str:
        """The rules as one text: equal rules have equal texts."""
        return json.dumps(
            {
                "catalogue": self.catalogue,
                "rights": [
                    {
                        "state": rule.state.value,
                        "reasons": sorted(reason.value for reason in rule.reasons),
                        "rights": asdict(rule.rights),
                    }
                    for rule in self.rights
                ],
                "items": {
                    id_: {
                        "mode": terms.mode.value,
                        "gender": terms.gender.value if terms.gender else None,
                    }
                    for id_, terms in sorted(self.items.items())
                },
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @property
    def digest(self) -> str:
        """What tells two sets of rules apart, their first day included."""
        text = f"{self.holds_from.isoformat()}\n{self.body}"
        return hashlib.sha256(text.encode()).hexdigest()


def present_rules(
    policy: CityPolicy, catalogue: Catalogue, *, number: int, recorded: datetime
) -> PolicyVersion:
    """Return the rules of a city's files as they are now."""
    return PolicyVersion(
        number=number,
        holds_from=max(policy.valid_from, catalogue.valid_from),
        recorded=recorded,
        catalogue=catalogue.version,
        rights=policy.rights,
        items={
            item.id: ItemTerms(mode=item.mode, gender=item.eligibility.gender)
            for item in catalogue.items
        },
    )


def rules_from(number: int, holds_from: date, recorded: datetime, body: str) -> PolicyVersion:
    """Return rules as they were kept."""
    said: dict[str, Any] = json.loads(body)
    return PolicyVersion(
        number=number,
        holds_from=holds_from,
        recorded=recorded,
        catalogue=said["catalogue"],
        rights=tuple(
            RightsRule(
                state=MembershipState(rule["state"]),
                reasons=frozenset(map(MembershipReason, rule["reasons"])),
                rights=Rights(**rule["rights"]),
            )
            for rule in said["rights"]
        ),
        items={
            id_: ItemTerms(
                mode=Mode(terms["mode"]),
                gender=Gender(terms["gender"]) if terms["gender"] else None,
            )
            for id_, terms in said["items"].items()
        },
    )


def rules_on(versions: Sequence[PolicyVersion], day: date, known: datetime) -> PolicyVersion | None:
    """Return the rules in force on *day*, as was known at *known*; None: nothing was ever noted.

    Of those known then, the last noted that holds from that day or before. For a day or a moment
    before all of them the first: somebody must have decided by some rules, and those are nearest.
    """
    said = [each for each in versions if each.recorded <= known and each.holds_from <= day]
    if said:
        return said[-1]
    early = [each for each in versions if each.recorded <= known] or list(versions[:1])
    return early[0] if early else None
