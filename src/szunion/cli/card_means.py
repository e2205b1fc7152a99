"""Know what the verbs for a chip share: options, who may see plain values, files, consent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import click
from attrs import evolve, frozen

from szunion.adapters.system import SystemChance, SystemClock
from szunion.application.system import Desk
from szunion.cli.files import must_be_new, unusable, write_new
from szunion.cli.frame import FORCE, Frame
from szunion.cli.places import Place
from szunion.domain.access import Purpose, Role
from szunion.domain.city_time import CITY_TIME
from szunion.emv import tlv
from szunion.emv.capk import CaKeys, read_download, read_revocation
from szunion.emv.errors import BadData, BadTlv, EmvError, KeyRefused, LimitExceeded, OffScript
from szunion.emv.explain import explain, joined
from szunion.emv.explain_certificates import follow
from szunion.emv.explain_html import as_html
from szunion.emv.explain_model import Explanation, Said
from szunion.emv.explain_trace import Exchange, read_trace, redact, write_trace
from szunion.emv.flow import AskPin, Pin
from szunion.emv.oda_keys import Policy
from szunion.emv.pan import CardNumber, Track2
from szunion.errors import InvalidInput

F = TypeVar("F", bound=Callable[..., object])

_READER = (
    click.option("--reader", "asked", metavar="N|NAME", help="读卡器，见 reader list  Reader"),
    click.option("--wait", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
                 help="没有卡时等多少秒  Wait for a card"),
)  # fmt: skip
_REVEAL = (
    click.option("--reveal", is_flag=True,
                 help="显示明文：要有权限和事由，记入审计  Plain values; audited"),
    click.option("--reason", default="", metavar="TEXT",
                 help="查看明文的事由  What plain values are for"),
    click.option("--org", metavar="CODE", help="以哪家工会的名义查看  For which union"),
)  # fmt: skip
_SAVE = click.option("--save", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="保存交互记录，已抹去个人信息  Save the trace, redacted")  # fmt: skip
_HTML = click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="保存为一个网页，个人信息已遮盖  Save as one page, masked")  # fmt: skip
_CA_KEYS = click.option(
    "--ca-keys", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="根公钥：每行一份参数下载（十六进制）或一条吊销"
         "  CA keys: a parameter download (hex) or a revocation a line",
)  # fmt: skip
_AUTHENTICATE = click.option(
    "--authenticate", is_flag=True,
    help="脱机认证；卡的交易计数 ATC 加 1  Authenticate; costs one count of the card's ATC",
)  # fmt: skip
_TRANSACT = click.option("--transact", is_flag=True,
                         help="允许改变卡片，先询问  May change the card; asks first")  # fmt: skip
_YES = click.option("--yes", is_flag=True, help="不再询问  Do not ask")

OPTIONS: Final = {
    "reader": _READER, "reveal": _REVEAL, "save": (_SAVE,), "html": (_HTML, FORCE),
    "ca_keys": (_CA_KEYS,), "authenticate": (_AUTHENTICATE,), "transact": (_TRANSACT, _YES),
}  # fmt: skip


def options(*names: str) -> Callable[[F], F]:
    """Give a command the shared options of these names, in this order."""

    def give(command: F) -> F:
        for name in reversed(names):
            for option in reversed(OPTIONS[name]):
                command = option(command)
        return command

    return give


# --- plain values -----------------------------------------------------------------------------


@frozen
class Sight:
    """Whether plain values are shown, and where that is written down first."""

    clear: bool = False
    desk: Desk | None = None
    """Whose audit log it goes into; None: a simulated card's data are nobody's."""
    reason: str = ""

    def grant(self, exchanges: Iterable[Exchange]) -> bool:
        """Return whether to show plain values; when they are somebody's, the log knows now."""
        if self.clear and self.desk is not None:
            self.desk.chips.reveal(number_in(exchanges), self.reason)
        return self.clear


def sight(
    frame: Frame, place: Place | None, *, reveal: bool, reason: str, org: str | None
) -> Sight:
    """Return how much may be seen of what is in *place*, or of a file.

    Raises:
        InvalidInput: plain values were asked for without a reason (E-READER-025).
        StorageError: there is no database whose audit log could say so.
    """
    if not reveal:
        return Sight()
    if place is not None and place.sample is not None:
        return Sight(clear=True)
    if not reason.strip():
        raise InvalidInput("E-READER-025")
    return Sight(clear=True, desk=frame.desk(Role.CITY, Purpose.SERVE, org), reason=reason)


def objects(exchanges: Iterable[Exchange], tag: int) -> list[bytes]:
    """Return every value of *tag* that was answered, in order."""
    found = []
    for exchange in joined(exchanges):
        nodes: Sequence[tlv.Node]
        try:
            nodes = tlv.parse(exchange.response.data)
        except BadTlv as error:
            nodes = error.nodes
        found += [node.value for node in tlv.walk(nodes) if node.tag == tag]
    return found


def number_in(exchanges: Iterable[Exchange]) -> CardNumber | None:
    """Return the card number in a trace, None when it holds none that can be read."""
    kept = tuple(exchanges)
    readers: tuple[tuple[int, Callable[[bytes], CardNumber]], ...] = (
        (0x5A, CardNumber.parse), (0x57, lambda raw: Track2.parse(raw).pan),
    )  # fmt: skip
    for tag, read in readers:
        for raw in objects(kept, tag):
            try:
                return read(raw)
            except EmvError:
                continue
    return None


# --- keys and files ---------------------------------------------------------------------------


def today() -> date:
    """Return the city's day."""
    return SystemClock().today()


def time_of_day() -> str:
    """Return the city's time as a terminal says it, HHMMSS."""
    return SystemClock().now().astimezone(CITY_TIME).strftime("%H%M%S")


def roots(place: Place | None, file: Path | None) -> CaKeys:
    """Return the roots to believe: the test bank's for its own card, else the operator's.

    Raises:
        InvalidInput: the file cannot be read (E-CLI-005), or a line of it is refused
            (E-READER-023).
    """
    if place is not None and place.sample is not None:
        return place.sample.bank.roots(today())
    known = CaKeys(())
    for number, line in enumerate(_text(file).splitlines() if file else (), 1):
        if line.strip() and not line.startswith("#"):
            try:
                known = _with_line(known, line.strip())
            except KeyRefused as error:
                raise InvalidInput(
                    "E-READER-023", line=number, detail_zh=error.what("zh"),
                    detail_en=error.what("en"),
                ) from error  # fmt: skip
            except ValueError:
                raise InvalidInput(
                    "E-READER-023", line=number, detail_zh="不是十六进制", detail_en="no hex"
                ) from None
    return known


def _with_line(known: CaKeys, line: str) -> CaKeys:
    """Add one line of the operator's file: a root, or that something is revoked."""
    if line.startswith("revoked"):
        return known.with_revoked([read_revocation(line)])
    return CaKeys((*known.keys, read_download(bytes.fromhex(line), today())), known.revoked)


def _text(path: Path) -> str:
    """Return a file's text.

    Raises:
        InvalidInput: it cannot be read (E-CLI-005).
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(path, error) from error


def trace_from(path: Path) -> tuple[Exchange, ...]:
    """Return the trace in a file.

    Raises:
        InvalidInput: it cannot be read (E-CLI-005), or is no trace (E-READER-028).
    """
    try:
        return read_trace(_text(path))
    except (BadData, LimitExceeded) as error:
        raise unreadable(error) from error


def may_be_kept(*files: Path | None, force: bool) -> None:
    """Check, before a card is asked, that what it says may be written where it was asked for.

    Raises:
        Conflict: a file is there, and may not be written over (E-CLI-008).
        InvalidInput: nobody can say (E-CLI-005).
    """
    for each in files:
        if each is not None:
            must_be_new(each, force=force)


def keep(frame: Frame, exchanges: Iterable[Exchange], save: Path | None, *, force: bool) -> None:
    """Write the trace where it was asked for, without personal values.

    Raises:
        Conflict: a file is there, and may not be written over (E-CLI-008).
        InvalidInput: the file cannot be written (E-CLI-005).
    """
    if save is not None:
        write_new(save, write_trace(redact(exchanges)).encode(), force=force)
        frame.note("已保存 {name}", "saved {name}", name=save.name)


def keep_page(  # noqa: PLR0913 - what is shown, how it is checked, where it goes
    frame: Frame, exchanges: Iterable[Exchange], place: Place | None, ca_keys: Path | None,
    html: Path | None, *, force: bool,
) -> None:  # fmt: skip
    """Write the page where it was asked for, masked whatever is shown on the screen.

    Raises:
        Conflict: a file is there, and may not be written over (E-CLI-008).
        InvalidInput: the file cannot be written (E-CLI-005).
    """
    if html is not None:
        whole = explained(exchanges, place, ca_keys, clear=False)
        write_new(html, as_html(whole, frame.language.value).encode(), force=force)
        frame.note("已保存 {name}", "saved {name}", name=html.name)


def explained(
    exchanges: Iterable[Exchange], place: Place | None, ca_keys: Path | None, *, clear: bool
) -> Explanation:
    """Return a trace explained; with its certificates where there are roots to check them."""
    kept = tuple(exchanges)
    whole = explain(kept, reveal=clear)
    known = roots(place, ca_keys)
    if not known.keys:
        return whole
    return evolve(whole, certificates=follow(kept, known, Policy(today=today())))


def unhex(text: str) -> bytes:
    """Return the bytes of a hex text; blanks do not count.

    Raises:
        InvalidInput: it is no hex (E-READER-028); the text is not repeated, it may hold a PIN.
    """
    try:
        return bytes.fromhex("".join(text.split()))
    except ValueError:
        raise InvalidInput(
            "E-READER-028", detail_zh="不是十六进制", detail_en="this is no hex"
        ) from None


def unreadable(error: EmvError) -> InvalidInput:
    """Return the error with which the command line tells that something is no card data."""
    return InvalidInput("E-READER-028", detail_zh=error.what("zh"), detail_en=error.what("en"))


# --- consent ----------------------------------------------------------------------------------


def random(count: int) -> bytes:
    """Return what nobody can foresee."""
    return SystemChance().bytes(count)


def agreed(frame: Frame, change: Said, *, yes: bool) -> None:
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


def pin_asker(frame: Frame) -> Callable[[AskPin], Pin | None]:
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
