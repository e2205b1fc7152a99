"""A deadline is always named."""

from szunion.domain.bank_requests import BankRequest, Receipt
from szunion.ports.bank import BankAdapter, Deadline


def send(bank: BankAdapter, request: BankRequest) -> Receipt:
    return bank.send(request, Deadline(5))  # bad: call-arg
