"""A name is a type that prints masked, not a string."""

from szunion.domain.bank_requests import CardApplicant
from szunion.domain.identity import IdentityDocument
from szunion.domain.values import RequestKey


def applicant(row: RequestKey, document: IdentityDocument) -> CardApplicant:
    return CardApplicant(row=row, name="张三", document=document, mobile=None)  # bad: arg-type
