"""Know what every command is given: how to speak, the open system, and a desk for who acts."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import click
from attrs import define, evolve, field

from szunion.cli.endings import INTERRUPTED, exit_code, report, unexpected
from szunion.cli.speech import Speech
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.values import OrganisationId, PersonId
from szunion.errors import ConfigError, NotFound, SzunionError

if TYPE_CHECKING:
    from szunion.application.organisations import Organisations
    from szunion.application.system import Desk
    from szunion.bootstrap import UnionSystem
    from szunion.domain.nodes import Node
    from szunion.settings import Settings

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


@define
class Frame(Speech):
    """What every command gets: how to speak, and the way to the system."""

    config: str | None
    database: str | None
    login: str | None
    """Who was said to act; None: whoever is logged in."""
    debug: bool = False
    node: str = ""
    _settings: Settings | None = field(default=None, init=False)
    _system: UnionSystem | None = field(default=None, init=False)
    _to_close: list[Callable[[], None]] = field(factory=list, init=False)
    _deaf: Callable[[], None] = field(default=lambda: None, init=False)
    """Stops listening to the log."""

    @property
    def user(self) -> str:
        """Who acts: as it was said, or whoever is logged in.

        Raises:
            ConfigError: nothing was said, and the account has no name here (E-CLI-010), as in a
                container that runs under any number.
        """
        if self.login:
            return self.login
        try:
            return getpass.getuser()
        except (KeyError, OSError, ImportError):  # by the version of Python, and the machine
            raise ConfigError("E-CLI-010") from None

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

    def provider(self, org: str) -> Principal:
        """Return the user of this command as who provides a service, at the union of a code.

        Raises:
            NotFound: there is no such union (E-CLI-002).
        """
        return Principal(
            id=self.user, role=Role.PROVIDER, purpose=Purpose.SERVE,
            organisation=self.union(org).id,
        )  # fmt: skip

    def union(self, code: str) -> Organisation:
        """Return the union of a code.

        Raises:
            NotFound: there is none (E-CLI-002).
        """
        found = self._unions().find(code)
        if found is None:
            raise NotFound("E-CLI-002", code=code)
        return found

    def codes(self, ids: Iterable[OrganisationId]) -> Mapping[OrganisationId, str]:
        """Return the codes of unions: what a person calls them."""
        unions = self._unions()
        return {id_: unions.get(id_).code for id_ in sorted(set(ids))}

    def _unions(self) -> Organisations:
        looking = Principal(id=self.user, role=Role.ENGINE, purpose=Purpose.OPERATE)
        return self.system().desk(looking).organisations

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
FORCE: Final = click.option("--force", is_flag=True, help="覆盖已有的文件  Write over a file")
DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="只看，不写  Look, write nothing")


def framed(
    command: Callable[Concatenate[Frame, P], int | None],
) -> Callable[P, None]:
    """Give a command its frame; turn its errors into words and an exit code.

    A broken rule is one of ours and is said, and so is what a disk refuses; anything else is a
    defect of ours: its traceback goes to a file whose path is printed, or with ``--debug`` to the
    terminal.
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
            status = exit_code(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click knows what to do, also when nobody reads on, as in ``… | head``
        except KeyboardInterrupt:
            frame.note("已中断", "interrupted")
            status = INTERRUPTED
        except Exception as error:
            if frame.debug:
                raise
            status = unexpected(frame, error)
        finally:
            frame.close()
        context.exit(status or 0)

    return update_wrapper(run, command)
