"""The spectrum against its limits (各次谐波): one group of bars an order, a tick at each order's limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from markupsafe import Markup

from reports.charts.axes import LEFT, RIGHT, WIDTH, Axis, frame, ticks
from reports.charts.svg import INK, Shape, bar, drawing, hatch, line, text, warning_sign

HEIGHT = 214.0
TOP, BOTTOM = 30.0, 176.0
GROUP_SHARE = 0.78
"""Of the room between two orders, what the bars take."""
WIDEST = 40.0
"""The widest group, px: a few orders do not fill the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBars:
    """One order: the judged value of each phase, and its limit where there is one."""

    order: int
    values: Mapping[str, float]
    limit: float | None = None
    violating: frozenset[str] = field(default_factory=frozenset)
    """The phases that are judged to exceed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumWords:
    """The words on the chart."""

    title: str
    x: str
    y: str
    limit: str
    violating: str


def spectrum(orders: Sequence[OrderBars], *, phases: Mapping[str, str], words: SpectrumWords) -> Markup:
    """Return the chart; orders and phases come as they stand on paper, left to right.

    Args:
        orders: What is drawn.
        phases: What each key of the orders' values is called.
        words: The words on it.
    """
    highest = max(
        (v for o in orders for v in (*o.values.values(), o.limit or 0.0) if isfinite(v)), default=0.0
    )
    high = highest * 1.12 or 1.0
    x = Axis(low=-0.5, high=max(len(orders), 1) - 0.5, begin=LEFT, end=RIGHT)
    y = Axis(low=0.0, high=high, begin=BOTTOM, end=TOP)
    shapes = [
        *frame(
            x,
            y,
            x_ticks=range(len(orders)),
            y_ticks=ticks(0.0, high),
            x_label=words.x,
            y_label=words.y,
            x_words=lambda place: str(orders[round(place)].order),
        ),
        *(shape for place, order in enumerate(orders) for shape in _group(x, y, place, order, list(phases))),
        *_phase_legend(list(phases.values())),
        *(_limit_legend(LEFT + 90 * len(phases), words) if any(o.limit is not None for o in orders) else ()),
    ]
    return drawing(WIDTH, HEIGHT, shapes, title=words.title)


def _group(x: Axis, y: Axis, place: int, order: OrderBars, phases: Sequence[str]) -> Iterator[Shape]:
    room = min((x.end - x.begin) / (x.high - x.low) * GROUP_SHARE, WIDEST)
    left, width = x(place) - room / 2, room / max(len(phases), 1)
    for number, phase in enumerate(phases):
        value = order.values.get(phase)
        if value is None or not isfinite(value):
            continue
        begin = left + number * width
        over = phase in order.violating
        yield bar(
            (begin, y.begin),
            (begin + width * 0.92, y(value)),
            fill=hatch(number),
            ink=INK,
            width=1.6 if over else 0.6,
        )
        if over:
            yield warning_sign((begin + width * 0.46, y(value) - 3))
    if order.limit is not None:
        yield line((left - 2, y(order.limit)), (left + room + 2, y(order.limit)), width=2.2)


def _phase_legend(names: Sequence[str]) -> Iterator[Shape]:
    for number, name in enumerate(names):
        at = LEFT + 90 * number
        yield bar((at, 8), (at + 14, 18), fill=hatch(number), ink=INK, width=0.6)
        yield text((at + 19, 17), name)


def _limit_legend(at: float, words: SpectrumWords) -> Iterator[Shape]:
    yield line((at, 13), (at + 16, 13), width=2.2)
    yield text((at + 21, 17), words.limit)
    yield warning_sign((at + 108, 18))
    yield text((at + 117, 17), words.violating)
