"""A band between low and high values with a line in the middle: the load of days, a forecast's P10 to P90."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame, reach, ticks
from reports.charts.svg import FAINT, INK, Shape, drawing, line, polyline, text

HEIGHT, TOP, BOTTOM = 200.0, 22.0, 158.0
TICKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPoint:
    """One place on the axis; its three values are None where nothing is known."""

    label: str
    low: float | None
    middle: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    limit: str


def band(points: Sequence[BandPoint], *, limit: float | None, words: BandWords) -> Markup:
    """Return the chart: places without values are left open, and ``limit`` is a dashed line."""
    known = [v for p in points for v in (p.low, p.high) if v is not None]
    low, high = reach([*known, *(() if limit is None else (limit,))])
    x = Axis(low=0.5, high=max(len(points), 1) + 0.5, begin=LEFT, end=RIGHT)
    y = Axis(low=low, high=high, begin=BOTTOM, end=TOP)
    step = max(-(-len(points) // TICKS), 1)
    shown = {float(place): point.label for place, point in enumerate(points, start=1)}
    shapes = [
        *_bands(x, y, points),
        *frame(
            x,
            y,
            x_ticks=list(shown)[::step],
            y_ticks=ticks(low, high, 4),
            x_label=words.x,
            y_label=words.y,
            x_words=lambda place: shown[place],
        ),
        *_limit(x, y, limit, words),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _bands(x: Axis, y: Axis, points: Sequence[BandPoint]) -> Iterator[Shape]:
    placed = list(enumerate(points, start=1))
    for is_known, run in groupby(placed, key=lambda each: each[1].middle is not None):
        if not is_known:
            continue
        known = [
            (x(place), y(p.low), y(p.middle), y(p.high))
            for place, p in run
            if p.low is not None and p.middle is not None and p.high is not None
        ]
        for at, low, _, high in known:
            yield line((at, low), (at, high), ink=FAINT, width=max(560.0 / max(len(points), 1) - 0.5, 1.0))
        yield polyline([(at, middle) for at, _, middle, _ in known], ink=INK)


def _limit(x: Axis, y: Axis, limit: float | None, words: BandWords) -> Iterator[Shape]:
    if limit is not None:
        yield line((x.begin, y(limit)), (x.end, y(limit)), dash="7 3", width=1.4)
        yield line((LEFT, 9), (LEFT + 28, 9), dash="7 3", width=1.4)
        yield text((LEFT + 33, 13), f"{words.limit} {limit:.5g}")
