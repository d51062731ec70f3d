"""Which number of a rule holds for which meter: the default, or the archive's for a class or point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import Detector, Kind, parameters_of
from detectors.stays import Stay, end_of, stays_at, stays_of
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.model import Json, MeterId
from pipeline.registry import Registry
from pipeline.thresholds import numbers_at, strength
from pipeline.timegrid import to_numpy

Floats = NDArray[np.float64]
Rule = TypeVar("Rule", bound=Detector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number of a rule for every meter of a window."""

    values: Floats
    """Shape (meters, 1); (meters, slots or days) where it changes within the window for any meter."""
    sources: Mapping[int, Sequence[tuple[int, int, str]]]
    """By row where the archive says otherwise than the default: first column, end, and who says so."""
    default_source: str

    def at(self, row: int, column: int = 0) -> float:
        """Return the number for a meter at a slot or day."""
        return float(self.values[row, min(column, self.values.shape[1] - 1)])

    def shown(self, row: int, column: int = 0) -> dict[str, Json]:
        """Return it for evidence, with its source."""
        at = min(column, self.values.shape[1] - 1)
        said = [source for first, end, source in self.sources.get(row, ()) if first <= at < end]
        return {"value": self.at(row, column), "source": (said or [self.default_source])[-1]}


def limit(
    detector: Detector, name: str, window: MeterMatrix, registry: Registry, kind: Kind | None = None
) -> Limit:
    """Return a parameter of a detector as it holds for each meter.

    A dated one (``About.dated``) holds by slots, or by days for a daily rule, where the meter hung then; any
    other holds for the whole window as it stands at its end, where the meter hung last.

    ``kind`` is that of the columns where a rule goes through both.
    """
    default, filed = float(getattr(detector, name)), _filed(detector, name, registry)
    source = next(p.source for p in parameters_of(detector) if p.name == name)
    if not filed:
        values = np.full((len(window.meters), 1), default)
        return Limit(values=values, sources={}, default_source=source)
    columns = _columns(window, kind or detector.about.kind) if name in detector.about.dated else None
    if columns is None or not len(columns):
        columns = np.array([to_numpy(end_of(window))])
    laid = [
        (row, first, end, entry)
        for row, meter in enumerate(window.meters)
        for first, end, entry in _laid(filed, stays_of(registry, meter), columns)
    ]
    is_dated = any((first, end) != (0, len(columns)) for _, first, end, _ in laid)
    values = np.full((len(window.meters), len(columns) if is_dated else 1), default)
    sources: dict[int, list[tuple[int, int, str]]] = {}
    for row, first, end, entry in laid:
        values[row, first:end] = entry.value
        sources.setdefault(row, []).append((first, end, entry.source or "threshold of the archive"))
    return Limit(values=values, sources=sources, default_source=source)


def limit_of_records(
    detector: Detector,
    name: str,
    registry: Registry,
    meters: Sequence[MeterId],
    records: tuple[NDArray[np.intp], NDArray[np.datetime64]],
) -> Floats:
    """Return a parameter as it holds for single records, where their meters hung then: shape (records,).

    Args:
        detector: The rule.
        name: The parameter.
        registry: The archive.
        meters: The meters.
        records: Which meter and when, by meter and time.
    """
    row, taken_at = records
    values, filed = np.full(len(row), float(getattr(detector, name))), _filed(detector, name, registry)
    edges = np.searchsorted(row, np.arange(len(meters) + 1)).tolist() if filed else []
    for meter, (first, end) in zip(meters, pairwise(edges), strict=False):
        for begins, ends, entry in _laid(filed, stays_of(registry, meter), taken_at[first:end]):
            values[first + begins : first + ends] = entry.value
    return values


def limit_at_point(
    detector: Detector, name: str, registry: Registry, service_point: str, times: NDArray[np.datetime64]
) -> Floats:
    """Return a parameter as it holds at a service point at each of ``times``, oldest first: their shape."""
    values, filed = np.full(len(times), float(getattr(detector, name))), _filed(detector, name, registry)
    if filed:
        for first, end, entry in _laid(filed, stays_at(registry, service_point), times):
            values[first:end] = entry.value
    return values


def at_point(detector: Rule, registry: Registry, service_point: str, instant: datetime) -> Rule:
    """Return a rule with the numbers that hold at a service point at an instant."""
    numbers = numbers_at(registry, detector.about.name, service_point, instant)
    if not numbers:
        return detector
    return replace(detector, **numbers)  # type: ignore[type-var]  # every rule is a dataclass; a test holds it


def at_meter(detector: Rule, registry: Registry, meter: MeterId, instant: datetime) -> Rule:
    """Return a rule with the numbers that hold where a meter hangs at an instant."""
    point = registry.service_point_of(meter, instant)
    return detector if point is None else at_point(detector, registry, point, instant)


def overruled(registry: Registry, settings: Mapping[str, Mapping[str, float]]) -> Registry:
    """Return the archive without the thresholds that somebody set by hand for a run."""
    kept = [t for t in registry.thresholds if t.parameter not in settings.get(t.detector, {})]
    return registry if len(kept) == len(registry.thresholds) else replace(registry, thresholds=kept)


def _filed(detector: Detector, name: str, registry: Registry) -> Sequence[Threshold]:
    """Return what the archive says of a number, the weaker first: everywhere, class, point; then by start."""
    own = (detector.about.name, name)
    return sorted((t for t in registry.thresholds if (t.detector, t.parameter) == own), key=strength)


def _columns(window: MeterMatrix, kind: Kind) -> NDArray[np.datetime64]:
    return window.daily.days if kind is Kind.DAYS and window.daily is not None else window.starts_at


def _laid(
    filed: Sequence[Threshold], stays: Iterable[Stay], times: NDArray[np.datetime64]
) -> Iterator[tuple[int, int, Threshold]]:
    """Yield which of ``times`` each entry holds for, the weaker entries of a stay first."""
    for stay in stays:
        for entry in filed:
            if entry.service_point not in (None, stay.service_point):
                continue
            if entry.category not in (None, stay.category):
                continue
            first = _place(times, _later(stay.starts_at, entry.starts_at), 0)
            end = _place(times, _earlier(stay.ends_at, entry.ends_at), len(times))
            if first < end:
                yield first, end, entry


def _place(times: NDArray[np.datetime64], instant: datetime | None, otherwise: int) -> int:
    return otherwise if instant is None else int(np.searchsorted(times, to_numpy(instant)))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((instant for instant in (one, other) if instant is not None), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((instant for instant in (one, other) if instant is not None), default=None)
