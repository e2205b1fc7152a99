"""Know how a request's content is fixed when it is queued, and held to when it leaves (排队)."""

from __future__ import annotations

from datetime import datetime

from szunion.application.canonical import digest
from szunion.domain.bank_requests import BankRequest
from szunion.domain.outbox import KIND_OF, Dispatch
from szunion.errors import Conflict
from szunion.ports.storage import UnitOfWork


def dispatch_of(  # noqa: PLR0913 - what a dispatch says
    work: UnitOfWork,
    request: BankRequest,
    subject: int,
    sequence: int,
    *,
    aggregate: int | None = None,
    due: datetime | None = None,
    shard: int = 0,
) -> Dispatch:
    """Return the dispatch of a new request: its key, and the digest of what it says.

    Args:
        work: The unit of work that queues it.
        request: What is asked of the bank.
        subject: The batch, the instruction, the pay-out.
        sequence: Its place in the aggregate.
        aggregate: What its order counts within; None: the subject itself.
        due: When it is to leave; None: at once.
        shard: Whose shard it lies in.
    """
    return Dispatch(
        id=work.ids.new(shard),
        kind=KIND_OF[type(request)],
        key=request.key,
        digest=digest(work.vault, request),
        subject=subject,
        aggregate=subject if aggregate is None else aggregate,
        sequence=sequence,
        created=work.now,
        due=due or work.now,
    )


def same_content(work: UnitOfWork, dispatch: Dispatch, request: BankRequest) -> str:
    """Return the digest of a request that leaves; before it ever left, it may be newer.

    Raises:
        Conflict: it may have left with another content (E-BANK-016).
    """
    found = digest(work.vault, request)
    if dispatch.sent is not None and found != dispatch.digest:
        raise Conflict("E-BANK-016", current=dispatch.state, allowed=())
    return found
