"""Money is only added to money."""

from szunion.domain.values import Fen

total = Fen(300_000) + 1  # bad: operator
