"""The windows of a stretch joined over 3 seconds, 10 minutes and 2 hours (IEC 61000-4-30, 4.4 to 4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.aggregation import LEAST_VALUES_OF_3_S, Aggregates, aggregate
from analysis.waveform.window_figures import WindowFigures
from analysis.waveform.windows import TICK_S, WINDOWS_OF_3_S

TENS_OF_2_H: Final = 12
_WHOLE_S: Final = 1e-6
"""How much an interval may lack of its 10 minutes and still be whole: rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The intervals of one length."""

    starts_s: NDArray[np.float64]
    """Since the record's beginning."""
    figures: Aggregates
    """By interval, channel and figure: the rms, then orders 0, 1, ... as rms values."""
    whole: NDArray[np.bool_]
    """False for those that the record begins or ends in."""


def joined_intervals(figures: WindowFigures) -> Mapping[str, Joined]:
    """Return a stretch's intervals by their length: ``3s``, ``10min``, ``2h``."""
    values = np.concatenate((figures.rms[..., None], figures.orders), axis=-1)
    plan = figures.plan
    threes = aggregate(values, plan.interval_3s, figures.flagged, least=LEAST_VALUES_OF_3_S)
    joined = ten_minutes(figures, values)
    return {
        "3s": Joined(
            starts_s=figures.starts_s[np.searchsorted(plan.interval_3s, threes.intervals)],
            figures=threes,
            whole=threes.counts == WINDOWS_OF_3_S,
        ),
        "10min": joined,
        "2h": _two_hours(joined),
    }


def ten_minutes(figures: WindowFigures, values: NDArray[np.float64]) -> Joined:
    """Return values of a stretch's windows, along the first axis, joined over 10 minutes."""
    plan = figures.plan
    # What only completes a 3-s interval after a tick is no part of the 10 minutes.
    own = ~plan.overlaps
    tens = aggregate(values[own], plan.interval_10min[own], figures.flagged[own])
    firsts = np.searchsorted(plan.interval_10min[own], tens.intervals)
    lasts = np.append(firsts[1:], own.sum()) - 1
    lengths_s = plan.ends_s[own][lasts] - plan.starts_s[own][firsts]
    return Joined(starts_s=figures.starts_s[own][firsts], figures=tens, whole=lengths_s >= TICK_S - _WHOLE_S)


def _two_hours(tens: Joined) -> Joined:
    """Return every twelve whole 10 minutes joined."""
    places = np.flatnonzero(tens.whole)
    groups = np.arange(len(places)) // TENS_OF_2_H
    figures = aggregate(tens.figures.values[places], groups, tens.figures.flagged[places])
    return Joined(
        starts_s=tens.starts_s[places][::TENS_OF_2_H], figures=figures, whole=figures.counts == TENS_OF_2_H
    )
