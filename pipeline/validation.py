"""Validation of interval energy (数据校验): the sixteen rules of a checklist, each a pure function.

The rules are those that Oracle Utilities Meter Data Management names (docs.oracle.com, "Validation VEE
Rules"); the limits are in :mod:`pipeline.vee_limits`. A rule that lacks what it wants is told as unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.validation_days import dynamic_comparison, high_low
from pipeline.validation_rows import consecutive_interval, duplicate, interval_size
from pipeline.vee_limits import VeeLimits
from pipeline.vee_window import IMPORT, Finding, Floats, Mask, VeeWindow, runs

ROUNDING = 1e-6
"""Share of a step by which sums of doubles may be off."""
THIRD = 3
"""The spike is measured against the third highest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the checklist."""

    name: str
    title: str
    """As Oracle calls it."""
    says: str
    """What it finds."""
    check: Callable[[VeeWindow, VeeLimits], Iterable[Finding]]
    wants: tuple[str, ...] = ()
    """Fields of :class:`VeeWindow` without which it cannot judge."""
    limits: tuple[str, ...] = ()
    """The limits of :class:`VeeLimits` that it keeps to."""
    every_energy: bool = False
    """Whether it judges every energy, and not import alone: export may well rest for weeks."""
    looks_back: bool = False
    """Whether it needs days before the ones that it judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What the checklist found, and which of its rules could not be judged for want of what."""

    findings: Sequence[Finding]
    unchecked: dict[str, tuple[str, ...]]


def validate(window: VeeWindow) -> Validated:
    """Run every rule over ``window``, each meter by its own limits; findings come by rule and limits."""
    rules = rules_for(window)
    unchecked = {rule.name: _lacking(rule, window) for rule in rules}
    unchecked = {name: wants for name, wants in unchecked.items() if wants}
    parts = list(window.alike())
    findings = [
        finding
        for rule in rules
        if rule.name not in unchecked
        for limits, part in parts
        for finding in rule.check(part, limits)
    ]
    return Validated(findings=findings, unchecked=unchecked)


def rules_for(window: VeeWindow) -> list[Rule]:
    """Return the rules that judge the window's energy."""
    return [rule for rule in RULES if rule.every_energy or window.energy == IMPORT]


def sibling(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield slots that have import, but lack an energy that the meter gives elsewhere."""
    for name, energy in window.siblings.items():
        gives = np.asarray(np.isfinite(energy).any(axis=1))
        lacking = gives[:, None] & np.isfinite(window.kwh) & ~np.isfinite(energy)
        yield from _of_runs(window, "sibling", lacking, name, "missing")


def final_replacement(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield slots whose energy now differs from what was given out as final."""
    finals = _known(window.finals, window)
    differs = np.abs(window.kwh - finals) > 0.5 * window.step_kwh[:, None]
    for row, slot in np.argwhere(differs):
        yield _cell(
            window,
            "final_replacement",
            int(row),
            int(slot),
            f"{finals[row, slot]:.6g} kWh as given out",
            f"{window.kwh[row, slot]:.6g} kWh",
        )


def inactive(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield energy at a meter that hangs nowhere, or of a service that is suspended or closed."""
    away: Mask = np.zeros(window.kwh.shape, dtype=np.bool_)
    if window.installed is not None:
        away |= ~window.installed
    if window.suspended is not None:
        away |= window.suspended
    yield from _of_runs(window, "inactive", away & (window.kwh > _half_step(window)), "no energy", "energy")


def spike(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield the highest slot where it stands out over the third highest of the whole window."""
    if window.slots < THIRD:
        return
    known = np.where(np.isfinite(window.kwh), window.kwh, -np.inf)
    third = np.partition(known, -THIRD, axis=1)[:, -THIRD]
    highest = known.max(axis=1)
    standing = (third > 0) & (highest - third > limits.spike_percent / 100.0 * third)
    for row in np.flatnonzero(standing):
        slot = int(known[row].argmax())
        most = (1.0 + limits.spike_percent / 100.0) * third[row]
        yield _cell(window, "spike", int(row), slot, f"at most {most:.6g} kWh", f"{highest[row]:.6g} kWh")


def multiplier(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield meters whose own ratio is not the filed one."""
    told, filed = window.multiplier, window.filed_multiplier
    if told is None or filed is None:
        return
    for row in np.flatnonzero(np.abs(told - filed) > limits.multiplier_percent / 100.0 * filed):
        yield _meter(window, "multiplier", int(row), f"{filed[row]:g} as filed", f"{told[row]:g}")


def negative(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield negative energy."""
    yield from _of_runs(window, "negative", window.kwh < 0, "zero or more", "less than zero")


def prolonged_estimation(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield stretches that have been estimated for long."""
    estimated = np.isin(window.quality, ("E", "F", "S"))
    yield from _long(window, "prolonged_estimation", estimated, limits.prolonged_hours, "estimated")


def missing(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield slots without energy in which the meter hung somewhere."""
    absent = ~np.isfinite(window.kwh)
    if window.installed is not None:
        absent &= window.installed
    yield from _of_runs(window, "missing", absent, "energy", "missing")


def sum_check(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield meters whose intervals do not add up to what their register grew; holes are not judged."""
    if window.register_kwh is None:
        return
    total = window.kwh.sum(axis=1)
    allowed = np.maximum(
        limits.sum_steps * window.step_kwh, limits.sum_percent / 100.0 * np.abs(window.register_kwh)
    )
    for row in np.flatnonzero(np.abs(total - window.register_kwh) > allowed + ROUNDING * window.step_kwh):
        expected = f"{window.register_kwh[row]:.6g} kWh by the register"
        yield _meter(window, "sum_check", int(row), expected, f"{total[row]:.6g} kWh")


def unit_of_measure(window: VeeWindow, _limits: VeeLimits) -> Iterator[Finding]:
    """Yield energies that came in another unit than their name says."""
    for name, unit in (window.units or {}).items():
        wanted = name.rpartition("_")[2]
        if unit.lower() != wanted:
            for row in range(len(window.meters)):
                yield _meter(window, "unit_of_measure", row, f"{name} in {wanted}", unit)


def zero(window: VeeWindow, limits: VeeLimits) -> Iterator[Finding]:
    """Yield long stretches without any consumption where some was to be expected."""
    resting = window.kwh == 0
    if window.suspended is not None:
        resting &= ~window.suspended
    yield from _long(window, "zero", resting, limits.zero_hours, "zero")


RULES: tuple[Rule, ...] = (
    Rule(
        name="consecutive_interval",
        title="Consecutive Interval",
        says="an interval does not begin where the one before ends",
        check=consecutive_interval,
        wants=("rows",),
    ),
    Rule(
        name="duplicate",
        title="Duplicate IMD",
        says="an interval came twice",
        check=duplicate,
        wants=("rows",),
    ),
    Rule(
        name="dynamic_comparison",
        title="Dynamic Comparison",
        says="a day is further from the mean of the days before than so many standard deviations",
        limits=("sigma", "history_days", "history_estimated_share"),
        check=dynamic_comparison,
        looks_back=True,
    ),
    Rule(
        name="sibling",
        title="Ensure IMD Exists for Sibling MCs",
        says="a slot has import and lacks an energy that the meter gives elsewhere",
        check=sibling,
    ),
    Rule(
        name="final_replacement",
        title="Final Measurement Replacement",
        says="late data differ from what was given out as final",
        check=final_replacement,
        every_energy=True,
        wants=("finals",),
    ),
    Rule(
        name="high_low",
        title="High/Low",
        says="a day is far above or below the average of the days before",
        limits=("low_percent", "high_percent", "history_days", "history_estimated_share"),
        check=high_low,
        looks_back=True,
    ),
    Rule(
        name="inactive",
        title="Inactive Measurement",
        says="energy where no meter hangs, or where the service is suspended or closed",
        check=inactive,
        every_energy=True,
        wants=("installed", "suspended"),
    ),
    Rule(
        name="interval_size",
        title="Interval Size",
        says="an interval is of another length",
        check=interval_size,
        wants=("rows",),
    ),
    Rule(
        name="spike",
        title="Interval Spike",
        says="the highest slot stands out over the third highest",
        limits=("spike_percent",),
        check=spike,
    ),
    Rule(
        name="multiplier",
        title="Multiplier",
        says="the meter's own ratio is not the filed one",
        limits=("multiplier_percent",),
        check=multiplier,
        wants=("multiplier", "filed_multiplier"),
    ),
    Rule(
        name="negative",
        title="Negative Consumption",
        says="energy is less than zero",
        check=negative,
        every_energy=True,
    ),
    Rule(
        name="prolonged_estimation",
        title="Prolonged Estimation",
        says="slots have been estimated for long",
        limits=("prolonged_hours",),
        check=prolonged_estimation,
        every_energy=True,
    ),
    Rule(
        name="missing",
        title="Raise Missing Quantity",
        says="a slot has no energy though the meter hung",
        check=missing,
        every_energy=True,
    ),
    Rule(
        name="sum_check",
        title="Sum Check",
        says="the intervals do not add up to what the register grew",
        limits=("sum_steps", "sum_percent"),
        check=sum_check,
        every_energy=True,
        wants=("register_kwh",),
    ),
    Rule(
        name="unit_of_measure",
        title="Unit of Measure",
        says="an energy came in another unit than its name says",
        check=unit_of_measure,
        wants=("units",),
    ),
    Rule(
        name="zero",
        title="Zero Consumption",
        says="no consumption for long",
        limits=("zero_hours",),
        check=zero,
    ),
)
"""The checklist, in the order of its source."""


def _lacking(rule: Rule, window: VeeWindow) -> tuple[str, ...]:
    return tuple(want for want in rule.wants if getattr(window, want) is None)


def _half_step(window: VeeWindow) -> Floats:
    return 0.5 * window.step_kwh[:, None]


def _known(values: Floats | None, window: VeeWindow) -> Floats:
    return np.full(window.kwh.shape, np.nan) if values is None else values


def _long(window: VeeWindow, rule: str, mask: Mask, hours: float, came: str) -> Iterator[Finding]:
    least = hours * 60.0 / window.minutes
    for row, first, slots in runs(mask):
        if slots >= least:
            told = f"{came} for {slots * window.minutes / 60.0:g} h"
            yield _run(window, rule, (row, first, slots), (f"under {hours:g} h", told))


def _of_runs(window: VeeWindow, rule: str, mask: Mask, expected: str, came: str) -> Iterator[Finding]:
    for run in runs(mask):
        yield _run(window, rule, run, (expected, came))


def _run(window: VeeWindow, rule: str, run: tuple[int, int, int], said: tuple[str, str]) -> Finding:
    row, first, slots = run
    return Finding(
        rule=rule,
        meter=window.meters[row],
        starts_at=window.starts_at[first],
        slots=slots,
        expected=said[0],
        came=said[1],
        energy=window.energy,
    )


def _cell(window: VeeWindow, rule: str, row: int, slot: int, expected: str, came: str) -> Finding:  # noqa: PLR0913, PLR0917 - a place and what was expected of it
    return _run(window, rule, (row, slot, 1), (expected, came))


def _meter(window: VeeWindow, rule: str, row: int, expected: str, came: str) -> Finding:
    return _run(window, rule, (row, 0, window.slots), (expected, came))
