"""None from `ask` means the bank never saw it: it cannot be used as a receipt."""

from szunion.domain.bank_requests import Answer
from szunion.domain.values import RequestKey
from szunion.ports.bank import BankAdapter, Deadline


def answer(bank: BankAdapter, key: RequestKey) -> Answer:
    return bank.ask(key, deadline=Deadline(5)).answer  # bad: union-attr
