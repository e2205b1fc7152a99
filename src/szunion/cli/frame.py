"""Know how the command line speaks: language, tables, JSON, exit codes, errors.

Data goes to stdout, progress and prompts to stderr. Codes, JSON keys and exit codes are the same
in every language.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

import click
from attrs import define, evolve, field

from szunion.cli.tables import NOTHING, table
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.values import PersonId
from szunion.errors import (
    BankOutcomeUnknown,
    BankUnavailable,
    ConfigError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ReaderError,
    SzunionError,
    code_pages,
)
from szunion.text import Language, Text

if TYPE_CHECKING:
    from szunion.application.system import Desk
    from szunion.bootstrap import UnionSystem
    from szunion.domain.nodes import Node
    from szunion.settings import Settings

#: The first match wins; specific before general. 3 (partly done) is chosen by commands.
EXIT: Final[Mapping[type[SzunionError], int]] = {
    InvalidInput: 2,
    ConfigError: 2,
    NotFound: 4,
    Conflict: 5,
    NotAllowed: 5,
    BankUnavailable: 6,
    ReaderError: 6,
    BankOutcomeUnknown: 7,
    SzunionError: 1,
}
PARTLY: Final = 3
INTERRUPTED: Final = 130
CITY_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

#: In which role somebody acts who acts for a union of a kind.
_ROLES: Final = {
    OrganisationKind.CITY: Role.CITY,
    OrganisationKind.DISTRICT: Role.UPPER,
    OrganisationKind.STREET: Role.UPPER,
    OrganisationKind.COMMUNITY: Role.UPPER,
    OrganisationKind.INDUSTRY: Role.UPPER,
}

P = ParamSpec("P")
T = TypeVar("T")


#: Why a file cannot be used, in words; what is not here keeps the machine's own.
_FILE_TROUBLES: Final[Mapping[int, Text]] = {
    errno.ENOENT: Text("没有这个文件或文件夹", "no such file or folder"),
    errno.EACCES: Text("没有权限", "permission denied"),
    errno.EPERM: Text("没有权限", "permission denied"),
    errno.EISDIR: Text("是文件夹，不是文件", "it is a folder, not a file"),
    errno.ENOTDIR: Text("路径中有一段不是文件夹", "a part of the path is no folder"),
    errno.ENOSPC: Text("磁盘已满", "the disk is full"),
    errno.EROFS: Text("所在磁盘只读", "the disk is read-only"),
    errno.EEXIST: Text("文件已存在", "the file is there already"),
}


def unusable(path: str | Path, error: OSError | UnicodeDecodeError) -> InvalidInput:
    """Return the error for a file that cannot be read or written (E-CLI-005)."""
    if isinstance(error, UnicodeDecodeError):
        why = Text("不是 UTF-8 文本", "it is not UTF-8 text")
    else:
        own = error.strerror or type(error).__name__
        why = _FILE_TROUBLES.get(error.errno or 0, Text(own, own))
    return InvalidInput("E-CLI-005", path=Path(path).name, reason=why.zh, reason_en=why.en)


def write_new(path: str | Path, data: bytes, *, force: bool) -> None:
    """Write a file that a person may have worked on: never over one that is there, unasked.

    Raises:
        Conflict: it is there already, with another content (E-CLI-008).
        InvalidInput: it cannot be written (E-CLI-005).
    """
    target = Path(path)
    try:
        if not force and target.exists() and target.read_bytes() != data:
            raise Conflict("E-CLI-008", path=target.name)
        target.write_bytes(data)
    except OSError as error:
        raise unusable(path, error) from None


@define
class Frame:
    """What every command gets: how to speak, and the way to the system."""

    language: Language
    as_json: bool
    config: str | None
    database: str | None
    user: str
    debug: bool = False
    node: str = ""
    _settings: Settings | None = field(default=None, init=False)
    _system: UnionSystem | None = field(default=None, init=False)
    _to_close: list[Callable[[], None]] = field(factory=list, init=False)
    _deaf: Callable[[], None] = field(default=lambda: None, init=False)
    """Stops listening to the log."""

    def say(self, zh: str, en: str, /, **context: object) -> None:
        """Print one sentence for a person; nothing when JSON was asked for."""
        if not self.as_json:
            click.echo(Text(zh, en).say(self.language, **context))

    def note(self, zh: str, en: str, /, **context: object) -> None:
        """Print progress to stderr."""
        click.echo(Text(zh, en).say(self.language, **context), err=True)

    def text(self, zh: str, en: str) -> str:
        """Return the one of the two that is spoken here."""
        return zh if self.language is Language.ZH else en

    def rows(
        self, keys: Sequence[str], titles: Sequence[Text], rows: Iterable[Sequence[object]]
    ) -> None:
        """Print rows as a table, or as JSON Lines under *keys*."""
        if self.as_json:
            for row in rows:
                click.echo(dumps(dict(zip(keys, row, strict=True))))
        else:
            shown = [[self.cell(value) for value in row] for row in rows]
            if shown:
                click.echo(table([title.say(self.language) for title in titles], shown))
            else:
                click.echo(self.text("（没有）", "(none)"))

    def value(self, value: Mapping[str, object]) -> None:
        """Print one JSON object when JSON was asked for."""
        if self.as_json:
            click.echo(dumps(value))

    def cell(self, value: object) -> str:
        """Return one cell in the spoken language."""
        label = getattr(value, "text", None)
        if isinstance(label, Text):
            return label.say(self.language)
        return NOTHING if value is None or value == "" else str(value)

    def settings(self) -> Settings:
        """Return the settings: file, then environment, then options. A path is a SQLite file.

        Where there are several nodes, those of the one that was said.
        """
        whole = self.whole_settings()
        node = self._node(whole)
        if node is None:
            return whole
        from szunion.nodes import settings_of  # noqa: PLC0415 - `explain` stays light

        return settings_of(whole, node)

    def whole_settings(self) -> Settings:
        """Return the settings with the map of all nodes."""
        from szunion.cli.listening import listen  # noqa: PLC0415 - as the settings
        from szunion.settings import load_settings  # noqa: PLC0415 - `explain` stays light

        if self._settings is None:
            given = self.database
            if given and "://" not in given and given != "memory:":
                given = f"sqlite:///{given}"
            self._settings = load_settings(self.config, database=given)
            self._deaf = listen(self._settings.log)
        return self._settings

    def _node(self, whole: Settings) -> Node | None:
        """Return the node that was said; None: none was."""
        name = self.node or whole.node
        if not name:
            return None
        from szunion.nodes import map_of  # noqa: PLC0415 - `explain` stays light

        return map_of(whole).named(name)

    def system(
        self, *, create: bool = False, crypto: str = "", recovering: bool = False
    ) -> UnionSystem:
        """Return the open system; it is closed when the command ends.

        Args:
            create: Whether it may be made where there is none.
            crypto: For which algorithms new keys are; empty: as the settings say.
            recovering: Whether a store that came out of a backup may be written.

        Raises:
            StorageError: there is no database yet, and *create* is not said (E-STORE-009).
        """
        from szunion.bootstrap import UnionSystem  # noqa: PLC0415 - nobody else needs all of it

        if self._system is None:
            settings = self.settings()
            if crypto:
                settings = evolve(settings, crypto=crypto)
            self._system = UnionSystem.from_settings(
                settings,
                create=create,
                recovering=recovering,
                node=self._node(self.whole_settings()),
            )
        return self._system

    def closing(self, close: Callable[[], None]) -> None:
        """Have *close* called when the command ends."""
        self._to_close.append(close)

    def close(self) -> None:
        """Close what was opened."""
        while self._to_close:
            self._to_close.pop()()
        if self._system is not None:
            self._system.close()
        self._deaf()

    def desk(
        self, role: Role, purpose: Purpose, org: str | None = None, *, code: str | None = None
    ) -> Desk:
        """Return the desk of the user of this command, in the role that the command is for.

        Args:
            role: The role for the whole city.
            purpose: What for.
            org: The union for which the user acts, by its code; its kind decides the role then.
            code: What the user was sent to confirm that it is he or she; None: nothing is asked.

        Raises:
            NotFound: there is no such union (E-CLI-002).
            NotAllowed: the code is wrong (E-ACCESS-010), or cannot be checked (E-ACCESS-009).
        """
        system = self.system()
        by = Principal(id=self.user, role=role, purpose=purpose)
        if org is not None:
            union = self.union(org)
            own = _ROLES.get(union.kind, Role.GRASSROOTS)
            by = evolve(by, role=own, organisation=None if own is Role.CITY else union.id)
        return system.desk(by if code is None else system.confirmed(by, code))

    def union(self, code: str) -> Organisation:
        """Return the union of a code.

        Raises:
            NotFound: there is none (E-CLI-002).
        """
        looking = Principal(id=self.user, role=Role.ENGINE, purpose=Purpose.OPERATE)
        found = self.system().desk(looking).organisations.find(code)
        if found is None:
            raise NotFound("E-CLI-002", code=code)
        return found

    def member(self, desk: Desk, who: str) -> PersonId:
        """Return the member of a name of ours (``m_…``) or of a document number; ``-``: stdin.

        Raises:
            NotFound: there is none within reach (E-ACCESS-002).
        """
        word = sys.stdin.readline().strip() if who == "-" else who
        if word.startswith("m_"):
            return desk.members.get(PersonId(self.inward("m", word))).id
        found = desk.members.find(word)
        if found is None:
            raise NotFound("E-ACCESS-002")
        return found.id

    def local(self, moment: datetime | None) -> str:
        """Return a moment as a person in the city writes it; in JSON, with its zone."""
        if moment is None:
            return "—"
        if self.as_json:
            return moment.isoformat()
        return moment.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")

    def outward(self, kind: str, id_: int) -> str:
        """Return the name of an id for the world outside, such as ``m_…``."""
        return self.system().office.vault.outward(kind, id_)

    def inward(self, kind: str, name: str) -> int:
        """Return the id behind such a name (E-VALUE-003 if it is none)."""
        return self.system().office.vault.inward(kind, name)


def helps(sentence: str, *examples: str) -> str:
    """Return a command's help: three examples first, then a sentence in both languages."""
    return "\b\n" + "\n".join(examples) + "\n\n" + sentence


#: For which union somebody acts; most commands have it.
ORG: Final = click.option("--org", metavar="CODE", help="以哪家工会的名义  For which union")
CODE: Final = click.option(
    "--code", default="", metavar="CODE", help="二次验证码  Second confirmation"
)
CONSENT: Final = click.option(
    "--consent",
    default="",
    metavar="NO",
    help="本人签字同意书的编号  Number of the signed consents",
)
DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="只看，不写  Look, write nothing")


def dumps(value: object) -> str:
    """Return *value* as one line of JSON; values of ours by their code or their masked text."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> object:  # noqa: ANN401 - json hands over anything
    code = getattr(value, "value", None)
    return code if isinstance(code, str | int) else str(value)


def spoken_language(asked: str | None) -> Language:
    """Return the language: ``--lang``, ``SZUNION_LANG``, the locale, else Chinese."""
    for words in (asked, os.environ.get("SZUNION_LANG")):
        if words:
            return Language.EN if words.lower().startswith("en") else Language.ZH
    return Language.ZH


def prepare(context: click.Context, *, no_color: bool) -> None:
    """Decide about colour: click itself leaves it out where nobody looks."""
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    if plain:
        context.color = False


def framed(
    command: Callable[Concatenate[Frame, P], int | None],
) -> Callable[P, None]:
    """Give a command its frame; turn its errors into words and an exit code.

    A broken rule is one of ours and is said; anything else is a defect of ours: its traceback
    goes to a file whose path is printed, or with ``--debug`` to the terminal.
    """

    @click.pass_context
    def run(context: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        frame = context.ensure_object(Frame)
        try:
            status = command(frame, *args, **kwargs)
        except SzunionError as error:
            if frame.debug:
                raise
            report(frame, error)
            status = next(code for kind, code in EXIT.items() if isinstance(error, kind))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click knows what to do, also when nobody reads on, as in ``… | head``
        except KeyboardInterrupt:
            frame.note("已中断", "interrupted")
            status = INTERRUPTED
        except Exception:
            if frame.debug:
                raise
            click.echo(_kept_traceback(frame), err=True)
            status = 1
        finally:
            frame.close()
        context.exit(status or 0)

    return update_wrapper(run, command)


def _kept_traceback(frame: Frame) -> str:
    """Write the traceback, without values of variables, to a file; return what to say."""
    handle, path = tempfile.mkstemp(prefix="szunion-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exc(file=file)
    page = code_pages()["E-CLI-003"]
    what, do = page.what.say(frame.language, path=path), page.do.say(frame.language)
    return f"[E-CLI-003] {what}\n  {frame.text('处理：', 'do: ')}{do}"


def report(frame: Frame, error: SzunionError) -> None:
    """Print an error: the words to stderr, and one JSON object when JSON was asked for."""
    if frame.as_json:
        click.echo(
            dumps(
                {
                    "error": error.code,
                    "what": error.what(frame.language),
                    "do": error.do(frame.language),
                    "retry": error.retry,
                }
            ),
            err=True,
        )
        return
    what, do = frame.text("处理：", "do: "), frame.text("说明：", "more: ")
    click.echo(f"[{error.code}] {error.what(frame.language)}", err=True)
    click.echo(f"  {what}{error.do(frame.language)}", err=True)
    click.echo(f"  {do}szunion explain {error.code}", err=True)


def progress(done: int, whole: int | None, words: str) -> None:
    """Show progress on stderr when somebody is looking."""
    if sys.stderr.isatty():
        of = f"/{whole:,}" if whole else ""
        click.echo(f"\r{words} {done:,}{of}", err=True, nl=False)
