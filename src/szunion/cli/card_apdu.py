"""Know which commands of one's own may go to a card from the command line, and at what price."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
from attrs import evolve

from szunion.adapters.reader.conversation import Conversation
from szunion.cli import card_means as means
from szunion.cli.card_shown import show
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.places import Place, chosen, places
from szunion.emv.apdu import Command
from szunion.emv.errors import BadData
from szunion.emv.exchange import exchange
from szunion.emv.explain_json import as_data
from szunion.emv.explain_model import Said
from szunion.emv.flow import AskPin, PinEntry
from szunion.errors import InvalidInput, NotAllowed

#: What only reads: class, instruction. GET RESPONSE and GET CHALLENGE count nothing.
_READS: Final = frozenset(
    {(0x00, 0xA4), (0x00, 0xB2), (0x00, 0xB0), (0x00, 0xC0), (0x00, 0xCA), (0x80, 0xCA),
     (0x00, 0x84), (0x80, 0x5C)}
)  # fmt: skip
_VERIFY: Final = (0x00, 0x20)
_PINS: Final = frozenset({0x20, 0x24})
_CHANGES: Final = {
    0xA8: Said("交易计数 ATC 加 1", "the transaction counter (ATC) rises by one"),
    0xAE: Said(
        "脱机累计与交易记录会变，请求不当会占用一次 ATC",
        "the offline counters and the transaction log change; a wrong request wastes an ATC",
    ),
    0x82: Said(
        "发卡行认证结果会变，失败会记下",
        "the issuer authentication result changes; a failure is remembered",
    ),
    0x20: Said(
        "密码错误会使剩余次数 PTC 减 1，到 0 即锁定",
        "a wrong PIN takes one from the PIN try counter (PTC); at 0 it is blocked",
    ),
    0x24: Said("密码或其次数 PTC 会变", "the PIN or its try counter (PTC) changes"),
    0x88: Said(
        "卡用私钥签名；在取处理选项（ATC 加 1）之后才可用",
        "the card signs; it works after GET PROCESSING OPTIONS only, which costs one ATC",
    ),
    0x16: Said("卡片被永久锁定", "the card is blocked for ever"),
    0x1E: Said("应用被锁定", "the application is blocked"),
}
_UNKNOWN_CHANGE: Final = Said("不是只读命令", "it is no command that only reads")


@click.command(
    help=helps(
        "发送自选的命令；缺省只允许只读。Send commands of your own; reading ones by default.",
        "szunion card apdu 00A4040008A00000033301010100",
        "szunion card apdu 00A4040008A00000033301010100 80CA9F3600",
        "szunion card apdu --transact 00A4040008A00000033301010100 00200080",
    )
)
@click.argument("hexes", nargs=-1, required=True, metavar="HEX…")
@means.options("reader", "transact", "reveal", "save", "html")
@framed
def apdu(  # noqa: PLR0913 - what goes to the card, and how
    frame: Frame, *, hexes: tuple[str, ...], asked: str | None, wait: float, transact: bool,
    yes: bool, reveal: bool, reason: str, org: str | None, save: Path | None, html: Path | None,
    force: bool,
) -> None:  # fmt: skip
    means.may_be_kept(save, html, force=force)
    commands = [_allowed(_command(text), transact=transact) for text in hexes]
    found, _ = places(frame)
    place = chosen(frame, found, asked, wait)
    sight = means.sight(frame, place, reveal=reveal, reason=reason, org=org)
    for command in commands:
        if not _only_reads(command):
            change, name = _change(command), command.name
            said = Said(f"{name}：{change.zh}", f"{name}: {change.en}")
            means.agreed(frame, said, yes=yes)
    ready = [_with_pin(frame, command, place) for command in commands]
    talk = Conversation(channel=place.reader.connect(place.seen.name))
    try:
        for command in ready:
            talk.hold(exchange(command))
    finally:
        talk.channel.close()
        means.keep(frame, talk.exchanges, save, force=force)
        means.keep_page(frame, talk.exchanges, place, None, html, force=force)
    clear = sight.grant(talk.exchanges)
    whole = means.explained(talk.exchanges, place, None, clear=clear)
    frame.value(as_data(whole))
    show(frame, whole, tell=True)


def _command(text: str) -> Command:
    try:
        return Command.decode(means.unhex(text))
    except BadData as error:
        raise means.unreadable(error) from error


def _only_reads(command: Command) -> bool:
    return (command.cla, command.ins) in _READS


def _change(command: Command) -> Said:
    return _CHANGES.get(command.ins, _UNKNOWN_CHANGE)


def _allowed(command: Command, *, transact: bool) -> Command:
    """Return *command* if it may be sent.

    Raises:
        NotAllowed: it holds a PIN (E-READER-026), or changes the card unasked (E-READER-027).
    """
    if command.ins in _PINS and command.data:
        raise NotAllowed("E-READER-026")
    if not transact and not _only_reads(command):
        change = _change(command)
        raise NotAllowed(
            "E-READER-027", command=command.name, change_zh=change.zh, change_en=change.en
        )
    return command


def _with_pin(frame: Frame, command: Command, place: Place) -> Command:
    """Return a VERIFY with the PIN that was asked for; anything else as it is.

    Raises:
        NotAllowed: the card is in the air (E-READER-030).
        InvalidInput: nobody is there to ask, or what was typed is no PIN (E-READER-029).
    """
    if (command.cla, command.ins) != _VERIFY:
        return command
    if place.contactless:
        raise NotAllowed("E-READER-030")
    pin = means.pin_asker(frame)(AskPin(PinEntry.OFFLINE))
    if pin is None:
        raise InvalidInput("E-READER-029")
    return evolve(command, data=pin.block())
