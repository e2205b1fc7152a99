"""Know how questions about a past day, by what was known on another, are asked on the line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from szunion.cli.frame import ORG, Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.as_of import AsOf, Entitled
from szunion.domain.city_time import end_of, meant
from szunion.domain.members import Rights
from szunion.text import Language, Text

C = TypeVar("C", bound=Callable[..., Any])

_KEYS: Final = ("member", "state", "reason", "since")
_TITLES: Final = (
    Text("会员", "member"), Text("会籍", "membership"), Text("原因", "reason"),
    Text("归属起于", "belongs since"),
)  # fmt: skip
_RIGHTS: Final = {
    "vote": Text("表决", "vote"), "dues": Text("缴费", "dues"), "counted": Text("计入", "counted"),
    "benefits": Text("服务", "benefits"), "card": Text("用卡", "card"),
}  # fmt: skip
_DAYS: Final = ("%Y-%m-%d",)
_MOMENTS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")


def two_days(command: C) -> C:
    """Give a command the two options of every such question."""
    on = click.option(
        "--on", required=True, type=click.DateTime(_DAYS), help="问的是哪一天  The day asked about"
    )
    known = click.option(
        "--known",
        type=click.DateTime(_MOMENTS),
        help="按何时所知，缺省现在  By what was known then",
    )
    return on(known(command))


def _moment(frame: Frame, known: datetime | None) -> datetime | None:
    """Return the moment that was typed; a day alone is the whole of it, as far as it is over."""
    if known is None:
        return None
    if known == datetime.combine(known.date(), datetime.min.time()):
        return min(end_of(known.date()), frame.system().office.clock.now())
    return meant(known)


@click.command(
    "as-of",
    help=helps(
        "按某时所知，某日是否会员、能否享受某项服务。What was so on a day, as known on another.",
        "szunion member as-of m_… --on 2017-12-05",
        "szunion member as-of m_… --on 2017-12-05 --known 2017-12-10",
        "szunion member as-of m_… --on 2017-12-05 --known 2017-12-10 --item movie",
    ),
)
@click.argument("who")
@two_days
@click.option("--item", metavar="ITEM", help="服务项目  The item")
@ORG
@framed
def member_as_of(  # noqa: PLR0913 - who, when, as known when, to what
    frame: Frame, who: str, *, on: datetime, known: datetime | None, item: str | None,
    org: str | None,
) -> int:  # fmt: skip
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    person, moment = frame.member(desk, who), _moment(frame, known)
    if item is None:
        found = desk.members.as_of(person, on=on.date(), known=moment)
        frame.value(_plain(frame, found))
        _say(frame, found)
        return 0 if found.standing else 4
    answer = desk.members.entitled(person, item, on=on.date(), known=moment)
    why = [each.text for each in answer.against]
    why += sorted((each.text for each in answer.card), key=lambda text: text.en)
    if answer.no_card:
        why.append(Text("当时没有卡", "there was no card"))
    reasons = [text.say(frame.language) for text in why]
    frame.value({**_plain(frame, answer.who), "item": item, "entitled": answer.free,
                 "against": reasons})  # fmt: skip
    _say(frame, answer.who)
    _verdict(frame, answer, reasons)
    return 0 if answer.free else 4


def _plain(frame: Frame, found: AsOf) -> dict[str, object]:
    standing = found.standing
    return {
        "member": frame.outward("m", found.person), "on": found.on.isoformat(),
        "known": frame.local(found.known), "final": found.final, "rules": found.rules,
        "state": standing and standing.state.value,
        "reason": standing and standing.reason and standing.reason.value,
        "rights": _carried(standing.rights, Language.EN) if standing else [],
    }  # fmt: skip


def _carried(rights: Rights, language: Language) -> list[str]:
    return [
        name if language is Language.EN else text.say(language)
        for name, text in _RIGHTS.items()
        if getattr(rights, name)
    ]


def _say(frame: Frame, found: AsOf) -> None:
    standing, known = found.standing, frame.local(found.known)
    if standing is None:
        frame.say("{on}（按 {known} 所知）：不是会员", "{on} (as known at {known}): no member",
                  on=found.on, known=known)  # fmt: skip
    else:
        carried = _carried(standing.rights, frame.language)
        frame.say(
            "{on}（按 {known} 所知）：{state}，权利：{rights}",
            "{on} (as known at {known}): {state}, with {rights}",
            on=found.on, known=known, state=standing.state.text.say(frame.language),
            rights=frame.text("、", ", ").join(carried) or "—",
        )  # fmt: skip
    if not found.final:
        frame.note(
            "离现在太近，可能还有未写完的记录", "too near to now: something may be under way"
        )


def _verdict(frame: Frame, answer: Entitled, reasons: list[str]) -> None:
    if answer.free:
        frame.say("✔ 可以享受 {item}", "✔ entitled to {item}", item=answer.item)
        return
    frame.say("✘ 不能享受 {item}：{why}", "✘ not entitled to {item}: {why}", item=answer.item,
              why=frame.text("；", "; ").join(reasons))  # fmt: skip


@click.command(
    "members",
    help=helps(
        "按某时所知，某日的会员名册。A union's members on a day, as known on another.",
        "szunion org members 440305-0001 --on 2017-12-05",
        "szunion org members 440305-0001 --on 2017-12-05 --known 2017-12-10",
    ),
)
@click.argument("code")
@two_days
@ORG
@framed
def union_members(
    frame: Frame, code: str, *, on: datetime, known: datetime | None, org: str | None
) -> None:
    union = frame.union(code)
    desk = frame.desk(Role.CITY, Purpose.SERVE, org)
    found = desk.members.of_union_on(union.id, on=on.date(), known=_moment(frame, known))
    frame.rows(
        _KEYS,
        _TITLES,
        (
            (frame.outward("m", each.person), each.state, each.reason, each.since)
            for each in found
        ),
    )  # fmt: skip
