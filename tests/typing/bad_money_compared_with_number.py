"""Money is only compared with money."""

from szunion.domain.values import Fen

enough = Fen(300_000) > 100  # bad: operator
