"""What records of waveforms (录波) tell of a supply: events, flicker, interharmonics, unbalance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.supply_events import SupplyEvent, SupplyKind
from pipeline.block import Times
from pipeline.timegrid import from_numpy, to_numpy

TENS_S = 600.0
"""Interharmonics and unbalance are of 10 minutes (IEC 61000-4-30), without windows that an event touched."""
PLT_S = 7200.0
"""P_lt is of twelve P_st of ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timed:
    """One figure, by the beginnings of the intervals that it is of."""

    at: Times
    """Rising strictly."""
    values: NDArray[np.float64]
    """A value, or a row of values, for each; NaN is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """All that is known of a point by records that were taken there."""

    names: Sequence[str] = ()
    """Of the records' files."""
    events: Sequence[SupplyEvent] = ()
    flicker: Mapping[str, Timed] = field(default_factory=dict)
    """P_lt of two hours by phase; one that an event touched is left out (flagged)."""
    interharmonics: Mapping[str, Timed] = field(default_factory=dict)
    """By phase, % of the fundamental; column = order below the gap between two orders: 0 is 0 to 50 Hz."""
    unbalance: Mapping[str, Timed] = field(default_factory=dict)
    """``negative`` and ``zero`` sequence over positive sequence, %."""

    def within(self, begin: datetime, end: datetime) -> Recorded:
        """Return what began in a stretch of time."""
        return Recorded(
            names=self.names,
            events=[event for event in self.events if begin <= event.starts_at < end],
            **{name: _within(getattr(self, name), begin, end) for name in _SERIES},
        )


NOTHING_RECORDED = Recorded()
_SERIES = ("flicker", "interharmonics", "unbalance")


def joined(records: Iterable[Recorded]) -> Recorded:
    """Return several records as one; of figures of the same time the later record's count."""
    known = list(records)
    return Recorded(
        names=[name for one in known for name in one.names],
        events=sorted((e for one in known for e in one.events), key=lambda e: e.starts_at),
        **{name: _joined_series([getattr(one, name) for one in known]) for name in _SERIES},
    )


def recorded_document(recorded: Recorded) -> dict[str, Any]:  # Any: JSON of several depths
    """Return what a record told as JSON at rest."""
    return {
        "names": list(recorded.names),
        "events": [
            {
                "kind": event.kind.value,
                "phases": list(event.phases),
                "starts_at": event.starts_at.isoformat(),
                "duration_s": event.duration_s,
                "residual_percent": event.residual_percent,
                "source": event.source,
            }
            for event in recorded.events
        ],
        **{
            name: {key: _document(timed) for key, timed in getattr(recorded, name).items()}
            for name in _SERIES
        },
    }


def recorded_of(document: Mapping[str, Any]) -> Recorded:  # Any: as above
    """Return what a document at rest tells."""
    return Recorded(
        names=document["names"],
        events=[
            SupplyEvent(
                kind=SupplyKind(event["kind"]),
                phases=tuple(event["phases"]),
                starts_at=datetime.fromisoformat(event["starts_at"]),
                duration_s=event["duration_s"],
                residual_percent=event["residual_percent"],
                source=event["source"],
            )
            for event in document["events"]
        ],
        **{name: {key: _timed(told) for key, told in document[name].items()} for name in _SERIES},
    )


def _document(timed: Timed) -> dict[str, Any]:  # Any: as above
    values = timed.values.astype(object)
    values[np.isnan(timed.values)] = None
    return {"at": [from_numpy(at).isoformat() for at in timed.at], "values": values.tolist()}


def _timed(told: Mapping[str, Any]) -> Timed:  # Any: as above
    instants = [to_numpy(datetime.fromisoformat(at)) for at in told["at"]]
    return Timed(
        at=np.array(instants, dtype="datetime64[us]"), values=np.array(told["values"], dtype=np.float64)
    )


def _within(series: Mapping[str, Timed], begin: datetime, end: datetime) -> dict[str, Timed]:
    cut = {}
    for key, timed in series.items():
        rows = slice(*np.searchsorted(timed.at, [to_numpy(begin), to_numpy(end)]))
        cut[key] = replace(timed, at=timed.at[rows], values=timed.values[rows])
    return {key: timed for key, timed in cut.items() if len(timed.at)}


def series_of(parts: Sequence[Timed]) -> Timed:
    """Return parts of one figure as one; of equal times the first part's value counts.

    Rows of fewer orders than others are filled with missing ones.
    """
    width = max(part.values.shape[1:] for part in parts)
    times = np.concatenate([part.at for part in parts])
    values = np.full((len(times), *width), np.nan)
    begin = 0
    for part in parts:
        rows = slice(begin, begin + len(part.at))
        values[(rows, *(slice(size) for size in part.values.shape[1:]))] = part.values
        begin += len(part.at)
    rising, first = np.unique(times, return_index=True)
    return Timed(at=rising, values=values[first])


def _joined_series(series: Sequence[Mapping[str, Timed]]) -> dict[str, Timed]:
    keys = dict.fromkeys(key for one in series for key in one)
    return {key: series_of([one[key] for one in reversed(series) if key in one]) for key in keys}
