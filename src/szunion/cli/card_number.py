"""Know how a chosen card number is asked for on the command line (吉祥号)."""

from __future__ import annotations

import click

from szunion.cli.frame import Frame, framed, helps
from szunion.domain.access import Purpose, Role
from szunion.domain.bank_words import Reservation
from szunion.text import Text

_KEYS = ("digits", "state", "until", "asked")
_TITLES = (
    Text("号码", "digits"),
    Text("结果", "state"),
    Text("保留到", "kept until"),
    Text("申请时间", "asked"),
)


@click.command(
    help=helps(
        "请银行为一名会员预留含这些数字的卡号；不写数字只看申请过的。"
        "Ask the bank to keep a card number for a member; without digits, see what was asked.",
        "szunion card reserve m_… 12351",
        "echo 证件号码 | szunion card reserve - 12351",
        "szunion card reserve m_…",
    )
)
@click.argument("who")
@click.argument("digits", default="")
@framed
def reserve(frame: Frame, who: str, digits: str) -> None:
    desk = frame.desk(Role.CITY, Purpose.ENROL)
    person = frame.member(desk, who)
    if digits:
        desk.numbers.reserve(person, digits)
    frame.rows(_KEYS, _TITLES, [_row(frame, each) for each in desk.numbers.of(person)])


def _row(frame: Frame, one: Reservation) -> tuple[object, ...]:
    refused = Text("银行已拒绝", "refused by the bank").say(frame.language) if one.refused else None
    return one.digits, refused or one.result, one.until, frame.local(one.asked)
