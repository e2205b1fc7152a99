"""Know how the tree of unions, kept at one machine of a city, comes to the others.

A machine that has members of a union needs the union, with the same id: scopes hang on it. There is
no transaction of two machines, so the tree is read at one and brought up to date at another, as
often as somebody likes; what is the same is left alone. That a union has ended is not brought: what
follows from it follows where its members are, so it is ended at each machine, by two persons there,
after the tree has been brought: where its members then wait (待转会员库) is one union everywhere.
"""

from __future__ import annotations

from attrs import evolve

from szunion.application.access import authorise
from szunion.application.office import Office
from szunion.domain.access import Operation, Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.ports.storage import UnitOfWork


def spread(source: Office, target: Office, by: Principal) -> int:
    """Bring the unions of *source* to *target*; return how many were new or had changed.

    Raises:
        NotAllowed: *by* does not keep the tree (E-ACCESS-001).
        Conflict: *target* has unions of its own with the same codes (E-STORE-004).
    """
    unions = source.storage.read(
        lambda work: list(work.organisations.all(authorise(work, by, Operation.ORGANISATION_WRITE)))
    )

    def bring(work: UnitOfWork) -> int:
        scope = authorise(work, by, Operation.ORGANISATION_WRITE)
        known = {union.id: union for union in work.organisations.all(scope)}
        new = [evolve(union, version=0) for union in unions if union.id not in known]
        changed = [
            now
            for union in unions
            if union.id in known
            and union.living == known[union.id].living
            and (now := evolve(union, version=known[union.id].version)) != known[union.id]
        ]
        work.organisations.add_many(scope, new)
        for union in changed:
            work.organisations.put(scope, union)
        work.audit.add_many(
            scope,
            (
                AuditEntry(
                    action="organisation.spread", subject=union.id, after=union.state.value
                )
                for union in (*new, *changed)
            ),
        )  # fmt: skip
        return len(new) + len(changed)

    return target.storage.run(bring)


def may_move(office: Office, by: Principal) -> Scope:
    """Return the scope of whoever moves members between machines: who brings the tree may.

    Raises:
        NotAllowed: *by* does not keep the tree (E-ACCESS-001).
    """
    return office.storage.read(lambda work: authorise(work, by, Operation.ORGANISATION_WRITE))
