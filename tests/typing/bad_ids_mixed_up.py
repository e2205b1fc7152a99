"""A card's id is no person's id."""

from szunion.domain.values import CardId, PersonId


def pay(person: PersonId) -> PersonId:
    return person


pay(CardId(7))  # bad: arg-type
