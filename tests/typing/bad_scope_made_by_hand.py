"""Nobody makes a scope but the authoriser."""

from szunion.domain.access import Operation, Principal, Purpose, Role, Scope, WholeCity

who = Principal(id="x", role=Role.CITY, purpose=Purpose.SERVE)
scope = Scope(who, Operation.AUDIT_READ, WholeCity())  # bad: call-arg
