"""Know what outcomes say of an adapter: its row of the support matrix, and its tier (铜银金铂)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from szunion.domain.bank_requests import BankRequest, OpenCards, SetCardUse
from szunion.errors import InvalidInput
from szunion.testing.bank.base import REQUESTS
from szunion.testing.bank.laws import Tier
from szunion.testing.bank.run import Outcome, Verdict

REQUIRED: Final[frozenset[type[BankRequest]]] = frozenset({OpenCards, SetCardUse})
"""What every bank of a card programme must accept; the rest is an ability."""
OTHERS: Final = "notices"
"""The line of the matrix for laws that are about no kind of request."""
PLATINUM: Final = ("strict_types", "bank_environment", "signing", "runbook")
"""What only people can say: each is ``"done"`` or ``{exempt = "reason"}`` in a quality file."""


@frozen(kw_only=True)
class Score:
    """How many of the laws about one kind of request an adapter keeps."""

    request: str
    required: bool
    claimed: bool
    kept: int
    broken: int

    @property
    def whole(self) -> bool:
        """Whether it keeps all of them."""
        return self.claimed and not self.broken


def scores(outcomes: Iterable[Outcome], accepts: frozenset[type[BankRequest]]) -> list[Score]:
    """Return a line for each kind of request, and one for everything else."""
    seen = list(outcomes)
    names = [(kind.__name__, kind in REQUIRED, kind in accepts) for kind in REQUESTS]
    return [
        Score(
            request=name,
            required=required,
            claimed=claimed,
            kept=_count(seen, name, Verdict.KEPT),
            broken=_count(seen, name, Verdict.BROKEN),
        )
        for name, required, claimed in [*names, (OTHERS, True, True)]
    ]


def _count(outcomes: Sequence[Outcome], name: str, verdict: Verdict) -> int:
    wanted = "" if name == OTHERS else name
    return sum(each.request == wanted and each.verdict is verdict for each in outcomes)


def tier_of(
    outcomes: Iterable[Outcome],
    accepts: frozenset[type[BankRequest]],
    quality: Mapping[str, Any] | None = None,
) -> Tier | None:
    """Return the highest tier that the outcomes show; None: not even bronze.

    Gold needs a run up to gold. Platinum is gold and what a quality file says of the rest.
    """
    seen = list(outcomes)
    if not accepts >= REQUIRED:
        return None
    reached: Tier | None = None
    for tier in (Tier.BRONZE, Tier.SILVER, Tier.GOLD):
        of_tier = [each for each in seen if each.law.tier is tier]
        if any(each.verdict is Verdict.BROKEN for each in of_tier):
            return reached
        if not any(each.verdict is Verdict.KEPT for each in of_tier):
            return reached
        reached = tier
    said = quality or {}
    return Tier.PLATINUM if all(map(said.get, PLATINUM)) else reached


def read_quality(file: Path) -> Mapping[str, Any]:
    """Return what an ``adapter-quality.toml`` says: ``"done"`` or an exemption with its reason.

    Raises:
        InvalidInput: it cannot be read, or says something else (E-PLUGIN-012).
    """
    try:
        said = tomllib.loads(file.read_text("utf-8")).get("platinum", {})
    except (OSError, ValueError):
        raise InvalidInput("E-PLUGIN-012", name=file.name) from None
    for name, word in said.items():
        exempt = isinstance(word, dict) and bool(word.get("exempt"))
        if name not in PLATINUM or not (
            word in {"done", "todo"} if isinstance(word, str) else exempt
        ):
            raise InvalidInput("E-PLUGIN-012", name=f"{file.name}: {name}")
    return {name: word for name, word in said.items() if word != "todo"}
