"""Know how versions of the city's rules are kept in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from szunion.adapters.storage.sql.session import Session
from szunion.adapters.storage.sql.times import micros, moment
from szunion.domain.access import Scope
from szunion.domain.policy_versions import PolicyVersion, rules_from


@frozen
class SqlPolicies:
    """Versions of the city's rules in SQL."""

    session: Session

    def versions(self, scope: Scope) -> Sequence[PolicyVersion]:
        return [
            rules_from(number, date.fromisoformat(holds_from), moment(recorded), body)
            for number, holds_from, recorded, body in self.session.all("policy.versions")
        ]

    def add(self, scope: Scope, version: PolicyVersion) -> None:
        self.session.do(
            "policy.add",
            (
                version.number, version.holds_from.isoformat(), micros(version.recorded),
                version.digest, version.body,
            ),
        )  # fmt: skip
