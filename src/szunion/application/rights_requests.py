"""Know how a request about a person's own data is found, changed and written down (请求办理)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve

from szunion.domain.access import Principal, Scope
from szunion.domain.audit import AuditEntry
from szunion.domain.identity import IdentityDocument, Mobile, PersonName
from szunion.domain.rights import RequestKind, RequestState, RightsRequest
from szunion.errors import Conflict, InvalidInput, NotFound
from szunion.ports.storage import UnitOfWork

_CORRECTABLE: Final = frozenset({"name", "document", "mobile"})


def checked(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be corrected, each part well-formed.

    Raises:
        InvalidInput: it says nothing, or something else (E-PRIVACY-006), or is malformed.
    """
    told = {key: text.strip() for key, text in wanted.items() if text.strip()}
    if not told or set(told) - _CORRECTABLE:
        raise InvalidInput("E-PRIVACY-006")
    if "name" in told:
        PersonName(told["name"])
    if "document" in told:
        IdentityDocument.read(told["document"])
    if "mobile" in told:
        Mobile.of(told["mobile"])
    return told


def request_of(work: UnitOfWork, scope: Scope, request: int) -> RightsRequest:
    """Return a request.

    Raises:
        NotFound: there is none within reach (E-PRIVACY-003).
    """
    found = work.requests.get(scope, request)
    if found is None:
        raise NotFound("E-PRIVACY-003")
    return found


def must_be(request: RightsRequest, kind: RequestKind) -> None:
    """Refuse a request that asks for something else, or whose person nobody has identified.

    Raises:
        Conflict: it asks for something else (E-PRIVACY-008), or is not verified (E-PRIVACY-007).
    """
    if request.kind is not kind:
        raise wrong_kind(request.kind)
    if request.state is not RequestState.VERIFIED:
        raise Conflict("E-PRIVACY-007", current=request.state, allowed=())


def wrong_kind(kind: RequestKind) -> Conflict:
    """Return the error of a request that is not for what is done (E-PRIVACY-008)."""
    return Conflict(
        "E-PRIVACY-008", current=kind, allowed=(), kind=kind.label, kind_en=kind.label_en
    )


def done(
    work: UnitOfWork, scope: Scope, old: RightsRequest, by: Principal, why: str
) -> RightsRequest:
    """Note that a request is done; the person is told it."""
    words = {"kind": old.kind.label, "kind_en": old.kind.label_en}
    work.messages.add(scope, old.person, "rights.done", words)
    return kept(work, scope, old, old.done(by.id, work.now), "rights.done", why)


def kept(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    old: RightsRequest,
    new: RightsRequest,
    action: str,
    why: str = "",
) -> RightsRequest:
    """Keep a changed request, and write it into the log."""
    work.requests.put(scope, new)
    written(work, scope, new, action, why, old)
    return evolve(new, version=new.version + 1)


def written(  # noqa: PLR0913, PLR0917 - before, after, and what is written of it
    work: UnitOfWork,
    scope: Scope,
    request: RightsRequest,
    action: str,
    why: str,
    old: RightsRequest | None = None,
) -> None:
    """Write into the log what was done with a request."""
    entry = AuditEntry(
        action=action, subject=request.id, person=request.person,
        before=old.state.value if old else "", after=request.state.value,
        reason=why or request.kind.value,
    )  # fmt: skip
    work.audit.add(scope, entry)
