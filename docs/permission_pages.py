"""Write the page of the permission matrix, from the one table of permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from szunion.domain.access import Operation, Range, Relation, Role
from szunion.domain.permissions import MATRIX, OPEN, purposes_of
from szunion.domain.purposes import APART, PURPOSES
from szunion.text import Language, Text

_TITLE: Final = Text("权限矩阵", "Permissions")
_INTRO: Final = Text(
    "谁可以做什么、做到哪里、为什么而做。表中没有的一律拒绝。授权时读的就是这张表，没有第二份。",
    "Who may do what, how far, and what for. What is not in the table is refused. This is the "
    "table that the authoriser reads; there is no second one.",
)
_FAR: Final = Text(
    "范围之外的记录与不存在的记录，回答一字不差（`E-ACCESS-002` 或各事项自己的“找不到”）。"
    "别的城市的记录，不在任何人的范围之内。",
    "A record out of reach and a record that is not there get the same answer to the letter "
    "(`E-ACCESS-002`, or the operation's own “not found”). Records of another city are within "
    "nobody's reach.",
)
_RANGES: Final = Text("范围", "Ranges")
_CELLS: Final = Text("事项与角色", "Operations and roles")
_ROLES: Final = Text("角色与用途", "Roles and purposes")
_NOT_AT_A_DESK: Final = Text(
    "不在工作台办理业务的（`E-ACCESS-006`）", "Not at a desk (`E-ACCESS-006`)"
)
_COLON: Final = Text("：", ": ")
_MARKS: Final = Text(
    "“读”：不改变任何东西，工会暂停期间仍可办理。“验”：需要二次验证（`E-ACCESS-008`）。",
    "“reads”: changes nothing, and is left to the officers of a suspended union. “confirmed”: "
    "needs a second confirmation (`E-ACCESS-008`).",
)
_USES: Final = Text("办理入口", "Use cases")
_OPEN: Final = Text(
    "不需要权限的（只读公开的服务目录和告知书）：",
    "What needs no permission (it reads what is printed): ",
)
_SHORT: Final = {
    Range.PERSON: Text("本人", "self"),
    Range.CALLER: Text("来电人", "caller"),
    Range.BRANCH: Text("本级及下级", "branch"),
    Range.CITY: Text("全市", "city"),
}


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table(head: Iterable[str], body: Iterable[Iterable[str]]) -> list[str]:
    titles = list(head)
    return [_row(titles), _row("---" for _ in titles), *map(_row, body), ""]


def _ranges(language: Language) -> Iterator[list[str]]:
    for each in Range:
        within = [r.text.say(language) for r in Relation if r in each.relations]
        yield [_SHORT[each].say(language), each.text.say(language), _join(within, language)]


def _join(words: Iterable[str], language: Language) -> str:
    return ("、" if language is Language.ZH else ", ").join(words)


def _marks(operation: Operation, language: Language) -> str:
    rule = MATRIX[operation]
    said = [Text("读", "reads")] if rule.reads else []
    said += [Text("验", "confirmed")] if rule.step_up else []
    return _join((each.say(language) for each in said), language)


def permission_page(language: Language, made: str) -> str:
    """Return the page of who may do what."""
    say = language
    roles = [role for role in Role if role not in APART]
    lines = [f"# {_TITLE.say(say)}", "", made, "", _INTRO.say(say), "", _FAR.say(say), ""]
    lines += [f"## {_RANGES.say(say)}", ""]
    lines += _table((Text("标记", "mark").say(say), Text("范围", "range").say(say),
                     Text("包含的关系", "relations within").say(say)), _ranges(say))  # fmt: skip
    lines += [f"## {_CELLS.say(say)}", "", _MARKS.say(say), ""]
    titles = [f"{role.value} {role.text.say(say)}" for role in roles]
    head = [Text("事项", "operation").say(say), "", *titles]
    lines += _table(head, (
        [f"`{operation.value}`", _marks(operation, say),
         *(_SHORT[cell].say(say) if (cell := rule.cells.get(role)) else "—" for role in roles)]
        for operation, rule in MATRIX.items()
    ))  # fmt: skip
    lines += [f"## {_ROLES.say(say)}", ""]
    lines += _table(
        (Text("角色", "role").say(say), Text("用途", "purposes").say(say)),
        ([f"{role.value} {role.text.say(say)}",
          _join((p.text.say(say) for p in sorted(PURPOSES[role], key=str)), say)]
         for role in roles),
    )  # fmt: skip
    lines += [f"### {_NOT_AT_A_DESK.say(say)}", ""]
    lines += [
        f"- {role.text.say(say)}{_COLON.say(say)}{why.say(say)}" for role, why in APART.items()
    ]
    lines += ["", f"## {_USES.say(say)}", ""]
    lines += _table(
        (Text("事项", "operation").say(say), Text("入口", "use cases").say(say),
         Text("用途", "purposes").say(say)),
        ([f"`{operation.value}`", ", ".join(f"`{use}`" for use in rule.uses) or "—",
          _join(sorted(p.text.say(say) for p in _all_purposes(operation)), say)]
         for operation, rule in MATRIX.items()),
    )  # fmt: skip
    lines += [_OPEN.say(say) + _join((f"`{use}`" for use in sorted(OPEN)), say), ""]
    return "\n".join(lines)


def _all_purposes(operation: Operation) -> set[object]:
    found = set()
    for role in MATRIX[operation].cells:
        found |= purposes_of(operation, role)
    return found
