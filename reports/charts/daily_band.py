"""The daily voltage band (日电压曲线): lowest, mean and highest of each day between its limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame, reach, ticks
from reports.charts.svg import (
    FAINT,
    GREY,
    INK,
    MISSING,
    PAPER,
    Shape,
    bar,
    circle,
    drawing,
    line,
    text,
    warning_sign,
)

HEIGHT = 178.0
TOP, BOTTOM = 22.0, 140.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBand:
    """One local day of one phase; None where nothing was measured."""

    day: int
    low: float | None
    mean: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BandWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    upper: str
    lower: str
    nothing: str
    """What a day without data is called."""


def daily_band(days: Sequence[DayBand], *, limits: tuple[float, float] | None, words: BandWords) -> Markup:
    """Return the chart of one phase's month: a bar from the lowest to the highest value, a dot at the mean.

    A day that leaves ``limits`` (lower, upper) has a triangle; one without data is hatched.
    """
    known = [v for d in days for v in (d.low, d.high) if v is not None]
    low, high = reach([*known, *(limits or ())])
    x = Axis(low=0.5, high=len(days) + 0.5, begin=LEFT, end=RIGHT)
    y = Axis(low=low, high=high, begin=BOTTOM, end=TOP)
    shapes = [
        *frame(
            x,
            y,
            x_ticks=[d.day for d in days],
            y_ticks=ticks(low, high, 4),
            x_label=words.x,
            y_label=words.y,
            x_words="{:.0f}".format,
        ),
        *_limits(x, y, limits, words),
        *(shape for day in days for shape in _day(x, y, day, limits, words)),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _limits(x: Axis, y: Axis, limits: tuple[float, float] | None, words: BandWords) -> Iterator[Shape]:
    if limits is None:
        return
    for value in limits:
        yield line((x.begin, y(value)), (x.end, y(value)), dash="7 3", width=1.4)
    told = f"{words.lower} {limits[0]:.4g}, {words.upper} {limits[1]:.4g}"
    yield line((LEFT, 9), (LEFT + 28, 9), dash="7 3", width=1.4)
    yield text((LEFT + 33, 13), told)


def _day(
    x: Axis, y: Axis, day: DayBand, limits: tuple[float, float] | None, words: BandWords
) -> Iterator[Shape]:
    left, middle, right = x(day.day - 0.5), x(day.day), x(day.day + 0.5)
    if day.low is None or day.high is None or day.mean is None:
        yield bar((left, y.begin), (right, y.end), fill=MISSING)
        yield text(
            (middle + 3.5, (y.begin + y.end) / 2), words.nothing, anchor="middle", ink=GREY, turned=True
        )
        return
    yield bar((middle - 4, y(day.low)), (middle + 4, y(day.high)), fill=FAINT, ink=INK, width=0.8)
    yield circle((middle, y(day.mean)), 2.0, fill=PAPER)
    if limits is not None and (day.low < limits[0] or day.high > limits[1]):
        yield warning_sign((middle, y.end + 9))
