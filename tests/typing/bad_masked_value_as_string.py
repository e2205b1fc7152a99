"""A token is no string: it does not slip into one by accident."""

from szunion.domain.values import CardToken

digits: str = CardToken("TOKEN-000001")  # bad: assignment
