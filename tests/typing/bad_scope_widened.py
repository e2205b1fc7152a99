"""Nobody widens a scope: a copy with another reach is one made by hand."""

from attrs import evolve

from szunion.domain.access import Scope, WholeCity


def widen(scope: Scope) -> Scope:
    return evolve(scope, reach=WholeCity())  # bad: call-arg
