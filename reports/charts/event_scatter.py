"""Voltage events by duration and residual voltage (暂降、暂升、中断), with the ITIC curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame
from reports.charts.svg import GREY, INK, PAPER, Shape, circle, drawing, line, polyline, text

HEIGHT = 250.0
TOP, BOTTOM = 28.0, 208.0
SHORTEST_S, LONGEST_S = 0.001, 1000.0
HIGHEST_PERCENT = 200.0
ITIC_SOURCE = "ITI (CBEMA) Curve Application Note, 2000; for 120 V equipment; to be confirmed"
ITIC_UPPER = ((0.001, 200.0), (0.003, 140.0), (0.5, 120.0), (LONGEST_S, 110.0))
"""Until when (s) which voltage (% of nominal) is borne: each holds up to its time."""
ITIC_LOWER = ((0.02, 0.0), (0.5, 70.0), (10.0, 80.0), (LONGEST_S, 90.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """One dip, swell or interruption."""

    duration_s: float
    residual_percent: float
    """Of nominal: the lowest voltage of a dip, the highest of a swell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    itic: str
    outside: str
    inside: str


def is_borne(event: VoltageEvent) -> bool:
    """Tell whether the ITIC curve asks equipment to bear an event; its lines belong to what is borne."""
    return _at(ITIC_LOWER, event.duration_s) <= event.residual_percent <= _at(ITIC_UPPER, event.duration_s)


def event_scatter(events: Sequence[VoltageEvent], words: ScatterWords) -> Markup:
    """Return the chart: an event that equipment need not bear is a filled dot."""
    x = Axis(low=SHORTEST_S, high=LONGEST_S, begin=LEFT, end=RIGHT, log=True)
    y = Axis(low=0.0, high=HIGHEST_PERCENT, begin=BOTTOM, end=TOP)
    shapes = [
        *frame(
            x,
            y,
            x_ticks=[0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0],
            y_ticks=[0, 40, 80, 100, 120, 160, 200],
            x_label=words.x,
            y_label=words.y,
        ),
        line((x.begin, y(100.0)), (x.end, y(100.0)), ink=GREY, dash="2 3"),
        polyline([(x(t), y(v)) for t, v in _steps(ITIC_UPPER)], dash="7 3", width=1.6),
        polyline([(x(t), y(v)) for t, v in _steps(ITIC_LOWER)], dash="7 3", width=1.6),
        *(
            circle((x(e.duration_s), y(e.residual_percent)), 3.6, fill=PAPER if is_borne(e) else INK)
            for e in events
        ),
        *_legend(words),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _at(curve: Sequence[tuple[float, float]], duration_s: float) -> float:
    return next((value for until, value in curve if duration_s <= until), curve[-1][1])


def _steps(curve: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    since = SHORTEST_S
    for until, value in curve:
        yield since, value
        yield until, value
        since = until


def _legend(words: ScatterWords) -> Iterator[Shape]:
    yield polyline([(LEFT, 13), (LEFT + 26, 13)], dash="7 3", width=1.6)
    yield text((LEFT + 31, 17), words.itic)
    yield circle((LEFT + 190, 13), 3.6)
    yield text((LEFT + 199, 17), words.inside)
    yield circle((LEFT + 390, 13), 3.6, fill=INK)
    yield text((LEFT + 399, 17), words.outside)
