"""Know how a card is tapped at a counter on the command line: whose, may it be used, recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from szunion.application.counter import Tapped, TapVerdict
from szunion.cli.card_means import options, roots
from szunion.cli.endings import REFUSED, UNKNOWN
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.places import chosen, places
from szunion.cli.service import say_price
from szunion.domain.joinings import occasion_of
from szunion.domain.values import OfferId

_UNKNOWN: Final = frozenset({TapVerdict.UNKNOWN_CARD, TapVerdict.NO_APPLICATION})


@click.command(
    help=helps(
        "服务点刷卡：是谁的卡、能否使用、为什么不能，并记录参加。Tap a card at a counter.",
        "szunion card tap cu-events --occasion 2018-09-24 --org 440305-0001",
        "szunion card tap cu-events --offer o_… --org 440305-0001",
        "szunion card tap co-quality-lecture --joining jn_… --org 440305-0001",
        "szunion --json card tap ha-spring-festival --occasion 2018 --org 440305-0001",
    )
)
@click.argument("item")
@click.option("--occasion", default="", metavar="TEXT", help="哪一场  Which occasion")
@click.option("--offer", metavar="o_…", help="核销这项预约  Check a booking of this in")
@click.option("--joining", metavar="jn_…", help="集体参与的一场  For this collective sign-up")
@click.option("--org", required=True, metavar="CODE", help="在哪家工会的服务点  At whose counter")
@options("reader", "authenticate", "ca_keys")
@framed
def tap(  # noqa: PLR0913 - where, for what, and how strictly
    frame: Frame, item: str, *, occasion: str, offer: str | None, joining: str | None, org: str,
    asked: str | None, wait: float, authenticate: bool, ca_keys: Path | None,
) -> int:  # fmt: skip
    if joining is not None:
        occasion = occasion_of(frame.inward("jn", joining))
    if not occasion and offer is None:
        raise click.UsageError(
            frame.text(
                "写明 --occasion、--offer 或 --joining", "say --occasion, --offer or --joining"
            )
        )
    found, _ = places(frame)
    place = chosen(frame, found, asked, wait)
    counter = frame.system().counter(
        frame.provider(org), roots=lambda _: roots(place, ca_keys), reader=place.reader
    )
    told = counter.tap(
        place.seen.name, item, occasion, prove=authenticate,
        offer=OfferId(frame.inward("o", offer)) if offer else None,
    )  # fmt: skip
    _say(frame, told)
    if told.yes:
        return 0
    return UNKNOWN if told.verdict in _UNKNOWN else REFUSED


def _say(frame: Frame, told: Tapped) -> None:
    member = None if told.person is None else frame.outward("m", told.person)
    card = None if told.card is None else frame.outward("c", told.card.id)
    record = None if told.record is None else frame.outward("j", told.record.id)
    against = sorted(type(why).__name__ for why in told.against)
    against += [why.value for why in told.item]
    frame.value(
        {"verdict": told.verdict, "assurance": told.assurance.name, "member": member,
         "card": card, "record": record, "against": against, "reasons": list(told.reasons),
         "price_percent": told.price_percent}
    )  # fmt: skip
    frame.say("{what}", "{what}", what=frame.cell(told.verdict))
    say_price(frame, told.price_percent)
    for why in sorted(told.against, key=lambda each: type(each).__name__):
        words = why.text.say(frame.language)
        lifts = frame.text("、", ", ").join(frame.cell(who) for who in why.lifted_by) or "—"
        frame.say("  {why}（可解除：{who}）", "  {why} (lifted by: {who})", why=words, who=lifts)
    for each in told.item:
        frame.say("  {why}", "  {why}", why=frame.cell(each))
    frame.say("  可信等级 {level}", "  assurance {level}", level=told.assurance.name)
