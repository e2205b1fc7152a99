"""Know the library that draws (lets-plot, extra ``report``): the one module that imports it.

It draws SVG in this process, without fonts, browser or network. Its ids are random words; they
are renamed in their order, so that the same picture is the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, Final, assert_never

from szunion.adapters.report.pictures import (
    Bars,
    Columns,
    Days,
    Flows,
    Picture,
    Spans,
    Tiles,
)
from szunion.text import Language, Text

PALETTE: Final = ("#0072b2", "#a85000", "#00563f", "#8c2d7a", "#1a1a1a")
"""Each at least 5.1 : 1 on white; told apart in all common kinds of colour blindness."""
_ON_DARK: Final = ("#6ab7e8", "#f0a860", "#6fd3b0", "#e39bd4", "#eeeeee")
_WIDTH: Final = 760
_ROOM: Final = 1.18
"""Room in the scale for the number at a bar's end."""
_ID: Final = re.compile(r'\bid="([A-Za-z0-9_]+)"')


def can_draw() -> bool:
    """Return whether the library is installed."""
    return find_spec("lets_plot") is not None


def draw(picture: Picture, language: Language, dark: bool) -> str | None:  # noqa: FBT001
    """Return *picture* as SVG; None where the library is not installed."""
    if not can_draw():
        return None
    plot = _drawn(_Pen(language, dark=dark), picture)
    return settled(plot.to_svg(), picture.key)


def _drawn(pen: _Pen, picture: Picture) -> Any:  # noqa: ANN401 - one a shape
    match picture.shape:
        case Bars():
            return pen.bars(picture.shape)
        case Columns():
            return pen.columns(picture.shape)
        case Days():
            return pen.days(picture.shape)
        case Tiles():
            return pen.tiles(picture.shape)
        case Spans():
            return pen.spans(picture.shape)
        case Flows():
            return pen.flows(picture.shape)
    assert_never(picture.shape)


def settled(svg: str, prefix: str) -> str:
    """Return *svg* with its ids renamed in their order: no two pictures share one."""
    found = dict.fromkeys(_ID.findall(svg))
    for number, name in enumerate(found):
        svg = re.sub(rf"\b{re.escape(name)}\b", f"{prefix}-{number}", svg)
    return svg


class _Pen:
    """Draws shapes in one language, for a light or a dark page."""

    def __init__(self, language: Language, *, dark: bool) -> None:
        import lets_plot  # noqa: PLC0415 - only where the extra is installed

        self.lp: Any = lets_plot
        self.language = language
        self.ink = "#eeeeee" if dark else "#1a1a1a"
        self.line = "#444444" if dark else "#d0d0d0"
        self.paper = "#161616" if dark else "#ffffff"
        self.colours = _ON_DARK if dark else PALETTE

    def _say(self, text: Text) -> str:
        return text.say(self.language)

    def _finished(self, plot: Any, height: int, **more: Any) -> Any:  # noqa: ANN401
        lp = self.lp
        blank = lp.element_blank()
        paper = lp.element_rect(fill=self.paper, color=self.paper)
        words = lp.element_text(color=self.ink, size=13)
        parts = {
            "plot_background": paper,
            "panel_background": paper,
            "legend_background": paper,
            "panel_grid": blank,
            "axis_line": blank,
            "axis_ticks": blank,
            "axis_title": blank,
            "axis_text": words,
            "legend_text": words,
            "legend_title": blank,
        }
        theme = lp.theme(**{**parts, **more})
        fonts = lp.font_family_info(family="sans-serif", width_correction=1.5)
        return plot + theme + fonts + lp.ggsize(_WIDTH, height)

    def _fill(self, groups: Sequence[Text]) -> tuple[list[str], Any]:
        names = [self._say(each) for each in groups] or [""]
        colours = [self.colours[at % len(self.colours)] for at in range(len(names))]
        return names, self.lp.scale_fill_manual(values=colours, breaks=names, limits=names)

    def bars(self, shape: Bars) -> Any:  # noqa: ANN401
        lp = self.lp
        names, fill = self._fill(shape.groups)
        labels = [self._say(each.label) for each in shape.bars]
        most = max((each.value for each in shape.bars), default=1) or 1
        data = {
            "label": labels,
            "value": [each.value for each in shape.bars],
            "group": [names[each.group] for each in shape.bars],
            "note": [
                self._say(each.note) if each.note else f"{each.value:,.0f}" for each in shape.bars
            ],
        }
        plot = (
            lp.ggplot(data, lp.aes("label", "value"))
            + lp.geom_bar(lp.aes(fill="group"), stat="identity", width=0.7, tooltips="none")
            + lp.geom_text(lp.aes(label="note"), hjust=0, nudge_y=most * 0.01, color=self.ink)
            + lp.scale_x_discrete(limits=labels[::-1])
            + lp.scale_y_continuous(limits=[0, most * _ROOM], breaks=[])
            + fill
            + lp.coord_flip()
        )
        more = {} if shape.groups else {"legend_position": "none"}
        return self._finished(plot, 60 + 36 * len(labels), **more)

    def columns(self, shape: Columns) -> Any:  # noqa: ANN401
        lp = self.lp
        labels = [self._say(each.label) for each in shape.bars]
        values = [each.value for each in shape.bars]
        whole, most = sum(values) or 1, max(values, default=1) or 1
        running = [sum(values[: at + 1]) / whole for at in range(len(values))]
        data = {
            "label": labels, "value": values,
            "note": [f"{each:,.0f}" for each in values],
            "share": [each * most for each in running],
            "percent": [f"{each:.0%}" for each in running],
        }  # fmt: skip
        plot = (
            lp.ggplot(data, lp.aes("label", "value"))
            + lp.geom_bar(stat="identity", fill=self.colours[0], width=0.7, tooltips="none")
            + lp.geom_line(lp.aes(y="share", group=1), color=self.colours[1], size=1)
            + lp.geom_point(lp.aes(y="share"), color=self.colours[1], size=3)
            + lp.geom_text(lp.aes(y="share", label="percent"), vjust=0, nudge_y=most * 0.03,
                           color=self.colours[1])
            + lp.geom_text(lp.aes(label="note"), vjust=1, nudge_y=-most * 0.02, color=self.paper)
            + lp.scale_x_discrete(limits=labels)
            + lp.scale_y_continuous(limits=[0, most * _ROOM], breaks=[])
        )  # fmt: skip
        text = lp.element_text(color=self.ink, size=12, angle=20)
        return self._finished(plot, 340, axis_text_x=text, legend_position="none")

    def days(self, shape: Days) -> Any:  # noqa: ANN401
        lp = self.lp
        known = dict(shape.days)
        first, last = min(known), max(known)
        first -= timedelta(days=first.weekday())
        every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        week = "一二三四五六日" if self.language is Language.ZH else "MTWTFSS"
        names = [f"{at + 1}{mark}" for at, mark in enumerate(week)]
        column = [(each - first).days // 7 for each in every]
        data = {
            "week": column,
            "day": [names[each.weekday()] for each in every],
            "value": [known.get(each, 0) for each in every],
            "note": [str(known[each]) if known.get(each) else "" for each in every],
        }
        weeks = sorted(set(column))
        starts = [f"{first + timedelta(days=7 * at):%m-%d}" for at in weeks]
        most = max(known.values())
        plot = (
            lp.ggplot(data, lp.aes("week", "day"))
            + lp.geom_tile(lp.aes(fill="value"), color=self.paper, size=1.5, tooltips="none")
            + lp.geom_text(lp.aes(label="note"), size=5, color=self.ink)
            + lp.scale_fill_gradient(low=self.line, high=self.colours[0], limits=[0, most * 1.8])
            + lp.scale_y_discrete(
                limits=names[::-1], breaks=names, labels=[name[1:] for name in names]
            )
            + lp.scale_x_continuous(breaks=weeks, labels=starts)
        )
        return self._finished(plot, 280, legend_position="none")

    def tiles(self, shape: Tiles) -> Any:  # noqa: ANN401
        lp = self.lp
        data = {
            "x": [at % shape.across for at in range(len(shape.tiles))],
            "y": [-(at // shape.across) for at in range(len(shape.tiles))],
            "value": [each.value for each in shape.tiles],
            "name": [self._say(each.label) for each in shape.tiles],
            "note": [
                self._say(each.note) if each.note else f"{each.value:.0%}" for each in shape.tiles
            ],
        }
        plot = (
            lp.ggplot(data, lp.aes("x", "y"))
            + lp.geom_tile(lp.aes(fill="value"), color=self.paper, size=3, tooltips="none")
            + lp.geom_text(lp.aes(label="name"), nudge_y=0.15, size=6, color=self.ink)
            + lp.geom_text(lp.aes(label="note"), nudge_y=-0.15, size=7, color=self.ink)
            + lp.scale_fill_gradient(low=self.line, high=self.colours[0], limits=[0, 1.8])
        )
        blank = lp.element_blank()
        rows = -(-len(shape.tiles) // shape.across)
        return self._finished(plot, 110 * rows, axis_text=blank, legend_position="none")

    def spans(self, shape: Spans) -> Any:  # noqa: ANN401
        lp = self.lp
        names, fill = self._fill(shape.groups)
        count = len(shape.rows)
        data: Mapping[str, list[Any]] = {
            "left": [], "right": [], "low": [], "high": [], "group": [],
        }  # fmt: skip
        for place, (_, spans) in enumerate(shape.rows):
            for begin, end, group in spans:
                data["left"].append(begin)
                data["right"].append(max(end, begin + 0.15))
                data["low"].append(count - place - 0.3)
                data["high"].append(count - place + 0.3)
                data["group"].append(names[group])
        labels = [self._say(label) for label, _ in shape.rows]
        plot = (
            lp.ggplot(data)
            + lp.geom_rect(
                lp.aes(xmin="left", xmax="right", ymin="low", ymax="high", fill="group"),
                tooltips="none",
            )
            + lp.scale_y_continuous(breaks=list(range(count, 0, -1)), labels=labels)
            + lp.scale_x_continuous(format=self._say(shape.unit))
            + fill
        )
        grid = lp.element_line(color=self.line)
        return self._finished(plot, 90 + 40 * count, panel_grid_major_x=grid)

    def flows(self, shape: Flows) -> Any:  # noqa: ANN401
        """Lay bands out by hand: each side stacked, a polygon from one to the other."""
        lp = self.lp
        whole = sum(count for _, _, count in shape.flows) or 1
        gap = whole * 0.06
        left = _stack([(self._say(a), n) for a, _, n in shape.flows], gap, whole * 0.05)
        right = _stack([(self._say(b), n) for _, b, n in shape.flows], gap, whole * 0.05)
        points: dict[str, list[Any]] = {"x": [], "y": [], "band": [], "group": []}
        used: dict[tuple[int, str], float] = {}
        sources = list(left)
        for number, (before, after, count) in enumerate(shape.flows):
            a, b = self._say(before), self._say(after)
            tall = max(float(count), whole * 0.05)
            low_a = left[a][0] + used.get((0, a), 0.0)
            low_b = right[b][0] + used.get((1, b), 0.0)
            used[0, a] = used.get((0, a), 0.0) + tall
            used[1, b] = used.get((1, b), 0.0) + tall
            for x, y in _band(low_a, low_b, tall):
                points["x"].append(x)
                points["y"].append(y)
                points["band"].append(str(number))
                points["group"].append(a)
        colours = [self.colours[at % len(self.colours)] for at in range(len(sources))]
        ends = {
            "x": [-0.02] * len(left) + [1.02] * len(right),
            "y": [(low + high) / 2 for low, high in (*left.values(), *right.values())],
            "hjust": [1.0] * len(left) + [0.0] * len(right),
            "label": [*_named(left, shape, self._say, 0), *_named(right, shape, self._say, 1)],
        }
        plot = (
            lp.ggplot()
            + lp.geom_polygon(
                lp.aes("x", "y", group="band", fill="group"), data=points, alpha=0.75,
                tooltips="none",
            )
            + lp.geom_text(lp.aes("x", "y", label="label", hjust="hjust"), data=ends,
                           color=self.ink)
            + lp.scale_fill_manual(values=colours, breaks=sources, limits=sources)
            + lp.scale_x_continuous(limits=[-0.5, 1.5])
        )  # fmt: skip
        blank = lp.element_blank()
        return self._finished(plot, 360, axis_text=blank, legend_position="none")


def _stack(
    parts: Sequence[tuple[str, int]], gap: float, least: float
) -> dict[str, tuple[float, float]]:
    """Return where each name's block lies, from the top down."""
    tall: dict[str, float] = {}
    for name, count in parts:
        tall[name] = tall.get(name, 0.0) + max(float(count), least)
    places: dict[str, tuple[float, float]] = {}
    top = 0.0
    for name, height in tall.items():
        places[name] = (top - height, top)
        top -= height + gap
    return places


def _band(low_a: float, low_b: float, tall: float) -> list[tuple[float, float]]:
    """Return the outline of a band with soft shoulders."""
    steps = [at / 16 for at in range(17)]
    smooth = [x * x * (3 - 2 * x) for x in steps]
    low = [(x, low_a + (low_b - low_a) * s) for x, s in zip(steps, smooth, strict=True)]
    return low + [(x, y + tall) for x, y in reversed(low)]


def _named(
    places: Mapping[str, object], shape: Flows, say: Callable[[Text], str], side: int
) -> list[str]:
    sums = dict.fromkeys(places, 0)
    for flow in shape.flows:
        sums[say(flow[0] if side == 0 else flow[1])] += flow[2]
    return [f"{name} {count:,}" for name, count in sums.items()]
