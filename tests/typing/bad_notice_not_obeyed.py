"""A match over notices that forgets one is unfinished."""

from szunion.domain.bank import OrderAccepted, OrderRejected, OrderReturned, OrderSettled


def obey(told: OrderAccepted | OrderRejected | OrderSettled | OrderReturned) -> str:  # bad: return
    match told:  # bad: exhaustive-match
        case OrderAccepted():
            return "accepted"
        case OrderRejected():
            return "rejected"
        case OrderSettled():
            return "settled"
