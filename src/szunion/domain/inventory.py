"""Know every stored column: whose data it holds, of which class, what for, and how long (清单).

The tags are data (``inventory.toml``); a test holds them to the migrated database, column by
column. The page of the manual, the person's own copy and the erasure are made from them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import field, frozen

from szunion.domain.lawful import GROUNDS, LegalBasis, Retention, Use
from szunion.domain.rights import Fate
from szunion.domain.values import Labelled
from szunion.errors import ConfigError
from szunion.text import Text


class DataClass(Labelled):
    """How sensitive a column is (数据分级); C3 has no columns, for it is not stored."""

    C2 = "C2", "敏感个人信息", "sensitive"
    C1 = "C1", "一般金融信息", "financial, not sensitive"
    P = "P", "一般个人信息", "personal"
    DERIVED = "derived", "由个人信息算出的键", "a key made of personal data"
    OFFICER = "officer", "经办人登录名", "an officer's login"
    N = "N", "不含个人信息", "no personal information"


class DataSubject(Labelled):
    """Whose data (信息主体)."""

    MEMBER = "member", "会员", "member"
    CHILD = "child", "会员的子女", "a member's child"
    HEIR = "heir", "继承人", "heir"
    OFFICER = "officer", "经办人", "officer"
    ERASED = "erased", "已删除的人", "somebody erased"
    UNMATCHED = "unmatched", "尚未对上的人", "somebody not yet known"


@frozen(kw_only=True)
class Column:
    """One column and its tag."""

    table: str
    name: str
    data_class: DataClass
    subjects: tuple[DataSubject, ...]
    use: Use
    keep: Retention
    at: tuple[str, ...]
    """Where the person's own copy shows it: fields of the table's section; empty: nowhere."""

    @property
    def basis(self) -> LegalBasis:
        """On what its processing rests."""
        return LegalBasis.NOT_PERSONAL if not self.personal else GROUNDS[self.use].basis

    @property
    def personal(self) -> bool:
        """Whether it is somebody's data at all."""
        return self.data_class is not DataClass.N


@frozen(kw_only=True)
class Table:
    """One table: its columns, its section in the own copy, its fate when somebody is erased."""

    name: str
    title: Text
    section: str
    """The section of the person's own copy; empty: none."""
    fate: Fate | None
    """What an erasure does; None: it holds nothing of a member."""
    after: Retention
    """Under which term what is left is kept."""
    columns: tuple[Column, ...] = field(repr=False)
    note: str = ""

    @property
    def of_members(self) -> bool:
        """Whether it holds data of a member who may ask for them."""
        return any(DataSubject.MEMBER in column.subjects for column in self.columns)


_CLASSES: Final = tuple(each.value for each in DataClass)
_KEYS: Final = frozenset({"zh", "en", "subject", "use", "keep", "erased", "copy", "at", *_CLASSES})


@cache
def inventory() -> Mapping[str, Table]:
    """Return every table by name.

    Raises:
        ConfigError: a tag says something that is not known (E-PRIVACY-010).
    """
    text = files("szunion.domain").joinpath("inventory.toml").read_text("utf-8")
    return read(tomllib.loads(text))


def read(told: Mapping[str, Any]) -> Mapping[str, Table]:
    """Return the tables that *told* describes (E-PRIVACY-010 if it cannot be understood)."""
    return {name: _table(name, entry) for name, entry in told.items()}


def _table(name: str, told: Mapping[str, Any]) -> Table:
    unknown = set(told) - _KEYS
    if unknown:
        raise ConfigError("E-PRIVACY-010", table=name, what=", ".join(sorted(unknown)))
    try:
        subjects = tuple(map(DataSubject, told.get("subject", "").split()))
        use, keep = Use(told["use"]), Retention(told["keep"])
        first, _, rest = told.get("erased", "").partition(" ")
        fate = Fate(first.rstrip(",")) if first else None
        after = next((each for each in Retention if each.value in rest.split()), Retention.NONE)
    except (KeyError, ValueError) as error:
        raise ConfigError("E-PRIVACY-010", table=name, what=error) from None
    section = told.get("copy", "")
    columns = tuple(
        Column(
            table=name, name=column, data_class=DataClass(kind), use=use, keep=keep,
            subjects=_subjects(DataClass(kind), subjects),
            at=_at(DataClass(kind), column, section, told.get("at", {})),
        )
        for kind in _CLASSES
        for column in told.get(kind, "").split()
    )  # fmt: skip
    return Table(
        name=name, title=Text(told["zh"], told["en"]), section=section, fate=fate, after=after,
        columns=columns, note=told.get("erased", ""),
    )  # fmt: skip


def _subjects(kind: DataClass, of_table: tuple[DataSubject, ...]) -> tuple[DataSubject, ...]:
    if kind is DataClass.N:
        return ()
    return (DataSubject.OFFICER,) if kind is DataClass.OFFICER else of_table


def _at(kind: DataClass, name: str, section: str, at: Mapping[str, str]) -> tuple[str, ...]:
    if kind in {DataClass.N, DataClass.DERIVED} or not section:
        return ()
    return tuple(at.get(name, name).split())
