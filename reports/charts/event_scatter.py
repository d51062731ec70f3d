"""Voltage events by duration and residual voltage (暂降、暂升、中断), with what equipment rides through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame
from reports.charts.svg import GREY, INK, PAPER, Point, Shape, circle, drawing, line, polyline, text

HEIGHT = 250.0
TOP, BOTTOM = 28.0, 208.0
SHORTEST_S, LONGEST_S = 0.001, 1000.0
HIGHEST_PERCENT = 200.0
DASHES = ("7 3", "2 2.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """One dip, swell or interruption."""

    duration_s: float
    residual_percent: float
    """Of nominal: the lowest voltage of a dip, the highest of a swell."""
    is_beyond: bool
    """Whether it goes beyond what the first curve bears; such a dot is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What equipment must bear: steps, each up to a duration (s) with a voltage (% of nominal)."""

    name: str
    low: Sequence[tuple[float, float]]
    high: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    outside: str
    inside: str


def event_scatter(events: Sequence[VoltageEvent], curves: Sequence[Curve], words: ScatterWords) -> Markup:
    """Return the chart; what lasts longer than the axis is drawn at its end."""
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
        *(
            polyline([(x(t), y(v)) for t, v in _steps(side)], dash=DASHES[n % 2], width=1.6)
            for n, curve in enumerate(curves)
            for side in (curve.low, curve.high)
        ),
        *(_dot((x(e.duration_s), y(e.residual_percent)), is_beyond=e.is_beyond) for e in events),
        *_legend([curve.name for curve in curves], words),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _dot(at: Point, *, is_beyond: bool) -> Shape:
    return circle(at, 3.6, fill=INK if is_beyond else PAPER)


def _steps(steps: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    since = SHORTEST_S
    for until, value in steps:
        end = min(until, LONGEST_S)
        yield since, value
        yield end, value
        since = end


def _legend(names: Sequence[str], words: ScatterWords) -> Iterator[Shape]:
    at = LEFT
    for number, name in enumerate(names):
        yield polyline([(at, 13), (at + 26, 13)], dash=DASHES[number % 2], width=1.6)
        yield text((at + 31, 17), name)
        at += 110
    for is_beyond, told in ((False, words.inside), (True, words.outside)):
        yield _dot((at + 6, 13), is_beyond=is_beyond)
        yield text((at + 15, 17), told)
        at += 160
