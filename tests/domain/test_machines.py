"""The state tables: sound as graphs, total as functions, and owned by whom they should be."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

import pytest
from attrs import evolve

from szunion.domain.bank import BankEvent, BankState
from szunion.domain.diagrams import MACHINES, permission_matrix
from szunion.domain.facets import CARD_BANK
from szunion.domain.machine import (
    Actor,
    Gap,
    Kind,
    Machine,
    Owner,
    Refused,
    command,
    engine,
    fact,
)
from szunion.domain.members import MEMBERSHIP, MembershipEvent, MembershipState
from szunion.domain.values import Labelled
from szunion.errors import Conflict, InvalidInput
from szunion.text import Language, Text

Table = Machine[Any, Any]
EACH = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def members(kind: type[Labelled]) -> list[Labelled]:
    """Return the members of an enum, in order."""
    return list(kind)


def reach(machine: Table, sources: Iterable[object]) -> set[object]:
    """Return every state that can be reached from *sources*, themselves included."""
    seen, todo = set(sources), deque(sources)
    while todo:
        state = todo.popleft()
        for each in machine.edges():
            if each.source == state and each.target not in seen:
                seen.add(each.target)
                todo.append(each.target)
    return seen


def faults(machine: Table) -> list[str]:
    """Return everything that is wrong with a table, as one line for each fault."""
    found: list[str] = []
    edges = machine.edges()
    if len({(each.source, each.event) for each in edges}) != len(edges):
        found.append("two targets for one event in one state")
    kinds: dict[object, set[Kind]] = {}
    for each in edges:
        kinds.setdefault(each.event, set()).add(each.kind)
    found += [f"two kinds: {event}" for event, several in kinds.items() if len(several) > 1]
    found += [f"unused event: {event}" for event in machine.events if event not in kinds]
    births = [machine.start] if machine.start else [each.target for each in machine.births()]
    reached = reach(machine, births)
    found += [f"cannot be reached: {state}" for state in machine.states if state not in reached]
    found += [
        f"cannot finish: {state}"
        for state in machine.states
        if not reach(machine, [state]) & machine.final
    ]
    found += [
        f"stuck: {state}"
        for state in machine.states
        if state not in machine.final and not any(each.source == state for each in edges)
    ]
    found += [
        f"leaves an absorbing state: {each.source} {each.event}"
        for each in edges
        if each.source in machine.absorbing and each.target not in machine.absorbing
    ]
    return found + authority_faults(machine)


def authority_faults(machine: Table) -> list[str]:
    """Return where a table lets somebody fire what is not theirs."""
    found: list[str] = []
    for each in machine.edges():
        who = set(each.who)
        if not who:
            found.append(f"nobody may: {each.event}")
        if (each.kind is Kind.FACT) != (who == {Actor.BANK}):
            found.append(f"facts come from the bank alone: {each.event}")
        if (each.kind is Kind.AUTO) != (who == {Actor.ENGINE}):
            found.append(f"engine moves come from the engine alone: {each.event}")
        if each.two and each.kind is not Kind.COMMAND:
            found.append(f"only people can be two: {each.event}")
        if machine.owner is Owner.BANK and each.kind is not Kind.FACT:
            found.append(f"the bank's table takes facts alone: {each.event}")
        if machine.owner is Owner.UNION and each.kind is Kind.FACT:
            found.append(f"the bank never writes a union's table: {each.event}")
    return found


@EACH
def test_a_table_has_no_fault(machine: Table) -> None:
    assert faults(machine) == []


@EACH
def test_every_state_and_event_has_one_answer(machine: Table) -> None:
    arrows = {(each.source, each.event): each for each in machine.edges()}
    for state in (None, *members(machine.states)):
        for event in machine.events:
            arrow = arrows.get((state, event))
            answer = machine.step(state, event)
            if arrow is not None:
                assert answer is arrow.target
                assert machine.after(state, event) is arrow.target
                assert machine.transition(state, event) == arrow
                continue
            with pytest.raises(Conflict) as refusal:
                machine.after(state, event)
            assert refusal.value.current is state
            assert tuple(refusal.value.allowed) == machine.allowed(state)
            assert "{" not in refusal.value.what() + refusal.value.do(Language.EN)
            if machine.kind(event) is Kind.FACT:
                assert isinstance(answer, Gap)
            else:
                assert isinstance(answer, Refused)
                assert answer.current is state
                assert answer.allowed == machine.allowed(state)
                assert event not in answer.allowed


@EACH
def test_labels_are_in_both_languages_and_tell_states_apart(machine: Table) -> None:
    kinds: list[type[Labelled]] = [machine.states, machine.events]
    kinds += [machine.reasons] if machine.reasons else []
    for kind in kinds:
        texts = [each.text for each in kind]
        assert all(text.zh and text.en for text in texts)
        assert any("一" <= character <= "鿿" for text in texts for character in text.zh)
    states = [each.text.zh for each in machine.states]
    assert max(Counter(states).values()) == 1
    english = [each.text.en for each in machine.states]
    assert max(Counter(english).values()) == 1
    for each in machine.edges():
        for text in (each.guard, each.effect):
            assert text is None or (text.zh and text.en and text.zh != text.en)


@EACH
def test_a_diagram_names_every_state_and_every_arrow(machine: Table) -> None:
    drawn = machine.to_mermaid()
    for each in machine.states:
        assert f"    {each.value}: {each.text.zh}\n" in drawn
    for arrow in machine.edges():
        source = "[*]" if arrow.source is None else arrow.source.value
        lines = [one for one in drawn.splitlines() if f" {source} --> {arrow.target.value}:" in one]
        assert len(lines) == 1
        assert arrow.event.text.zh in lines[0]


@EACH
def test_the_sql_check_lists_exactly_the_states(machine: Table) -> None:
    codes = ", ".join(f"'{each.value}'" for each in machine.states)
    assert machine.sql_check("state") == f"state IN ({codes})"
    with pytest.raises(InvalidInput):
        machine.sql_check("state) OR (1=1")


def test_there_are_eighteen_tables_and_their_size_is_known() -> None:
    assert len(MACHINES) == 18
    assert len({machine.name for machine in MACHINES}) == 18
    states = sum(len(members(machine.states)) for machine in MACHINES)
    arrows = sum(len(machine.edges()) for machine in MACHINES)
    assert (states, arrows) == (145, 347)


def test_the_bank_register_has_one_target_for_each_event_whatever_the_state() -> None:
    targets: dict[BankEvent, set[BankState]] = {}
    for each in CARD_BANK.edges():
        targets.setdefault(each.event, set()).add(each.target)
    assert {event: len(found) for event, found in targets.items()} == dict.fromkeys(BankEvent, 1)


def test_no_union_actor_may_fire_anything_on_the_banks_table() -> None:
    assert {actor for each in CARD_BANK.edges() for actor in each.who} == {Actor.BANK}


def test_the_clock_never_ends_a_membership() -> None:
    assert all(each.kind is Kind.COMMAND for each in MEMBERSHIP.edges())


def test_ending_somebodys_membership_against_the_will_needs_two() -> None:
    for event in (MembershipEvent.EXPEL, MembershipEvent.DEATH, MembershipEvent.VOID_DUPLICATE):
        arrows = [each for each in MEMBERSHIP.edges() if each.event is event]
        assert arrows
        assert all(each.two for each in arrows)


def test_the_permission_matrix_has_every_command_and_no_bank() -> None:
    matrix = permission_matrix()
    assert matrix["disbursement", "approve"] == (Actor.FINANCE,)
    assert set(matrix["hold", "place"]) == {
        Actor.UNION,
        Actor.UPPER,
        Actor.CITY,
        Actor.HOTLINE,
    }
    assert all(Actor.BANK not in who and Actor.ENGINE not in who for who in matrix.values())


def test_a_refusal_has_no_truth_value() -> None:
    refusal = MEMBERSHIP.step(MembershipState.LEFT, MembershipEvent.APPROVE)
    gap = CARD_BANK.step(BankState.CLOSED, BankEvent.ACTIVATED)
    for answer in (refusal, gap):
        with pytest.raises(TypeError, match="truth"):
            bool(answer)


# --- the checks themselves find planted faults ----------------------------------------------


class _State(Labelled):
    A = "A", "甲", "first"
    B = "B", "乙", "second"
    C = "C", "丙", "third"


class _Event(Labelled):
    GO = "go", "走", "go"
    END = "end", "完", "end"


def _table(*moves: Any) -> Table:
    return Machine(
        name="planted",
        text=Text("样例", "sample"),
        instance=Text("样例", "sample"),
        owner=Owner.UNION,
        states=_State,
        events=_Event,
        start=_State.A,
        final=frozenset({_State.C}),
        moves=moves,
    )


GOOD = (
    command(_State.A, _Event.GO, _State.B, Actor.UNION),
    command(_State.B, _Event.END, _State.C, Actor.UNION),
)


def test_a_sound_sample_has_no_fault() -> None:
    assert faults(_table(*GOOD)) == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (_table(GOOD[0], engine(_State.B, _Event.GO, _State.C)), "two kinds"),
        (_table(*GOOD, command(_State.A, _Event.GO, _State.C, Actor.UNION)), "two targets"),
        (_table(GOOD[0]), "cannot be reached"),
        (_table(GOOD[0]), "stuck"),
        (_table(GOOD[0], GOOD[0]), "unused event"),
        (_table(GOOD[0], command(_State.B, _Event.END, _State.C)), "nobody may"),
        (_table(GOOD[0], fact(_State.B, _Event.END, _State.C)), "never writes a union's table"),
        (
            _table(GOOD[0], command(_State.B, _Event.END, _State.C, Actor.BANK)),
            "facts come from the bank alone",
        ),
        (
            _table(GOOD[0], evolve(GOOD[1], kind=Kind.AUTO)),
            "engine moves come from the engine alone",
        ),
        (
            evolve(
                _table(*GOOD, command(_State.C, _Event.GO, _State.A, Actor.UNION)),
                absorbing=frozenset({_State.C}),
            ),
            "leaves an absorbing state",
        ),
    ],
)
def test_a_planted_fault_is_found(planted: Table, expected: str) -> None:
    assert any(expected in each for each in faults(planted))
