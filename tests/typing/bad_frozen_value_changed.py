"""A value does not change; a new one is made."""

from szunion.domain.values import Fen

owed = Fen(100)
owed.amount = 200  # bad: misc
