"""Money has no fractions."""

from szunion.domain.values import Fen

price = Fen(30.5)  # bad: arg-type
