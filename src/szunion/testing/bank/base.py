"""Know how a law becomes a test: for which requests it is run, and in which world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, ClassVar, Final, NoReturn, TypeVar, get_args

import pytest
from attrs import evolve

from szunion.domain.bank import BankNotice
from szunion.domain.bank_requests import (
    AskCardList,
    AskStatement,
    BankRequest,
    OpenCards,
    PayOut,
    ReserveNumber,
    SetCardUse,
)
from szunion.domain.values import Fen
from szunion.ports.bank import BankAdapter
from szunion.testing.bank.behind import BankBehind
from szunion.testing.bank.laws import LAWS, Tier
from szunion.testing.bank.sample import PROGRAMME, batch, key, payment, people, stop
from szunion.testing.bank.world import BankWorld

Test = TypeVar("Test", bound=Callable[..., None])

REQUESTS: Final[tuple[type[BankRequest], ...]] = get_args(BankRequest)
NOTICES: Final[frozenset[type[BankNotice]]] = frozenset(get_args(BankNotice))


def unsupported(zh: str, en: str) -> NoReturn:
    """Skip this law: the adapter does not claim what it is about."""
    pytest.skip(f"{zh} · {en}")


def each_request(test: Test) -> Test:
    """Run a law once for each kind of request; what ``info.accepts`` lacks is skipped."""
    test.__dict__["each"] = REQUESTS
    marked: Test = pytest.mark.parametrize(
        "kind", list(REQUESTS), ids=[kind.__name__ for kind in REQUESTS]
    )(test)
    return marked


def accepts(*kinds: type[BankRequest]) -> Callable[[Test], Test]:
    """Run a law only for an adapter that accepts *kinds*."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = frozenset(kinds)
        return test

    return mark


class Promises:
    """What all promises share: the factory, and the world they are tested in."""

    seed: ClassVar[int] = 7
    """From which every run follows; ``--szunion-seed`` overrides it."""
    tells: ClassVar[frozenset[type[BankNotice]]] = NOTICES
    """The kinds of notice that your bank has words for."""
    strange: ClassVar[Mapping[bytes, bytes]] = MappingProxyType({})
    """Codes as your bank writes them (of a receipt, of a notice), each with one that it has not."""
    tier: ClassVar[Tier] = Tier.SILVER
    """Laws above this tier are skipped; ``--szunion-tier`` overrides it."""

    def make_bank(self, behind: BankBehind) -> BankAdapter:
        """Return your adapter, joined to a peer that speaks your bank's format over *behind*.

        It is called again on the same *behind* when a law kills the adapter.
        """
        msg = "give the promises their one factory: def make_bank(self, behind): ..."
        raise NotImplementedError(msg)

    @classmethod
    def accepted(cls) -> frozenset[type[BankRequest]]:
        """Return which requests the adapter accepts."""
        with TemporaryDirectory(prefix="szunion-kit-") as folder:
            world = cls().make_world("", Path(folder), cls.seed)
            try:
                return world.bank.info.accepts
            finally:
                world.close()

    def make_world(self, law: str, folder: Path, seed: int, replay: str = "") -> BankWorld:
        """Return a fresh world for one law."""
        folder.mkdir(parents=True, exist_ok=True)
        return BankWorld(
            make=self.make_bank, folder=folder, seed=seed, law=LAWS.get(law), replay=replay
        )

    def why_not(
        self,
        test: Callable[..., None],
        world: BankWorld,
        kind: type[BankRequest] | None,
        tier: Tier | None = None,
    ) -> str:
        """Return why a law is not for this adapter; empty when it is."""
        needs: frozenset[type[BankRequest]] = getattr(test, "needs", frozenset())
        wanted = needs | ({kind} if kind else frozenset())
        missing = sorted(one.__name__ for one in wanted - world.bank.info.accepts)
        if missing:
            return f"{', '.join(missing)} 不在 info.accepts 里 · not in info.accepts"
        law = LAWS.get(test.__name__)
        order = list(Tier)
        if law and order.index(law.tier) > order.index(tier or self.tier):
            return (
                f"{law.tier.label}级规则，未要求 · a law of tier {law.tier.label_en}, not asked for"
            )
        return ""

    @pytest.fixture
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BankWorld]:
        """The world of one law: your adapter, the kit's bank behind it, simulated time."""
        test = request.function
        seed = int(request.config.getoption("--szunion-seed", None) or self.seed)
        replay = f"pytest '{request.node.nodeid}' --szunion-seed={seed}"
        world = self.make_world(test.__name__, tmp_path / "wire", seed, replay)
        try:
            kind = request.node.callspec.params.get("kind") if _has_params(request) else None
            asked = request.config.getoption("--szunion-tier", None)
            if why := self.why_not(test, world, kind, Tier[asked.upper()] if asked else None):
                pytest.skip(why)
            yield world
        finally:
            world.close()


def _has_params(request: pytest.FixtureRequest) -> bool:
    return hasattr(request.node, "callspec")


def sample(world: BankWorld, kind: type[BankRequest], word: str) -> Any:  # noqa: ANN401 - of *kind*
    """Return a request of *kind* with a key that belongs to *word*."""
    if kind is OpenCards:
        return batch(word, people(word, 3))
    if kind is ReserveNumber:
        (who,) = people(word, 1)
        return ReserveNumber(
            key=key(word), programme=PROGRAMME, name=who.name, document=who.document, digits="12351"
        )
    if kind is AskCardList:
        return AskCardList(key=key(word), day=world.clock.today())
    if kind is AskStatement:
        return AskStatement(key=key(word), day=world.clock.today())
    card, other = world.cards(2, word=f"cards-{word}")
    if kind is SetCardUse:
        return stop(word, card)
    return payment(word, [(f"{word}-a", card, 300_000), (f"{word}-b", other, 1)])


def other_content(request: BankRequest) -> BankRequest:
    """Return *request* with its key and another content."""
    match request:
        case OpenCards():
            return evolve(request, rows=request.rows[:-1])
        case SetCardUse():
            return evolve(request, allowed=not request.allowed)
        case ReserveNumber():
            return evolve(request, digits="88")
        case AskCardList() | AskStatement():
            return evolve(request, day=request.day - timedelta(days=1))
        case PayOut():
            first, *rest = request.lines
            return evolve(request, lines=(evolve(first, fen=first.fen + Fen(1)), *rest))
