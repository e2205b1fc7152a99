"""Know what pay-outs do with the bank's word: nothing yet, and say so."""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from attrs import frozen

from szunion.application.office import Office
from szunion.domain.access import Scope
from szunion.domain.bank import (
    OrderAccepted,
    OrderRejected,
    OrderReturned,
    OrderSettled,
    Receipt,
    Statement,
)
from szunion.domain.outbox import Dispatch
from szunion.errors import NotFound
from szunion.ports.storage import UnitOfWork

MoneyNotice: TypeAlias = OrderAccepted | OrderRejected | OrderSettled | OrderReturned | Statement


def obey(office: Office, work: UnitOfWork, scope: Scope, notice: MoneyNotice) -> NoReturn:  # noqa: ARG001
    """Refuse a notice about money: it is set aside with its reason, sealed, and loses nothing."""
    raise NotFound("E-BANK-014", kind=type(notice).__name__)


@frozen
class Paying:
    """A pay-out on its way to the bank (批量代发)."""

    office: Office

    def leaving(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> NoReturn:  # noqa: ARG002
        """See :class:`szunion.application.freight.Freight`."""
        raise NotFound("E-BANK-014", kind=dispatch.kind.value)

    def unreached(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> NoReturn:  # noqa: ARG002
        """See :class:`szunion.application.freight.Freight`."""
        raise NotFound("E-BANK-014", kind=dispatch.kind.value)

    def no_answer(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> NoReturn:  # noqa: ARG002
        """See :class:`szunion.application.freight.Freight`."""
        raise NotFound("E-BANK-014", kind=dispatch.kind.value)

    def not_found(self, work: UnitOfWork, scope: Scope, dispatch: Dispatch) -> NoReturn:  # noqa: ARG002
        """See :class:`szunion.application.freight.Freight`."""
        raise NotFound("E-BANK-014", kind=dispatch.kind.value)

    def answered(
        self,
        work: UnitOfWork,  # noqa: ARG002
        scope: Scope,  # noqa: ARG002
        dispatch: Dispatch,
        receipt: Receipt,  # noqa: ARG002
    ) -> NoReturn:
        """See :class:`szunion.application.freight.Freight`."""
        raise NotFound("E-BANK-014", kind=dispatch.kind.value)
