"""The cumulative distribution (累积概率曲线): which share of the readings stayed below a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame, ticks
from reports.charts.svg import GREY, Shape, drawing, line, polyline, text

HEIGHT = 200.0
TOP, BOTTOM = 28.0, 160.0
DASHES = ("", "6 3", "2 2.5")
JUDGED_PERCENT = 95.0
POINTS = 200
"""Of a curve: more than a printer shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    limit: str
    judged: str
    """What the line at 95 % is called."""


def cumulative(
    series: Mapping[str, NDArray[np.floating]], *, limit: float | None, words: CumulativeWords
) -> Markup:
    """Return the chart; a name's curve passes 95 % at the value that is judged. NaN is missing."""
    known = {name: np.sort(values[np.isfinite(values)]) for name, values in series.items()}
    known = {name: values for name, values in known.items() if len(values)}
    lows = [float(values[0]) for values in known.values()]
    highs = [*(float(values[-1]) for values in known.values()), *([] if limit is None else [limit])]
    low, high = 0.9 * min(lows, default=0.0), 1.06 * max(highs, default=1.0)
    x = Axis(low=low, high=high if high > low else low + 1.0, begin=LEFT, end=RIGHT)
    y = Axis(low=0.0, high=100.0, begin=BOTTOM, end=TOP)
    shapes = [
        *frame(
            x,
            y,
            x_ticks=ticks(x.low, x.high, 8),
            y_ticks=[0, 25, 50, 75, 100],
            x_label=words.x,
            y_label=words.y,
        ),
        line((x.begin, y(JUDGED_PERCENT)), (x.end, y(JUDGED_PERCENT)), ink=GREY, dash="3 3"),
        text((x.begin + 4, y(JUDGED_PERCENT) + 11), words.judged, ink=GREY),
        *_limit(x, y, limit, words),
        *(polyline(_curve(values, x, y), dash=DASHES[n % 3]) for n, values in enumerate(known.values())),
        *_legend(list(known)),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _curve(ordered: NDArray[np.floating], x: Axis, y: Axis) -> list[tuple[float, float]]:
    """Return the points of ranks: the value at rank r of n stands at the height of r / n."""
    n = len(ordered)
    ranks = np.unique(np.linspace(1, n, min(n, POINTS)).round().astype(int))
    return [(x(float(ordered[rank - 1])), y(100.0 * rank / n)) for rank in ranks]


def _limit(x: Axis, y: Axis, limit: float | None, words: CumulativeWords) -> Iterator[Shape]:
    if limit is not None:
        yield line((x(limit), y.begin), (x(limit), y.end), width=2.0)
        yield text((x(limit) - 4, y.begin - 5), f"{words.limit} {limit:g}", anchor="end")


def _legend(names: list[str]) -> Iterator[Shape]:
    for number, name in enumerate(names):
        at = LEFT + 110 * number
        yield polyline([(at, 13), (at + 26, 13)], dash=DASHES[number % 3])
        yield text((at + 31, 17), name)
