"""Money is shared out by weights, never divided."""

from szunion.domain.values import Fen

half = Fen(300_001) / 2  # bad: operator
