"""Know how the chip of a card is read and traced on the command line.

Reading is the default and changes nothing. What a card counts, or can be locked by, needs
``--transact`` and a yes to a question that names the counter. No PIN is ever on the line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from attrs import evolve, frozen

from szunion.adapters.reader.conversation import Conversation
from szunion.cli import card_means as means
from szunion.cli.card_shown import Seen, as_data, lines, outcome_data, outcome_lines, show
from szunion.cli.endings import report
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.places import Place, chosen, places
from szunion.cli.streams import put
from szunion.cli.tables import titled
from szunion.emv import explain_words
from szunion.emv.explain_json import as_data as explanation_data
from szunion.emv.explain_model import Said
from szunion.emv.files import read_membership
from szunion.emv.flow import CheckDocument
from szunion.emv.look import Authentication, Probes, look, read_public
from szunion.emv.oda_keys import Policy
from szunion.emv.selection import Directory
from szunion.emv.terminal import Business, Terminal
from szunion.emv.transaction import transact as transact_flow
from szunion.emv.transit import Settings, read_transit
from szunion.errors import CardFault, InvalidInput, NotFound

_FLOOR: Final = 5_000
"""Fen; a payment of nothing below it is signed by the card over the air."""
_MOST_FEN: Final = 999_999_999_999
_WHOLE: Final = Said(
    "完整交易：交易计数 ATC 加 1，验密会动用密码次数 PTC，脱机累计会变",
    "a whole transaction: the ATC rises by one, a PIN may cost PIN tries (PTC), the offline "
    "counters change",
)


@frozen(kw_only=True)
class Wishes:
    """What one look at a card was asked for."""

    authenticate: bool = False
    logs: bool = False
    ca_keys: Path | None = None


def _terminal(place: Place, file: Path | None) -> Terminal:
    return Terminal(
        keys=means.roots(place, file),
        policy=Policy(today=means.today()),
        random=means.random,
        floor_limit=_FLOOR,
        knows_sm=True,
    )


def _seen(talk: Conversation, place: Place, wishes: Wishes) -> Seen:
    """Look at the card; nothing counts unless authentication was asked for."""
    directory = Directory.PPSE if place.contactless else Directory.PSE
    probes = Probes(directory=directory, logs=wishes.logs)
    if not wishes.authenticate:
        view = talk.hold(look(evolve(probes, transit=Settings(), membership=True)))
        return Seen(
            applications=view.applications, transit=view.transit, membership=view.membership,
            today=means.today(),
        )  # fmt: skip
    terminal = _terminal(place, wishes.ca_keys)
    asked = Authentication(
        terminal=terminal, date=f"{terminal.policy.today:%y%m%d}", contactless=place.contactless
    )
    found = talk.hold(read_public(probes, asked))
    return Seen(
        applications=(found,) if found else (),
        transit=talk.hold(read_transit()),
        membership=talk.hold(read_membership()),
        today=terminal.policy.today,
    )


@click.command(
    help=helps(
        "读一张卡，只读：不取处理选项，不验密，计数不变。Read a card; nothing on it changes.",
        "szunion card read",
        "szunion card read --reader 0 --authenticate",
        "szunion --json card read --logs --save trace.jsonl",
    )
)
@means.options("reader", "authenticate", "ca_keys")
@click.option("--logs", is_flag=True, help="也读交易日志  Read the logs too")
@means.options("reveal", "save", "html")
@framed
def read(  # noqa: PLR0913 - what a look can be asked for
    frame: Frame, *, asked: str | None, wait: float, authenticate: bool, ca_keys: Path | None,
    logs: bool, reveal: bool, reason: str, org: str | None, save: Path | None, html: Path | None,
    force: bool,
) -> int:  # fmt: skip
    means.may_be_kept(save, html, force=force)
    found, _ = places(frame)
    place = chosen(frame, found, asked, wait)
    sight = means.sight(frame, place, reveal=reveal, reason=reason, org=org)
    wishes = Wishes(authenticate=authenticate, logs=logs, ca_keys=ca_keys)
    talk = Conversation(channel=place.reader.connect(place.seen.name))
    begun = time.monotonic()
    try:
        seen = _seen(talk, place, wishes)
    finally:
        took = time.monotonic() - begun
        talk.channel.close()
        means.keep(frame, talk.exchanges, save, force=force)
        means.keep_page(frame, talk.exchanges, place, ca_keys, html, force=force)
    if not seen.applications and seen.transit is None:
        raise NotFound("E-READER-024", **_listed(talk))
    roots = "".join(f"{raw.hex().upper()}" for raw in means.objects(talk.exchanges, 0x8F)[:1])
    seen = evolve(
        seen, reveal=sight.grant(talk.exchanges), root=roots, simulated=place.sample is not None,
        contactless=place.contactless,
    )  # fmt: skip
    told = as_data(seen) | {"apdus": len(talk.exchanges), "ms": round(took * 1000, 1)}
    frame.value({"reader": place.seen.name, "simulated": seen.simulated} | told)
    if not frame.as_json:
        spent = frame.text(
            f"{took:.2f} s，{len(talk.exchanges)} 条 APDU",
            f"{took:.2f} s, {len(talk.exchanges)} APDUs",
        )
        rows = [*lines(seen, frame), (frame.text("用时", "took"), spent)]
        put(f"{_headline(frame, seen, authenticate=authenticate)}\n{titled(rows)}")
    return _believed(frame, seen)


def _headline(frame: Frame, seen: Seen, *, authenticate: bool) -> str:
    what = frame.text("工会会员服务卡", "union member service card")
    if seen.membership is None:
        what = frame.text("卡", "card")
    way = frame.text("非接触", "contactless") if seen.contactless else frame.text("接触", "contact")
    cost = frame.text("计数未变", "no counter moved")
    if authenticate:
        cost = frame.text(
            "交易计数 ATC +1（--authenticate）", "the ATC rose by one (--authenticate)"
        )
    mark = frame.text("，模拟", ", simulated") if seen.simulated else ""
    safe = frame.text("只读，未验密，未写卡", "read-only, no PIN, nothing written")
    return frame.text(
        f"{what}（{way}{mark}）  {safe}；{cost}", f"{what} ({way}{mark})  {safe}; {cost}"
    )


def _listed(talk: Conversation) -> dict[str, str]:
    """Return what the card says it has, in both languages."""
    aids = dict.fromkeys(means.objects(talk.exchanges, 0x4F))
    words = [(aid.hex().upper(), explain_words.application(aid)) for aid in aids]
    return {
        "found_zh": "、".join(f"{aid} {said.zh if said else ''}".strip() for aid, said in words)
        or "没有应用",
        "found_en": ", ".join(f"{aid} {said.en if said else ''}".strip() for aid, said in words)
        or "no application",
    }


def _believed(frame: Frame, seen: Seen) -> int:
    """Say on stderr that a card was not believed; the exit code tells programs."""
    for found in seen.applications:
        if found.verdict is not None and not found.verdict.passed:
            reasons = found.verdict.reasons
            report(frame, CardFault(
                "E-READER-022",
                detail_zh="；".join(reason.zh for reason in reasons) or "无共同方法",
                detail_en="; ".join(reason.en for reason in reasons) or "no method in common",
            ))  # fmt: skip
            return 1
    return 0


def _check_document(frame: Frame) -> Callable[[CheckDocument], bool | None]:
    def check(_question: CheckDocument) -> bool | None:
        if not sys.stdin.isatty():
            return None
        words = frame.text("证件与持卡人相符？", "Do document and holder agree?")
        return click.confirm(words, err=True)

    return check


@click.command(
    help=helps(
        "显示与卡的一次完整交互，缺省只读。A conversation with the card; read-only by default.",
        "szunion card trace --explain",
        "szunion card trace --authenticate --save trace.jsonl --html trace.html",
        "szunion card trace --reader 0 --transact --amount 10.00",
    )
)
@means.options("reader", "authenticate", "ca_keys")
@click.option("--explain", "tell", is_flag=True, help="逐项讲解  Explain every object")
@means.options("transact")
@click.option("--amount", metavar="YUAN", default="1.00", show_default=True,
              help="交易金额  Amount of the transaction")  # fmt: skip
@means.options("reveal", "save", "html")
@framed
def trace(  # noqa: PLR0913 - what a conversation can be asked for
    frame: Frame, *, asked: str | None, wait: float, authenticate: bool, ca_keys: Path | None,
    tell: bool, transact: bool, amount: str, yes: bool, reveal: bool, reason: str, org: str | None,
    save: Path | None, html: Path | None, force: bool,
) -> None:  # fmt: skip
    fen = _fen(amount)
    means.may_be_kept(save, html, force=force)
    found, _ = places(frame)
    place = chosen(frame, found, asked, wait)
    sight = means.sight(frame, place, reveal=reveal, reason=reason, org=org)
    if transact:
        means.agreed(frame, _WHOLE, yes=yes)
    talk = Conversation(
        channel=place.reader.connect(place.seen.name),
        choose=lambda candidates: candidates[0],
        ask_pin=means.pin_asker(frame),
        check_document=_check_document(frame),
    )
    if place.sample is not None:
        talk.go_online = place.sample.online
    outcome = None
    try:
        if transact:
            terminal = _terminal(place, ca_keys)
            business = Business(
                amount=fen, date=f"{terminal.policy.today:%y%m%d}", time=means.time_of_day()
            )
            outcome = talk.hold(transact_flow(terminal, business))
        else:
            _seen(talk, place, Wishes(authenticate=authenticate, ca_keys=ca_keys))
    finally:
        talk.channel.close()
        means.keep(frame, talk.exchanges, save, force=force)
        means.keep_page(frame, talk.exchanges, place, ca_keys, html, force=force)
    clear = sight.grant(talk.exchanges)
    whole = means.explained(talk.exchanges, place, ca_keys, clear=clear)
    data = explanation_data(whole)
    frame.value(data if outcome is None else data | {"outcome": outcome_data(outcome)})
    show(frame, whole, tell=tell)
    if outcome is not None and not frame.as_json:
        put(titled(outcome_lines(outcome, frame)))


def _fen(yuan: str) -> int:
    whole, _, part = yuan.partition(".")
    digits = whole + part.ljust(2, "0")
    shaped = digits.isascii() and digits.isdecimal() and len(part) <= len("00") and whole
    if not shaped or int(digits) > _MOST_FEN:
        raise InvalidInput("E-READER-028", detail_zh="金额", detail_en="the amount")
    return int(digits)
