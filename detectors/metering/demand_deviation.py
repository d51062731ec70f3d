"""Demand register against curve (需量异常, D20): the maximum demand must be one that the curve shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.metering.demand_readings import DEMAND, DEMAND_AT, DemandReadings, demand_readings
from detectors.metering.power_energy import ratio_changes
from detectors.ratings import ratings
from detectors.shapes import Said, record_episode
from detectors.stretches import curve, iso, number
from detectors.thresholds import Limit, limit
from pipeline.block import MeterMatrix
from pipeline.events import EventKind
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

LOW, HIGH, STAMP, FALL, RESET = "low", "high", "stamp", "fall", "reset"
MARGIN_SLOTS = 96

Bools = NDArray[np.bool_]


@detectors.register("demand_deviation")
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandDeviation:
    """Judges each reading of the maximum demand within its billing period.

    It must not be below the curve's highest known slot. It must not be above what the slots around its own
    time allow, wherever in them a sliding demand period lay; where one of them is missing, or the register
    gives no time, nothing is said of that. It must not fall before the period ends, and its time must lie in
    the period. Meters whose ratio changes in the window are not judged.
    """

    trigger_percent: float = parameter(
        5, "% of the curve's maximum", "master stations, to be confirmed", "D", Effect.TRIGGER
    )
    trigger_readings: float = parameter(1, "readings", "one freeze", "D", Effect.ON_DELAY)
    settlement_day: float = parameter(
        1, "day of the month", "begin of a billing period, to be set where it is another", "D"
    )
    stamp_minutes: float = parameter(60, "min", "how far outside a time may lie: the meter's clock", "own")

    about: ClassVar[About] = About(
        name="demand_deviation",
        number="D20",
        kind=Kind.RECORDS,
        needs=Needs(
            interval_energy=True,
            readings=(DEMAND, DEMAND_AT),
            events=True,
            essential=("interval_energy", "readings"),
            archive=("meter", "ratio", "work_order"),
        ),
        suppressed_by=("clock_error", "register_runaway", "register_stopped"),
        messages=tuple(f"episode.demand_{kind}" for kind in (LOW, HIGH, STAMP, FALL, RESET)),
        severity=Severity.MINOR,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each kind of deviation and stretch of readings."""
        if not len(window.meters) or not len(window.starts_at) or DEMAND not in window.records.readings:
            return []
        rated = ratings(window, registry)
        trigger = limit(self, "trigger_percent", window, registry)
        share = trigger.values[:, 0] / 100.0
        day = limit(self, "settlement_day", window, registry).values[:, 0].clip(1, 28)
        readings = demand_readings(window, registry, rated, day, share)
        if not len(readings):
            return []
        minutes = limit(self, "stamp_minutes", window, registry).values[:, 0][readings.row]
        step_kw = window.step_kwh[readings.row] * 60.0 / window.minutes
        margin = (minutes * 60e6).astype("timedelta64[us]")
        tolerance, known = share[readings.row], _known(window, registry, readings)
        high = readings.kw > readings.most_kw * (1.0 + tolerance) + step_kw
        after_high = np.zeros(len(readings), dtype=np.bool_)
        after_high[1:] = high[:-1]
        # What falls from too high to where it belongs was put right.
        fell = (readings.fell & ~after_high) | readings.noted
        fell &= ~_ordered(window, registry, readings) & known
        low = readings.kw < readings.curve_kw * (1.0 - tolerance) - step_kw
        wrong = {
            LOW: low & ~_after(readings, fell),
            HIGH: high,
            STAMP: (readings.at < readings.cycle - margin) | (readings.at > readings.taken_at + margin),
            FALL: fell,
        }
        least = limit(self, "trigger_readings", window, registry).values[:, 0][readings.row]
        return [
            _episode(self.about, window, registry, readings, (kind, first, end), trigger)
            for kind, mask in wrong.items()
            for first, end in _stretches(readings, mask & known)
            if kind == FALL or end - first >= least[first]
        ]


def _known(window: MeterMatrix, registry: Registry, readings: DemandReadings) -> Bools:
    """Return which readings may be judged."""
    changed = np.zeros(len(window.meters), dtype=np.bool_)
    changed[list(ratio_changes(window, registry))] = True
    known = ~changed[readings.row] & np.isfinite(readings.kw)
    mask = window.mask_of()
    if mask is not None:
        slot = np.searchsorted(window.starts_at, readings.taken_at).clip(max=len(window.starts_at) - 1)
        known &= ~mask[readings.row, slot]
    return known


def _ordered(window: MeterMatrix, registry: Registry, readings: DemandReadings) -> Bools:
    """Return which readings fell or began anew while the archive knows of work at the service point."""
    found = np.zeros(len(readings), dtype=np.bool_)
    for place in np.flatnonzero(readings.fell | readings.noted):
        begins, ends = (from_numpy(readings.taken_at[n]) for n in (place - 1, place))
        point = registry.service_point_of(window.meters[readings.row[place]], ends)
        found[place] = point is not None and any(
            order.service_point == point
            and order.starts_at <= ends
            and (order.ends_at is None or order.ends_at >= begins)
            for order in registry.work_orders
        )
    return found


def _stretches(readings: DemandReadings, mask: Bools) -> Iterator[tuple[int, int]]:
    """Yield the runs of readings of one meter and billing period."""
    places = np.flatnonzero(mask)
    if not len(places):
        return
    breaks = (np.diff(places) > 1) | ~readings.follows[places[1:]]
    for run in np.split(places, np.flatnonzero(breaks) + 1):
        yield int(run[0]), int(run[-1]) + 1


def _after(readings: DemandReadings, fell: Bools) -> Bools:
    """Return the readings at and after a fall in its billing period: the fall tells of them."""
    found = np.zeros(len(readings), dtype=np.bool_)
    for place in np.flatnonzero(fell):
        same = (readings.row == readings.row[place]) & (readings.cycle == readings.cycle[place])
        found |= same & (readings.taken_at >= readings.taken_at[place])
    return found


def _episode(  # noqa: PLR0913, PLR0917 - one stretch of readings and all that tells about it
    about: About,
    window: MeterMatrix,
    registry: Registry,
    readings: DemandReadings,
    found: tuple[str, int, int],
    trigger: Limit,
) -> Episode:
    kind, first, end = found
    row = int(readings.row[first])
    goes_on = end == len(readings) or not readings.follows[end]
    last_of_all = end == len(readings) or readings.row[end] != row
    before = readings.taken_at[first - 1] if readings.follows[first] else readings.cycle[first]
    starts_at = max(before, window.starts_at[0])
    ends_at = readings.taken_at[end - 1] if goes_on or kind == FALL else readings.taken_at[end]
    events = _resets(window, registry, row, starts_at, readings.taken_at[first]) if kind == FALL else []
    said = Said(
        key=kind,
        message=f"episode.demand_{RESET if events else kind}",
        parameters={**_parameters(kind, readings, first, registry, window), **_reset_at(events)},
        evidence={
            "readings": _rows(readings, row),
            "limit_percent": trigger.at(row),
            "demand_reset_events": events,
            "curve": _curve(window, readings, first),
        },
    )
    return record_episode(
        about,
        registry,
        window.meters[row],
        said,
        starts_at=from_numpy(starts_at),
        ends_at=None if goes_on and last_of_all and kind != FALL else from_numpy(ends_at),
        detected_at=from_numpy(readings.taken_at[end - 1]),
    )


def _parameters(
    kind: str, readings: DemandReadings, place: int, registry: Registry, window: MeterMatrix
) -> dict[str, float | int | str]:
    register_kw = round(float(readings.kw[place]), 3)
    if kind == LOW:
        return {"register_kw": register_kw, "curve_kw": round(float(readings.curve_kw[place]), 3)}
    if kind == FALL:
        return {"register_kw": register_kw, "before_kw": round(float(readings.kw[place - 1]), 3)}
    at = from_numpy(readings.at[place])
    point = registry.service_point_of(
        window.meters[readings.row[place]], from_numpy(readings.taken_at[place])
    )
    local = at.astimezone(registry.zone_of(point)).strftime("%Y-%m-%d %H:%M")
    if kind == STAMP:
        return {"register_kw": register_kw, "at": local}
    return {"register_kw": register_kw, "at": local, "curve_kw": round(float(readings.most_kw[place]), 3)}


def _reset_at(events: Sequence[Json]) -> dict[str, str]:
    """Return when the first reset was, as the sentence tells it."""
    return {"at": str(events[0])[:16].replace("T", " ")} if events else {}


def _resets(
    window: MeterMatrix, registry: Registry, row: int, begins: np.datetime64, ends: np.datetime64
) -> list[Json]:
    """Return when, local time, the meter noted a reset of its demand (需量清零) between two readings."""
    times = [
        record.event.starts_at
        for record in window.records.events
        if record.meter == window.meters[row] and record.event.kind is EventKind.DEMAND_RESET
    ]
    zone = registry.zone_of(registry.service_point_of(window.meters[row], from_numpy(ends)))
    inside = (at for at in sorted(times) if from_numpy(begins) <= at <= from_numpy(ends))
    return [iso(at.astimezone(zone)) for at in inside]


def _rows(readings: DemandReadings, row: int) -> list[Json]:
    return [
        {
            "taken_at": iso(readings.taken_at[n]),
            "register_kw": number(readings.kw[n]),
            "at": None if np.isnat(readings.at[n]) else iso(readings.at[n]),
            "curve_max_kw": number(readings.curve_kw[n]),
            "curve_allows_kw": number(readings.most_kw[n]),
        }
        for n in np.flatnonzero(readings.row == row)
    ]


def _curve(window: MeterMatrix, readings: DemandReadings, place: int) -> dict[str, Json]:
    """Return the curve around the time that the register gives, else around its reading."""
    at = readings.at[place]
    inside = not np.isnat(at) and window.starts_at[0] <= at <= window.starts_at[-1]
    slot = int(np.searchsorted(window.starts_at, at if inside else readings.taken_at[place]))
    shown = np.arange(max(slot - MARGIN_SLOTS, 0), min(slot + MARGIN_SLOTS, len(window.starts_at)))
    kw = window.import_kwh[readings.row[place]] * 60.0 / window.minutes
    limits = {"register": number(readings.kw[place])}
    lines = {"import_kw": curve(window.starts_at, kw, shown, len(shown))}
    return {"unit": "kW", "minutes": window.minutes, "limits": limits, "lines": lines}
