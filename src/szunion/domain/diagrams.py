"""Know how the state tables look on a page of the manual: a diagram and a table for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from szunion.domain.batches import BATCH
from szunion.domain.bindings import BINDING
from szunion.domain.bookings import BOOKING
from szunion.domain.cards import CARD_UNION
from szunion.domain.claims import CLAIM
from szunion.domain.consent import CONSENT
from szunion.domain.custody import CUSTODY
from szunion.domain.enrolments import ENROLMENT
from szunion.domain.facets import CARD_BANK
from szunion.domain.holds import HOLD
from szunion.domain.instructions import INSTRUCTION
from szunion.domain.joinings import JOINING
from szunion.domain.machine import Actor, Kind, Machine, Move
from szunion.domain.members import MEMBERSHIP
from szunion.domain.orders import DISBURSEMENT
from szunion.domain.organisations import ORGANISATION
from szunion.domain.rows import ROW
from szunion.domain.tickets import TICKET
from szunion.domain.transfers import TRANSFER
from szunion.text import Language, Text

MACHINES: Final[tuple[Machine[Any, Any], ...]] = (
    ORGANISATION,
    MEMBERSHIP,
    TRANSFER,
    CONSENT,
    BINDING,
    CARD_BANK,
    CARD_UNION,
    HOLD,
    CUSTODY,
    INSTRUCTION,
    BATCH,
    ROW,
    ENROLMENT,
    BOOKING,
    JOINING,
    CLAIM,
    DISBURSEMENT,
    TICKET,
)
"""Every table of the product."""

_TITLE: Final = Text("状态", "States")
_INTRO: Final = Text(
    "本页由状态表生成，不要手工修改。指令可以被拒绝，拒绝不改变任何东西；事实由银行告知，一律记录，"
    "表中没有的一步记作缺口；系统动作只按表进行。“双人”指经办和复核必须是两个人。",
    "This page is generated from the state tables; do not edit it. A command can be refused, and a "
    "refusal changes nothing; a fact is told by the bank and always recorded, as a gap where the "
    "table has no such step; the engine acts by the table alone. “Two” means two different people, "
    "maker and checker.",
)
_HEADS: Final = (
    Text("从", "from"),
    Text("事件", "event"),
    Text("到", "to"),
    Text("类别", "kind"),
    Text("谁", "who"),
    Text("条件（事实：含义）", "guard (of a fact: what it means)"),
    Text("同时发生", "in the same commit"),
)
_ACTORS: Final = Text("谁可以做", "Who may act")
_STATES: Final = Text("状态", "states")
_FINAL: Final = Text("终局", "final")
_OWNER: Final = Text("由谁说了算", "whose word it is")
_TWO: Final = Text("双人", "two")
_NOT_BORN: Final = Text("（新）", "(new)")
_SAME: Final = Text("（不变）", "(same)")
_REASONS: Final = Text("原因", "reasons")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _line(move: Move[Any, Any], language: Language) -> str:
    comma = "、" if language is Language.ZH else ", "
    who = " ".join(str(each.value) for each in move.who)
    two = f" ×2（{_TWO.zh}）" if language is Language.ZH else f" ×2 ({_TWO.en})"
    return _row(
        (
            comma.join(
                _NOT_BORN.say(language) if each is None else each.text.say(language)
                for each in move.sources
            ),
            f"{move.event.text.say(language)} `{move.event.value}`",
            _SAME.say(language) if move.target is None else move.target.text.say(language),
            move.kind.text.say(language),
            who + (two if move.two else ""),
            move.guard.say(language) if move.guard else "–",
            move.effect.say(language) if move.effect else "–",
        )
    )


def section(machine: Machine[Any, Any], language: Language) -> str:
    """Return a machine's section: what it is, its diagram, its table."""
    comma, colon = ("、", "：") if language is Language.ZH else (", ", ": ")

    def say(text: Text) -> str:
        return text.say(language)

    lines = [
        f"## {say(machine.text)} `{machine.name}`",
        "",
        f"{say(machine.instance)}",
        "",
        f"- {say(_OWNER)}{colon}{say(machine.owner.text)}",
        f"- {say(_STATES)}{colon}"
        + comma.join(f"{say(each.text)} `{each.value}`" for each in machine.states),
        f"- {say(_FINAL)}{colon}"
        + comma.join(say(each.text) for each in machine.states if each in machine.final),
    ]
    if machine.reasons is not None:
        reasons = comma.join(f"{say(each.text)} `{each.value}`" for each in machine.reasons)
        lines.append(f"- {say(_REASONS)}{colon}{reasons}")
    lines += [
        "",
        "```mermaid",
        machine.to_mermaid(language),
        "```",
        "",
        _row(say(head) for head in _HEADS),
        _row("---" for _ in _HEADS),
        *(_line(move, language) for move in machine.moves),
        "",
    ]
    return "\n".join(lines)


def states_page(language: Language) -> str:
    """Return the manual's page on states in one language, as Markdown (MyST)."""
    actors = [_row(("", _ACTORS.say(language))), _row(("---", "---"))]
    actors += [_row((f"`{each.value}`", each.text.say(language))) for each in Actor]
    body = "\n".join(section(machine, language) for machine in MACHINES)
    head = [f"# {_TITLE.say(language)}", "", _INTRO.say(language), "", *actors, ""]
    return "\n".join(head) + "\n" + body.rstrip("\n") + "\n"


def pages() -> Mapping[str, str]:
    """Return the generated pages of the manual, by their path under ``docs/``."""
    return {f"{each.value}/reference/states.md": states_page(each) for each in Language}


def permission_matrix() -> Mapping[tuple[str, str], tuple[Actor, ...]]:
    """Return who may fire each command, by machine and event name: for the permission tests."""
    found: dict[tuple[str, str], tuple[Actor, ...]] = {}
    for machine in MACHINES:
        for move in machine.moves:
            if move.kind is Kind.COMMAND:
                key = (machine.name, str(move.event.value))
                found[key] = tuple(dict.fromkeys((*found.get(key, ()), *move.who)))
    return found
