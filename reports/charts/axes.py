"""Axes: where a value stands on paper, which values are written beside it, and the frame around it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from reports.charts.svg import FAINT, GREY, INK, Shape, bar, line, text

WIDTH = 680.0
"""Of every chart, px: the text width of an A4 page at 96 a inch."""
LEFT, RIGHT = 52.0, 668.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: values from ``low`` to ``high`` lie between two pixels; ``log`` by their logarithm."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; one beyond the ends lies at the end."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = (log10(inside) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return about so many round values within ``[low, high]``, rising."""
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def reach(values: Sequence[float], margin: float = 0.08) -> tuple[float, float]:
    """Return from where to where an axis of these values goes, with some room; 0 to 1 where there is none."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = (high - low) * margin or abs(high) * margin or 1.0
    return low - room, high + room


def frame(  # noqa: PLR0913 - a frame has two axes, and each has its words
    x: Axis,
    y: Axis,
    *,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    x_label: str,
    y_label: str,
    x_words: Callable[[float], str] = "{:g}".format,
) -> Iterator[Shape]:
    """Yield the frame, faint lines at the values of ``y``, both axes' values and what they mean."""
    for value in y_ticks:
        yield line((x.begin, y(value)), (x.end, y(value)), ink=FAINT, width=0.7)
        yield text((x.begin - 5, y(value) + 3.5), f"{value:g}", anchor="end", ink=GREY)
    for value in x_ticks:
        yield line((x(value), y.begin), (x(value), y.begin + 3.5), ink=GREY)
        yield text((x(value), y.begin + 15), x_words(value), anchor="middle", ink=GREY)
    yield bar((x.begin, y.begin), (x.end, y.end), fill="none", ink=INK, width=0.8)
    yield text(((x.begin + x.end) / 2, y.begin + 30), x_label, anchor="middle")
    yield text((12.0, (y.begin + y.end) / 2), y_label, anchor="middle", turned=True)
