"""Know what a picture in a report is: a finding, its numbers as a table, and a shape for the eye.

A picture is a value. Its title states what was found; its table says the same in numbers; which
library draws it, if any, only :mod:`szunion.adapters.report.drawing` knows.
"""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from attrs import frozen

from szunion.text import Text

Cell: TypeAlias = Text | str | int | float | date | None


@frozen(kw_only=True)
class Table:
    """The numbers of a picture, for whoever reads or computes."""

    head: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]
    meter: int | None = None
    """The column that also gets a bar where nothing can be drawn."""


@frozen(kw_only=True)
class Bar:
    """One bar: what it stands for, how long it is, who acts, what stands at its end."""

    label: Text
    value: float
    group: int = 0
    note: Text | None = None


@frozen(kw_only=True)
class Bars:
    """Bars below each other, with a number at each end (条形)."""

    bars: tuple[Bar, ...]
    groups: tuple[Text, ...] = ()
    """What the colours mean; the same stands in the table."""


@frozen(kw_only=True)
class Columns:
    """Columns, tallest first, with the running share as a line (帕累托)."""

    bars: tuple[Bar, ...]


@frozen(kw_only=True)
class Days:
    """A calendar of days, week by week (日历热图)."""

    days: tuple[tuple[date, int], ...]


@frozen(kw_only=True)
class Tiles:
    """Tiles with a name and a number, darker for more (色块)."""

    tiles: tuple[Bar, ...]
    across: int = 3


@frozen(kw_only=True)
class Spans:
    """Spans of time below each other (甘特图)."""

    rows: tuple[tuple[Text, tuple[tuple[float, float, int], ...]], ...]
    """A label, and its spans: first day, last day, group."""
    groups: tuple[Text, ...]
    unit: Text


@frozen(kw_only=True)
class Flows:
    """Bands from states on the left to states on the right (桑基图)."""

    flows: tuple[tuple[Text, Text, int], ...]


Shape: TypeAlias = Bars | Columns | Days | Tiles | Spans | Flows


@frozen(kw_only=True)
class Picture:
    """One picture of a report."""

    key: str
    finding: Text
    """What was found: the title, and what a screen reader says."""
    shape: Shape
    table: Table
    note: Text | None = None


@frozen(kw_only=True)
class Figure:
    """One number that stands out at the top."""

    label: Text
    value: str
    good: bool | None = None


@frozen(kw_only=True)
class Report:
    """A whole report (报告)."""

    title: Text
    subtitle: Text
    figures: tuple[Figure, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[tuple[Text, Table], ...] = ()
    footer: Text
