"""There is no query without a scope."""

from szunion.domain.values import PersonId
from szunion.ports.storage import UnitOfWork


def look(work: UnitOfWork, person: PersonId) -> object:
    return work.audit.of_person(person)  # bad: arg-type, call-arg
