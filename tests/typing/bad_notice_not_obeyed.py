"""A match over notices that forgets one is unfinished."""

from szunion.domain.bank import OrderAccepted, OrderRejected, OrderReturned, OrderSettled


def obey(notice: OrderAccepted | OrderRejected | OrderSettled | OrderReturned) -> str:
    match notice:
        case OrderAccepted():
            return "accepted"
        case OrderRejected():
            return "rejected"
        case OrderSettled():
            return "settled"
