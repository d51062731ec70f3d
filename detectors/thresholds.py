"""Which number of a rule holds for which meter: the default, or the archive's for a class or point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import Detector, Kind, parameters_of
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.model import Json, MeterId
from pipeline.registry import Registry
from pipeline.thresholds import numbers_at, strength
from pipeline.timegrid import from_numpy, to_numpy

Rule = TypeVar("Rule", bound=Detector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A number of a rule for every meter of a window."""

    values: NDArray[np.float64]
    """Shape (meters, 1); (meters, slots or days) where it changes within the window for any meter."""
    sources: Mapping[int, str]
    """By row where the archive says otherwise than the default."""
    default_source: str

    def at(self, row: int, column: int = 0) -> float:
        """Return the number for a meter at a slot or day."""
        return float(self.values[row, min(column, self.values.shape[1] - 1)])

    def shown(self, row: int, column: int = 0) -> dict[str, Json]:
        """Return it for evidence, with its source."""
        return {"value": self.at(row, column), "source": self.sources.get(row, self.default_source)}


def limit(
    detector: Detector, name: str, window: MeterMatrix, registry: Registry, kind: Kind | None = None
) -> Limit:
    """Return a parameter of a detector as it holds for each meter, by slots, or by days for a daily rule.

    ``kind`` is that of the columns where a rule goes through both.
    """
    default = float(getattr(detector, name))
    source = next(p.source for p in parameters_of(detector) if p.name == name)
    entries = [t for t in registry.thresholds if (t.detector, t.parameter) == (detector.about.name, name)]
    values = np.full((len(window.meters), 1), default)
    columns = window.starts_at
    if (kind or detector.about.kind) is Kind.DAYS and window.daily is not None:
        columns = window.daily.days
    if not entries or not len(columns):
        return Limit(values=values, sources={}, default_source=source)
    applied = list(_applied(entries, window, registry, from_numpy(columns[0])))
    span = columns[0], columns[-1]
    if any(_changes(entry, span) for _, entry in applied):
        values = np.full((len(window.meters), len(columns)), default)
    sources = {}
    for row, entry in applied:
        inside = _inside(columns, entry.starts_at, entry.ends_at)
        values[row, inside if values.shape[1] > 1 else inside[:1]] = entry.value
        if inside.any():
            sources[row] = entry.source or "threshold of the archive"
    return Limit(values=values, sources=sources, default_source=source)


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


def _applied(
    entries: Sequence[Threshold], window: MeterMatrix, registry: Registry, first: datetime
) -> Iterator[tuple[int, Threshold]]:
    """Yield what holds for each row, the weaker first: everywhere, class, point; then by its start."""
    ranked = sorted(entries, key=strength)
    for row, meter in enumerate(window.meters):
        point, category = _place(registry, meter, first)
        for entry in ranked:
            if entry.service_point in (None, point) and entry.category in (None, category):
                yield row, entry


def _place(registry: Registry, meter: MeterId, at: datetime) -> tuple[str | None, str | None]:
    """Return where a meter hangs and the class of its contract, as of the window's start."""
    point = registry.service_point_of(meter, at)
    contract = None if point is None else registry.contract_of(point, at)
    return point, None if contract is None else contract.category


def _changes(entry: Threshold, span: tuple[np.datetime64, np.datetime64]) -> bool:
    edges = [to_numpy(edge) for edge in (entry.starts_at, entry.ends_at) if edge is not None]
    return any(bool(span[0] < edge <= span[1]) for edge in edges)


def _inside(
    starts_at: NDArray[np.datetime64], begins: datetime | None, ends: datetime | None
) -> NDArray[np.bool_]:
    inside = np.ones(len(starts_at), dtype=np.bool_)
    if begins is not None:
        inside &= starts_at >= to_numpy(begins)
    if ends is not None:
        inside &= starts_at < to_numpy(ends)
    return inside
