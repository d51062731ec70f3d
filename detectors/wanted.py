"""What chosen detectors want loaded, and which of them cannot run on what there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Kind, Needs, Together, about, detectors
from detectors.suppression import OUTAGE, in_order
from pipeline.block import MeterMatrix
from pipeline.quantities import Quantity

DAILY_ENERGIES = frozenset({"export_kwh"})
"""Energies that are kept by days beside import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotRun:
    """A detector, and the columns without which it has nothing to look at."""

    detector: str
    missing: Sequence[str]


def wanted(only: Collection[str] | None = None) -> Needs:
    """Return what all detectors, or those named, and their suppressors look at.

    Raises:
        PluginError: If a named detector does not exist.
    """
    rules = [about(name) for name in in_order(detectors.all() if only is None else set(only))]
    needs = [rule.needs for rule in rules]
    return Needs(
        quantities=_in_order({q for need in needs for q in need.quantities}),
        interval_energy=any(need.interval_energy for need in needs),
        energies=tuple(sorted({name for need in needs for name in need.energies})),
        registers=_in_order({q for need in needs for q in need.registers}),
        day_registers=_in_order({q for need in needs for q in need.day_registers}),
        daily=any(need.daily for need in needs),
        readings=_in_order({q for need in needs for q in need.readings}),
        # Outages are told by events.
        events=any(rule.needs.events or OUTAGE in rule.suppressed_by for rule in rules),
        parameters=any(need.parameters for need in needs),
        outcomes=any(need.outcomes for need in needs),
        bills=any(need.bills for need in needs),
        archive=tuple(sorted({table for need in needs for table in need.archive})),
    )


def widest(only: Collection[str] | None = None) -> Together:
    """Return which meters must be looked at together, for all detectors or those named."""
    kinds = {about(name).together for name in in_order(detectors.all() if only is None else set(only))}
    return next(kind for kind in (Together.AREA, Together.POINT, Together.METER) if kind in kinds)


def by_days_alone(only: Collection[str] | None = None) -> bool:
    """Whether all detectors, or those named, and their suppressors judge daily rows and never slots."""
    rules = [about(name) for name in in_order(detectors.all() if only is None else set(only))]
    return all(_goes_by_days(rule) for rule in rules)


def _goes_by_days(rule: About) -> bool:
    needs = rule.needs
    has_slots = needs.quantities or needs.registers or not set(needs.energies) <= DAILY_ENERGIES
    return rule.kind is Kind.DAYS and not has_slots


def cannot_run(window: MeterMatrix, only: Collection[str] | None = None) -> Iterator[CannotRun]:
    """Yield the detectors of which some kind of column is missing altogether, with what they would want."""
    for name in sorted(detectors.all() if only is None else set(only)):
        missing = _missing(about(name).needs, window)
        if missing:
            yield CannotRun(detector=name, missing=missing)


def _missing(needs: Needs, window: MeterMatrix) -> list[str]:
    """Return the names of each kind of which there is nothing: one voltage of three is something."""
    missing: list[str] = []
    for kind, columns in _kinds(needs, window).items():
        is_essential = not needs.essential or kind in needs.essential
        if is_essential and columns and not any(_is_known(column) for column in columns.values()):
            missing += columns
    return missing


def _kinds(needs: Needs, window: MeterMatrix) -> Mapping[str, Mapping[str, NDArray[np.floating] | None]]:
    """Return the columns that are looked at, by kind and name."""
    records, readings = window.records, window.records.readings
    day_ends = {} if window.daily is None else window.daily.registers
    return {
        "quantities": {q.value: window.values.get(q) for q in needs.quantities},
        "interval_energy": {"import_kwh": window.import_kwh} if needs.interval_energy else {},
        "energies": {name: window.energies.get(name) for name in needs.energies},
        "registers": {q.value: window.registers.get(q) for q in needs.registers},
        "day_registers": {q.value: day_ends.get(q) for q in needs.day_registers},
        "readings": {q.value: readings[q].values if q in readings else None for q in needs.readings},
        "events": {"events": _one(records.events)} if needs.events else {},
        "parameters": {"parameters": _one(records.parameters)} if needs.parameters else {},
        "outcomes": {"outcomes of reads": _one(records.outcomes)} if needs.outcomes else {},
        "bills": {"bills": _one(records.bills)} if needs.bills else {},
    }


def _one(records: Sequence[object]) -> NDArray[np.float64] | None:
    """Stand for records of a kind: there are some, or there are none."""
    return np.zeros(1) if records else None


def _is_known(column: NDArray[np.floating] | None) -> bool:
    return column is not None and bool(np.isfinite(column).any())


def _in_order(quantities: Collection[Quantity]) -> tuple[Quantity, ...]:
    return tuple(quantity for quantity in Quantity if quantity in quantities)
