"""Know how the chip of a card is read, traced and explained on the command line.

Reading is the default and changes nothing. What a card counts, or can be locked by, needs
``--transact`` and a yes to a question that names the counter. No PIN is ever on the line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import click
from attrs import evolve, frozen

from szunion.adapters.reader.conversation import Conversation
from szunion.adapters.system import SystemChance, SystemClock
from szunion.cli.card_shown import Seen, as_data, lines, outcome_data, outcome_lines
from szunion.cli.frame import Frame, framed, helps, report
from szunion.cli.places import Place, chosen, places
from szunion.emv.apdu import Command
from szunion.emv.capk import CaKeys, read_download
from szunion.emv.errors import BadData, EmvError, KeyRefused, LimitExceeded, OffScript
from szunion.emv.exchange import exchange
from szunion.emv.explain import explain as explained
from szunion.emv.explain import explain_tlv
from szunion.emv.explain_diff import as_text as diff_text
from szunion.emv.explain_diff import diff
from szunion.emv.explain_html import as_html
from szunion.emv.explain_json import as_data as explanation_data
from szunion.emv.explain_json import item_data
from szunion.emv.explain_model import Explanation, Said
from szunion.emv.explain_text import as_text, tree
from szunion.emv.explain_trace import Exchange, read_trace, redact, write_trace
from szunion.emv.files import read_membership
from szunion.emv.flow import AskPin, CheckDocument, Flow, Pin, PinEntry
from szunion.emv.look import Authentication, Probes, look, read_public
from szunion.emv.oda_keys import Policy
from szunion.emv.selection import Directory
from szunion.emv.terminal import Business, Terminal
from szunion.emv.transaction import transact as transact_flow
from szunion.emv.transit import Settings, read_transit
from szunion.errors import CardFault, InvalidInput, NotAllowed, NotFound

F = TypeVar("F", bound=Callable[..., object])

_FLOOR: Final = 5_000
"""Fen; a payment of nothing below it is signed by the card over the air."""

#: What only reads: class, instruction. GET RESPONSE and GET CHALLENGE count nothing.
_READS: Final = frozenset(
    {(0x00, 0xA4), (0x00, 0xB2), (0x00, 0xB0), (0x00, 0xC0), (0x00, 0xCA), (0x80, 0xCA),
     (0x00, 0x84), (0x80, 0x5C)}
)  # fmt: skip
_PINS: Final = frozenset({0x20, 0x24})
_CHANGES: Final = {
    0xA8: Said("交易计数 ATC 加 1", "the transaction counter (ATC) rises by one"),
    0xAE: Said("脱机累计与交易记录会变", "the offline counters and the transaction log change"),
    0x82: Said(
        "发卡行认证结果会变，失败会记下",
        "the issuer authentication result changes; a failure is remembered",
    ),
    0x20: Said(
        "密码错误会使剩余次数 PTC 减 1，到 0 即锁定",
        "a wrong PIN takes one from the PIN try counter (PTC); at 0 it is blocked",
    ),
    0x88: Said("卡用私钥签名", "the card signs with its private key"),
}
_UNKNOWN_CHANGE: Final = Said("不是只读命令", "it is no command that only reads")

_READER = click.option("--reader", "asked", metavar="N|NAME", help="读卡器，见 reader list  Reader")
_REVEAL = click.option("--reveal", is_flag=True, help="显示明文，仅限模拟卡  Simulated cards only")
_SAVE = click.option("--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="存交互记录，已抹去个人信息  Save the trace, redacted")  # fmt: skip
_HTML = click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="存为一个网页  Save as one page")  # fmt: skip
_AUTHENTICATE = click.option(
    "--authenticate", is_flag=True,
    help="脱机认证；卡的交易计数加 1  Authenticate; costs one count of the card's ATC",
)  # fmt: skip
_CA_KEYS = click.option(
    "--ca-keys", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE",
    help="根公钥：每行一份参数下载（十六进制）  CA keys: a parameter download a line, hex",
)  # fmt: skip
_TRANSACT = click.option("--transact", is_flag=True,
                         help="允许改变卡片，会先询问  May change the card")  # fmt: skip
_YES = click.option("--yes", is_flag=True, help="不再询问  Do not ask")


@frozen(kw_only=True)
class Wishes:
    """What one look at a card was asked for."""

    authenticate: bool = False
    logs: bool = False
    ca_keys: Path | None = None


def _guard_reveal(place: Place | None, *, reveal: bool) -> None:
    if reveal and (place is None or place.sample is None):
        raise NotAllowed("E-READER-025")


def _roots(place: Place, file: Path | None, today: date) -> CaKeys:
    """Return the roots to believe: the test bank's for its own card, else the operator's."""
    if place.sample is not None:
        return place.sample.bank.roots(today)
    rows = enumerate(file.read_text("ascii").splitlines(), 1) if file else ()
    keys = []
    for number, line in rows:
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(read_download(bytes.fromhex(line), today))
            except KeyRefused as error:
                raise InvalidInput(
                    "E-READER-023", line=number, detail_zh=error.what("zh"),
                    detail_en=error.what("en"),
                ) from error  # fmt: skip
            except ValueError:
                raise InvalidInput(
                    "E-READER-023", line=number, detail_zh="不是十六进制", detail_en="no hex"
                ) from None
    return CaKeys(tuple(keys))


def _terminal(place: Place, file: Path | None) -> Terminal:
    today = SystemClock().today()
    return Terminal(
        keys=_roots(place, file, today),
        policy=Policy(today=today),
        random=SystemChance().bytes,
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
            applications=view.applications, transit=view.transit, membership=view.membership
        )
    terminal = _terminal(place, wishes.ca_keys)
    asked = Authentication(
        terminal=terminal, date=f"{terminal.policy.today:%y%m%d}", contactless=place.contactless
    )
    found = talk.hold(read_public(probes, asked))
    return Seen(
        applications=(found,) if found else (),
        transit=talk.hold(read_transit()),
        membership=talk.hold(read_membership()),
    )


def _keep(
    frame: Frame, exchanges: Iterable[Exchange], save: Path | None, html: Path | None
) -> None:
    """Write what was asked for: the trace redacted, the page masked."""
    trace = tuple(exchanges)
    try:
        if save is not None:
            save.write_text(write_trace(redact(trace)), "utf-8")
        if html is not None:
            html.write_text(as_html(explained(trace), frame.language.value), "utf-8")
    except OSError as error:
        path = save if html is None else html
        raise InvalidInput("E-CLI-005", path=path, reason=error.strerror) from error


@click.command(
    help=helps(
        "读一张卡，只读：不取处理选项，不验密，计数不变。Read a card; nothing on it changes.",
        "szunion card read",
        "szunion card read --reader 0 --authenticate",
        "szunion --json card read --logs --save trace.jsonl",
    )
)
@_READER
@_AUTHENTICATE
@_CA_KEYS
@click.option("--logs", is_flag=True, help="也读交易日志  Read the logs too")
@_REVEAL
@_SAVE
@_HTML
@framed
def read(  # noqa: PLR0913 - what a look can be asked for
    frame: Frame, *, asked: str | None, authenticate: bool, ca_keys: Path | None, logs: bool,
    reveal: bool, save: Path | None, html: Path | None,
) -> int:  # fmt: skip
    found, _ = places(frame)
    place = chosen(found, asked)
    _guard_reveal(place, reveal=reveal)
    begun = time.monotonic()
    talk = Conversation(channel=place.reader.connect(place.seen.name))
    try:
        wishes = Wishes(authenticate=authenticate, logs=logs, ca_keys=ca_keys)
        seen = evolve(_seen(talk, place, wishes), reveal=reveal)
    finally:
        talk.channel.close()
    _keep(frame, talk.exchanges, save, html)
    if not seen.applications and seen.transit is None:
        raise NotFound("E-READER-024")
    count, took = len(talk.exchanges), time.monotonic() - begun
    told = {"reader": place.seen.name, "simulated": place.sample is not None, "apdus": count}
    frame.value(told | as_data(seen))
    frame.say("{name}  {cost}", "{name}  {cost}", name=place.seen.name, cost=frame.text(
        "只读，未验密，未写卡" + ("；交易计数 +1" if authenticate else "，计数未变"),
        "read only, no PIN, nothing written"
        + ("; transaction counter +1" if authenticate else ", no counter moved"),
    ))  # fmt: skip
    for title, words in lines(seen, frame):
        frame.say("  {title}  {words}", "  {title}  {words}", title=title, words=words)
    frame.say("  用时 {took:.2f} s，{count} 条 APDU", "  {took:.2f} s, {count} APDUs", took=took,
              count=count)  # fmt: skip
    return _believed(frame, seen)


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


def _agreed(frame: Frame, change: Said, *, yes: bool) -> None:
    """Ask before something counts.

    Raises:
        InvalidInput: nobody is there to answer (E-CLI-007).
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("E-CLI-007")
    words = change.say(frame.language.value)
    click.confirm(frame.text(f"{words}。继续？", f"{words}. Go on?"), abort=True, err=True)


def _ask_pin(frame: Frame) -> Callable[[AskPin], Pin | None]:
    """Return how the PIN is asked: at a terminal without echo, else not at all."""

    def ask(question: AskPin) -> Pin | None:
        if not sys.stdin.isatty():
            return None
        left = "" if question.tries_left is None else f" (PTC {question.tries_left})"
        words = frame.text("密码", "PIN") + left
        digits = click.prompt(words, hide_input=True, err=True, default="", show_default=False)
        try:
            return Pin(digits) if digits else None
        except OffScript:
            return None

    return ask


def _check_document(frame: Frame) -> Callable[[CheckDocument], bool | None]:
    def check(_question: CheckDocument) -> bool | None:
        if not sys.stdin.isatty():
            return None
        words = frame.text("证件与持卡人相符？", "Do document and holder agree?")
        return click.confirm(words, err=True)

    return check


@click.command(
    help=helps(
        "看一次完整交互，缺省只读。A conversation with the card; read-only by default.",
        "szunion card trace --explain",
        "szunion card trace --authenticate --save trace.jsonl --html trace.html",
        "szunion card trace --reader 0 --transact --amount 10.00",
    )
)
@_READER
@_AUTHENTICATE
@_CA_KEYS
@click.option("--explain", "tell", is_flag=True, help="逐项讲解  Explain every object")
@_TRANSACT
@click.option("--amount", metavar="YUAN", default="1.00", show_default=True,
              help="交易金额  Amount of the transaction")  # fmt: skip
@_YES
@_REVEAL
@_SAVE
@_HTML
@framed
def trace(  # noqa: PLR0913 - what a conversation can be asked for
    frame: Frame, *, asked: str | None, authenticate: bool, ca_keys: Path | None, tell: bool,
    transact: bool, amount: str, yes: bool, reveal: bool, save: Path | None, html: Path | None,
) -> None:  # fmt: skip
    found, _ = places(frame)
    place = chosen(found, asked)
    _guard_reveal(place, reveal=reveal)
    if transact:
        _agreed(frame, Said(
            "完整交易：交易计数 ATC 加 1，验密会动用密码次数 PTC，脱机累计会变",
            "a whole transaction: the ATC rises by one, a PIN may cost PIN tries (PTC), the "
            "offline counters change",
        ), yes=yes)  # fmt: skip
    talk = Conversation(
        channel=place.reader.connect(place.seen.name),
        choose=lambda candidates: candidates[0],
        ask_pin=_ask_pin(frame),
        check_document=_check_document(frame),
    )
    if place.sample is not None:
        talk.go_online = place.sample.online
    outcome = None
    try:
        if transact:
            terminal = _terminal(place, ca_keys)
            business = Business(amount=_fen(amount), date=f"{terminal.policy.today:%y%m%d}")
            outcome = talk.hold(transact_flow(terminal, business))
        else:
            _seen(talk, place, Wishes(authenticate=authenticate, ca_keys=ca_keys))
    finally:
        talk.channel.close()
        _keep(frame, talk.exchanges, save, html)
    whole = explained(talk.exchanges, reveal=reveal)
    data = explanation_data(whole)
    frame.value(data if outcome is None else data | {"outcome": outcome_data(outcome)})
    _show(frame, whole, tell=tell)
    for title, words in outcome_lines(outcome, frame) if outcome is not None else ():
        frame.say("{title}  {words}", "{title}  {words}", title=title, words=words)


def _fen(yuan: str) -> int:
    whole, _, part = yuan.partition(".")
    digits = whole + part.ljust(2, "0")
    if not (digits.isascii() and digits.isdecimal()) or len(part) > len("00") or not whole:
        raise InvalidInput("E-READER-028", detail_zh="金额", detail_en="the amount")
    return int(digits)


def _show(frame: Frame, whole: Explanation, *, tell: bool) -> None:
    if frame.as_json:
        return
    if tell:
        click.echo(as_text(whole, frame.language.value), nl=False)
        return
    for step in whole.steps:
        words = step.title.say(frame.language.value)
        click.echo(f"#{step.number} {step.header} [{step.size}] → {step.sw:04X} "
                   f"[{step.answer_size}]  {words}")  # fmt: skip


@click.command(
    help=helps(
        "讲解一份记录或一段 TLV，不需要卡。Explain a trace or TLV data; no card is needed.",
        "szunion card explain trace.jsonl",
        "szunion card explain --tlv 9F360200019F2701809F1A020156",
        "szunion card explain --diff a.jsonl b.jsonl",
    )
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--tlv", metavar="HEX", help="一段 TLV；- 表示从标准输入读  TLV data; - reads stdin")
@click.option("--diff", "two", nargs=2, type=click.Path(path_type=Path, dir_okay=False),
              metavar="A B", help="比较两份记录  Compare two traces")  # fmt: skip
@_REVEAL
@_HTML
@framed
def explain(  # noqa: PLR0913 - the three things that can be explained
    frame: Frame, *, file: Path | None, tlv: str | None, two: tuple[Path, Path] | None,
    reveal: bool, html: Path | None,
) -> None:  # fmt: skip
    _guard_reveal(None, reveal=reveal)
    if tlv is not None:
        text = sys.stdin.read() if tlv == "-" else tlv
        items = explain_tlv(_bytes(text))
        frame.value({"items": [item_data(item) for item in items]})
        if not frame.as_json:
            click.echo("\n".join(tree(items, frame.language.value)))
    elif two is not None:
        left, right = (explained(_trace(path)) for path in two)
        found = diff(left, right)
        frame.value({"differences": [
            {"step": each.step.say(frame.language.value), "path": each.path,
             "left": each.left, "right": each.right} for each in found
        ]})  # fmt: skip
        if not frame.as_json:
            click.echo(diff_text(found, frame.language.value), nl=False)
    elif file is not None:
        exchanges = _trace(file)
        _keep(frame, exchanges, None, html)
        whole = explained(exchanges)
        frame.value(explanation_data(whole))
        _show(frame, whole, tell=True)
    else:
        raise click.UsageError("FILE, --tlv, --diff")


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex("".join(text.split()))
    except ValueError:
        raise InvalidInput(
            "E-READER-028", detail_zh="不是十六进制", detail_en="this is no hex"
        ) from None


def _trace(path: Path) -> tuple[Exchange, ...]:
    try:
        return read_trace(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput("E-CLI-005", path=path, reason=error.strerror) from error
    except (BadData, LimitExceeded) as error:
        raise _unreadable(error) from error
    except UnicodeDecodeError as error:
        raise InvalidInput("E-CLI-005", path=path, reason="UTF-8") from error


def _unreadable(error: EmvError) -> InvalidInput:
    return InvalidInput("E-READER-028", detail_zh=error.what("zh"), detail_en=error.what("en"))


@click.command(
    help=helps(
        "发送自己的命令；缺省只许只读。Send commands of your own; reading ones by default.",
        "szunion card apdu 00A4040008A00000033301010100",
        "szunion card apdu 00A4040008A00000033301010100 80CA9F3600",
        "szunion card apdu --transact 00A4040008A00000033301010100 00200080",
    )
)
@click.argument("hexes", nargs=-1, required=True, metavar="HEX…")
@_READER
@_TRANSACT
@_YES
@_REVEAL
@_SAVE
@framed
def apdu(  # noqa: PLR0913 - what goes to the card, and how
    frame: Frame, *, hexes: tuple[str, ...], asked: str | None, transact: bool, yes: bool,
    reveal: bool, save: Path | None,
) -> None:  # fmt: skip
    commands = [_allowed(_command(text), transact=transact) for text in hexes]
    found, _ = places(frame)
    place = chosen(found, asked)
    _guard_reveal(place, reveal=reveal)
    for command in commands:
        if not _only_reads(command):
            change = _CHANGES.get(command.ins, _UNKNOWN_CHANGE)
            name = command.name
            _agreed(frame, Said(f"{name}：{change.zh}", f"{name}: {change.en}"), yes=yes)
    talk = Conversation(channel=place.reader.connect(place.seen.name))
    try:
        for command in commands:
            talk.hold(_sent(_with_pin(frame, command)))
    finally:
        talk.channel.close()
        _keep(frame, talk.exchanges, save, None)
    whole = explained(talk.exchanges, reveal=reveal)
    frame.value(explanation_data(whole))
    _show(frame, whole, tell=True)


async def _exchanged(command: Command) -> int:
    return (await exchange(command)).sw


def _sent(command: Command) -> Flow[int]:
    return _exchanged(command)


def _command(text: str) -> Command:
    try:
        return Command.decode(_bytes(text))
    except BadData as error:
        raise _unreadable(error) from error


def _only_reads(command: Command) -> bool:
    return (command.cla, command.ins) in _READS


def _allowed(command: Command, *, transact: bool) -> Command:
    """Return *command* if it may be sent.

    Raises:
        NotAllowed: it holds a PIN (E-READER-026), or changes the card unasked (E-READER-027).
    """
    if command.ins in _PINS and command.data:
        raise NotAllowed("E-READER-026")
    if not transact and not _only_reads(command):
        change = _CHANGES.get(command.ins, _UNKNOWN_CHANGE)
        raise NotAllowed(
            "E-READER-027", command=command.name, change_zh=change.zh, change_en=change.en
        )
    return command


def _with_pin(frame: Frame, command: Command) -> Command:
    """Return a VERIFY with the PIN that was asked for; anything else as it is."""
    if (command.cla, command.ins) != (0x00, 0x20):
        return command
    pin = _ask_pin(frame)(AskPin(PinEntry.OFFLINE))
    if pin is None:
        raise InvalidInput("E-CLI-007")
    return evolve(command, data=pin.block())
