"""Know how the promises are run without pytest, and what came out of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path

import pytest
from attrs import frozen

from szunion.domain.bank_requests import BankRequest
from szunion.testing.bank.base import Promises
from szunion.testing.bank.laws import LAWS, Law, Tier
from szunion.testing.bank.world import BrokenPromise


class Verdict(Enum):
    """What came of one law."""

    KEPT = "kept"
    BROKEN = "broken"
    SKIPPED = "skipped"


@frozen(kw_only=True)
class Outcome:
    """What came of one law for one kind of request."""

    law: Law
    request: str
    """The kind of request; empty where a law is about none."""
    verdict: Verdict
    text: str = ""
    """Why it was skipped, or the story of how it was broken."""


def check_promises(  # noqa: PLR0913 - what to run, and how
    promises: type[Promises],
    folder: Path,
    *,
    seed: int | None = None,
    tier: Tier | None = None,
    only: Sequence[str] = (),
    replay: str = "",
) -> Iterator[Outcome]:
    """Run the laws of *promises* one after the other; each in a world and a folder of its own.

    Args:
        promises: A subclass with its factory.
        folder: Where each law gets a folder; it must be there.
        seed: Instead of the class's own.
        tier: Up to which tier; instead of the class's own.
        only: Names of laws; empty: all.
        replay: The command that repeats one law, with ``{law}`` and ``{seed}``.
    """
    suite = promises()
    for name, law in LAWS.items():
        test = getattr(suite, name, None)
        if test is None or (only and name not in only):
            continue
        for kind in getattr(test, "each", (None,)):
            yield _one(suite, test, law, kind, folder, seed or suite.seed, replay, tier)


def _one(  # noqa: PLR0913, PLR0917 - the coordinates of one run
    suite: Promises,
    test: Callable[..., None],
    law: Law,
    kind: type[BankRequest] | None,
    folder: Path,
    seed: int,
    replay: str,
    tier: Tier | None,
) -> Outcome:
    request = kind.__name__ if kind else ""
    place = folder / f"{law.name}-{request or 'all'}"
    command = replay.format(law=law.name, seed=seed)
    world = suite.make_world(law.name, place, seed, command)
    try:
        if why := suite.why_not(test, world, kind, tier):
            return Outcome(law=law, request=request, verdict=Verdict.SKIPPED, text=why)
        parameters = {"world": world, **({"kind": kind} if kind else {})}
        inspect.unwrap(test)(**parameters)
    except BrokenPromise as broken:
        return Outcome(law=law, request=request, verdict=Verdict.BROKEN, text=str(broken))
    except pytest.skip.Exception as reason:
        return Outcome(law=law, request=request, verdict=Verdict.SKIPPED, text=str(reason))
    except Exception as error:  # noqa: BLE001 - of the adapter's or its peer's: this law is broken
        text = world.told_of("规则中途出错", "the law could not go on", cause=error)
        return Outcome(law=law, request=request, verdict=Verdict.BROKEN, text=text)
    finally:
        world.close()
    return Outcome(law=law, request=request, verdict=Verdict.KEPT)
