"""Know what makes two files at two machines a double, perhaps (疑似重复档案): people decide.

Registering sees two files of one person where they are filed under one number at one machine. Two
documents may lead to two, and what the two files then have in common is a mobile, or a document
that was linked to one and filed in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import field, frozen

from szunion.domain.identity import PersonName
from szunion.domain.values import Labelled, PersonId


class Alike(Labelled):
    """What two files have in common (相同之处)."""

    DOCUMENT = "DOCUMENT", "同一证件", "the same document"
    NAME_AND_BIRTH = (
        "NAME_AND_BIRTH", "同一手机、姓名、出生日期", "the same mobile, name and day of birth"
    )  # fmt: skip
    NAME = "NAME", "同一手机、姓名", "the same mobile and name"
    BIRTH = "BIRTH", "同一手机、出生日期", "the same mobile and day of birth"


@frozen
class Traits:
    """What is compared of a member whose mobile another has, too; it is shown to nobody."""

    name: PersonName
    born: date | None = field(repr=False)

    def alike(self, other: Traits) -> Alike | None:
        """Return what two with one mobile have in common besides; None: a shared number, no more.

        A family, or a union that writes its own number everywhere, shares a mobile.
        """
        born = self.born is not None and self.born == other.born
        if self.name == other.name:
            return Alike.NAME_AND_BIRTH if born else Alike.NAME
        return Alike.BIRTH if born else None


@frozen(order=True)
class At:
    """A file, and the machine at which it is."""

    node: str
    person: PersonId


@frozen
class Double:
    """Two files that may be one person's, and why (疑似重复)."""

    one: At
    other: At
    alike: Alike


@frozen(kw_only=True)
class Doubles:
    """What comparing the machines of a city has come to."""

    found: Sequence[Double]
    more: bool
    """There are more than are told at once: resolve these and ask again."""
    shared: int
    """How many mobiles are of too many files to be anybody's own; they were not gone into."""
