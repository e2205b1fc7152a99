"""Know how a scope comes into being. The authoriser alone may import this: a contract says so."""

from __future__ import annotations

from szunion.domain.access import Operation, Principal, Reach, Scope


def issue(principal: Principal, operation: Operation, reach: Reach) -> Scope:
    """Make a scope: the permission of *principal* for *operation*, as far as *reach*."""
    scope = Scope.__new__(Scope)
    object.__setattr__(scope, "principal", principal)
    object.__setattr__(scope, "operation", operation)
    object.__setattr__(scope, "reach", reach)
    return scope
