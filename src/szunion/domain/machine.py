"""Know what a state machine is: a table, and the one function that walks it.

Three kinds of events move a thing (指令、事实、系统动作):

* a **command** is a request; it can be refused, and a refusal changes nothing;
* a **fact** is told by its authority; it is never refused. A fact for which the table has no step
  is a :class:`Gap`: it is recorded, and something that we expected has not been told yet;
* the **engine** acts by the table alone, from recorded things or a deadline; it never decides.

Diagrams, SQL checks, the permission matrix and the state-by-event tests all read these tables.
Nothing but :meth:`Machine.step` changes a state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Generic, NoReturn, TypeVar

from attrs import field, frozen

from szunion.domain.values import Labelled
from szunion.errors import Conflict, InvalidInput
from szunion.text import Language, Text

S = TypeVar("S", bound=Labelled)
E = TypeVar("E", bound=Labelled)


class Actor(Labelled):
    """Who may fire an event; the code is the letter that the permission matrix uses."""

    MEMBER = "M", "会员（含监护人、代办人）", "member, guardian, or proxy with written power"
    HEIR = "K", "继承人", "heir, or who settles the estate"
    UNION = "G", "基层工会", "the grassroots union in charge of the member, file or case"
    OLD_UNION = "G-old", "原工会", "the union the member comes from"
    NEW_UNION = "G-new", "新工会", "the union the member goes to"
    UPPER = "U", "上级工会", "upper union; where two unions are concerned, the lowest common one"
    CITY = "C", "市总工会业务部门", "business department of the city federation"
    FINANCE = "F", "市总工会财务部门", "finance department of the city federation"
    REVIEWERS = "Z", "评审机构", "review body of a plan or service"
    PROVIDER = "P", "服务提供方", "provider of a service"
    HOTLINE = "H", "12351坐席", "12351 hotline operator"
    HANDLER = "X", "承办单位", "handler of a ticket: a grassroots, upper or city union"
    OWNER = "O", "锁定方或其上级", "owner of the hold, or a higher organ of the same side"
    BANK = "B", "银行", "the bank; facts only"
    ENGINE = "S", "系统", "the engine; only what the table says"


class Kind(Labelled):
    """What an event is: asked, told, or done by the engine."""

    COMMAND = "cmd", "指令", "command"
    FACT = "fact", "事实", "fact"
    AUTO = "auto", "系统", "engine"


class Owner(Labelled):
    """Whose word a machine's state is."""

    UNION = "union", "工会", "the union"
    BANK = "bank", "银行", "the bank"
    SHARED = "shared", "双方", "both, each its own steps"


@frozen(kw_only=True)
class Transition(Generic[S, E]):
    """One arrow (一步): from a state (``None``: not yet born) by an event to a state."""

    source: S | None
    event: E
    target: S
    kind: Kind
    who: tuple[Actor, ...]
    two: bool = False
    """Two different people, maker and checker (双人)."""
    guard: Text | None = None
    """What must be true. Of a fact: what its authority means by it; never a reason to refuse."""
    effect: Text | None = None
    """What else happens in the same commit."""


@frozen(kw_only=True)
class Move(Generic[S, E]):
    """A line of a table as people write it: the same step from one or several states."""

    sources: tuple[S | None, ...]
    event: E
    target: S | None
    """``None``: each source stays where it is."""
    kind: Kind
    who: tuple[Actor, ...]
    two: bool = False
    guard: Text | None = None
    effect: Text | None = None

    def transitions(self) -> Iterator[Transition[S, E]]:
        """Yield one transition for each source."""
        for source in self.sources:
            target = source if self.target is None else self.target
            assert target is not None, self.event
            yield Transition(
                source=source,
                event=self.event,
                target=target,
                kind=self.kind,
                who=self.who,
                two=self.two,
                guard=self.guard,
                effect=self.effect,
            )


def _several(sources: S | Sequence[S] | None) -> tuple[S | None, ...]:
    return tuple(sources) if isinstance(sources, Sequence) else (sources,)


def command(  # noqa: PLR0913 — a line of a table has the columns that it has
    sources: S | Sequence[S] | None,
    event: E,
    target: S | None,
    *who: Actor,
    two: bool = False,
    guard: Text | None = None,
    effect: Text | None = None,
) -> Move[S, E]:
    """Return a line for a request of *who*."""
    return Move(
        sources=_several(sources),
        event=event,
        target=target,
        kind=Kind.COMMAND,
        who=who,
        two=two,
        guard=guard,
        effect=effect,
    )


def fact(
    sources: S | Sequence[S] | None,
    event: E,
    target: S | None,
    *,
    means: Text | None = None,
    effect: Text | None = None,
) -> Move[S, E]:
    """Return a line for what the bank tells."""
    return Move(
        sources=_several(sources),
        event=event,
        target=target,
        kind=Kind.FACT,
        who=(Actor.BANK,),
        guard=means,
        effect=effect,
    )


def engine(
    sources: S | Sequence[S] | None,
    event: E,
    target: S | None,
    *,
    guard: Text | None = None,
    effect: Text | None = None,
) -> Move[S, E]:
    """Return a line for what the engine does."""
    return Move(
        sources=_several(sources),
        event=event,
        target=target,
        kind=Kind.AUTO,
        who=(Actor.ENGINE,),
        guard=guard,
        effect=effect,
    )


@frozen
class Refused(Generic[S, E]):
    """A command, or a move of the engine, that the table does not have here: nothing changed."""

    machine: Text
    current: S | None
    event: E
    allowed: tuple[E, ...]
    """Every command and engine move that is possible now."""

    def __bool__(self) -> NoReturn:
        msg = "match on Refused: a refusal has no truth value"
        raise TypeError(msg)


@frozen
class Gap(Generic[S, E]):
    """A fact for which the table has no step here (缺口): recorded, shown, tried again later."""

    machine: Text
    current: S | None
    event: E

    def __bool__(self) -> NoReturn:
        msg = "match on Gap: a gap has no truth value"
        raise TypeError(msg)


_COLUMN: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


def _index(machine: Machine[S, E]) -> Mapping[tuple[S | None, E], Transition[S, E]]:
    return {(each.source, each.event): each for each in machine.edges()}


def _kinds(machine: Machine[S, E]) -> Mapping[E, Kind]:
    return {move.event: move.kind for move in machine.moves}


@frozen(kw_only=True, eq=False)
class Machine(Generic[S, E]):
    """A life as a table (状态机). It is data: it holds no state, and is never changed."""

    name: str
    text: Text
    instance: Text
    """What one instance is."""
    owner: Owner
    states: type[S]
    events: type[E]
    start: S | None
    """The state at birth; ``None`` if an event of the table gives birth."""
    final: frozenset[S]
    """States in which the matter is finished. Some have a narrow way back, then in the table."""
    absorbing: frozenset[S] = frozenset()
    """States that no later fact undoes."""
    reasons: type[Labelled] | None = None
    moves: tuple[Move[S, E], ...]
    _steps: Mapping[tuple[S | None, E], Transition[S, E]] = field(init=False, repr=False)
    _kind_of: Mapping[E, Kind] = field(init=False, repr=False)
    _allowed: Mapping[S | None, tuple[E, ...]] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_steps", _index(self))
        object.__setattr__(self, "_kind_of", _kinds(self))
        object.__setattr__(self, "_allowed", {each: self._asked(each) for each in self._sources()})

    def step(self, state: S | None, event: E) -> S | Refused[S, E] | Gap[S, E]:
        """Return where *event* leads from *state*, or why it leads nowhere.

        A command or engine move without a step is :class:`Refused`, a fact is a :class:`Gap`.
        """
        transition = self._steps.get((state, event))
        if transition is not None:
            return transition.target
        if self._kind_of[event] is Kind.FACT:
            return Gap(self.text, state, event)
        return Refused(self.text, state, event, self.allowed(state))

    def after(self, state: S | None, event: E) -> S:
        """Return where *event* leads from *state*, for callers to whom a refusal is an error.

        Raises:
            Conflict: the table has no such step (E-STATE-001); ``.current`` and ``.allowed`` say
                what would be possible.
        """
        match self.step(state, event):
            case Refused() | Gap():
                raise self.conflict(state, event)
            case target:
                return target

    def conflict(self, state: S | None, event: E) -> Conflict:
        """Return the error that says *event* is not possible in *state* (E-STATE-001)."""
        allowed = self.allowed(state)
        return Conflict(
            "E-STATE-001",
            machine=self.text.zh,
            machine_en=self.text.en,
            current=state,
            current_zh="（尚未建立）" if state is None else state.text.zh,
            current_en="(not yet born)" if state is None else state.text.en,
            event=event,
            event_zh=event.text.zh,
            event_en=event.text.en,
            allowed=allowed,
            allowed_zh="、".join(each.text.zh for each in allowed) or "无",
            allowed_en=", ".join(each.text.en for each in allowed) or "nothing",
        )

    def transition(self, state: S | None, event: E) -> Transition[S, E] | None:
        """Return the arrow for *event* in *state*: who may fire it, whether by two, and why."""
        return self._steps.get((state, event))

    def kind(self, event: E) -> Kind:
        """Return what *event* is: one event is never of two kinds."""
        return self._kind_of[event]

    def allowed(self, state: S | None, kind: Kind | None = None) -> tuple[E, ...]:
        """Return what can be asked or done in *state*; facts are not asked, so not among it.

        Args:
            state: Where the thing stands now.
            kind: Only events of this kind, also facts.
        """
        if kind is None:
            return self._allowed.get(state, ())
        return self._from(state, frozenset({kind}))

    def _asked(self, state: S | None) -> tuple[E, ...]:
        return self._from(state, frozenset({Kind.COMMAND, Kind.AUTO}))

    def _from(self, state: S | None, kinds: frozenset[Kind]) -> tuple[E, ...]:
        return tuple(
            event
            for event in self.events
            if (state, event) in self._steps and self._kind_of[event] in kinds
        )

    def _sources(self) -> tuple[S | None, ...]:
        return tuple(dict.fromkeys(source for source, _ in self._steps))

    def edges(self) -> tuple[Transition[S, E], ...]:
        """Return every arrow, in the order of the table."""
        return tuple(each for move in self.moves for each in move.transitions())

    def births(self) -> tuple[Transition[S, E], ...]:
        """Return the arrows by which a thing comes into being."""
        return tuple(each for each in self.edges() if each.source is None)

    def to_mermaid(self, language: Language = Language.ZH) -> str:
        """Return the diagram: an arrow from state to state, its events on it."""
        lines = ["stateDiagram-v2", "    direction LR"]
        lines += [f"    {each.value}: {each.text.say(language)}" for each in self.states]
        if self.start is not None:
            lines.append(f"    [*] --> {self.start.value}")
        arrows: dict[tuple[str, str], list[str]] = {}
        for each in self.edges():
            source = "[*]" if each.source is None else str(each.source.value)
            words = arrows.setdefault((source, str(each.target.value)), [])
            words.append(each.event.text.say(language))
        comma = "、" if language is Language.ZH else ", "
        lines += [f"    {a} --> {b}: {comma.join(words)}" for (a, b), words in arrows.items()]
        lines += [f"    {each.value} --> [*]" for each in self.states if each in self.final]
        return "\n".join(lines)

    def sql_check(self, column: str) -> str:
        """Return the body of a CHECK constraint: *column* holds a state of this machine.

        Raises:
            InvalidInput: *column* is not a plain lower-case SQL name (E-STATE-002).
        """
        if _COLUMN.fullmatch(column) is None:
            raise InvalidInput("E-STATE-002", column=column)
        codes = ", ".join(f"'{each.value}'" for each in self.states)
        return f"{column} IN ({codes})"
