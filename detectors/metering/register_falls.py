"""A register that falls (示度下降, D02): reset or exchanged; a bad read or a roll-over is innocent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.metering.power_energy import shown_kw
from detectors.metering.register_breaks import DIP, Break, breaks_of, suspects, together
from detectors.ratings import ratings, shown_ratios
from detectors.shapes import Said, record_episode
from detectors.stretches import curve, iso, number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.events import EventKind
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

REGISTERS = (
    Quantity.ACTIVE_ENERGY_IMPORT,
    Quantity.ACTIVE_ENERGY_EXPORT,
    Quantity.REACTIVE_ENERGY_IMPORT,
    Quantity.REACTIVE_ENERGY_EXPORT,
)
ROUNDING = 1e-9
MOST_TIMES = 2.0
"""A register that grows faster than so many times the meter's greatest power has jumped."""
SHOWN_SLOTS = 96


@detectors.register("register_falls")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFalls:
    """Judges a register by three points: the reading before, the one that fell, and those that stay there.

    A value that its neighbours contradict, zeros of a starting meter and a roll-over are no episode, and the
    last reading of a window decides nothing. A meter change or a work order in the archive explains it. A
    register that came back after several low readings is told as a dip, of less weight.
    """

    trigger_kwh: float = parameter(
        0.05, "kWh on the meter's side", "collecting terminals, 示度下降 rule", "S", Effect.TRIGGER
    )
    trigger_readings: float = parameter(
        2, "readings", "three points: the one before and these", "S", Effect.ON_DELAY
    )
    change_hours: float = parameter(24, "h", "archives often know the day of a meter change only", "own")
    merge_slots: float = parameter(
        4, "slots", "registers are read one after the other: one event of the meter", "own", Effect.GAP
    )

    about: ClassVar[About] = About(
        name="register_falls",
        number="D02",
        kind=Kind.SLOTS,
        needs=Needs(
            registers=REGISTERS,
            events=True,
            essential=("registers",),
            archive=("meter", "installation", "work_order"),
        ),
        messages=tuple(f"episode.register_{kind}" for kind in ("reset", "swap", "jump", "dip")),
        severity=Severity.MAJOR,
        dated=("trigger_kwh", "trigger_readings", "change_hours"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each time at which registers of a meter did not go on."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        found = self._breaks(window, registry)
        merge = limit(self, "merge_slots", window, registry)
        change = limit(self, "change_hours", window, registry)
        episodes = []
        for row in sorted(found):
            for group in together(found[row], merge.at(row) * window.minutes):
                margin = timedelta(hours=change.at(row, _slot(window, group[0].ends)))
                if not _explained(registry, window.meters[row], group[0], margin):
                    said = _said(window, registry, row, group, margin)
                    episodes.append(_episode(self.about, window, registry, row, group[0], said))
        return episodes

    def _breaks(self, window: MeterMatrix, registry: Registry) -> dict[int, list[Break]]:
        """Return by row what the limits let pass."""
        rated = ratings(window, registry)
        most_kw = MOST_TIMES * shown_kw(rated, rated.most_a)
        trigger = limit(self, "trigger_kwh", window, registry)
        readings = limit(self, "trigger_readings", window, registry)
        most_kwh = most_kw[:, None] * window.minutes / 60.0
        found: dict[int, list[Break]] = {}
        for quantity in REGISTERS:
            column = window.registers.get(quantity)
            if column is None:
                continue
            for row in suspects(column, most_kwh, trigger.values):
                meter = registry.meter_by_id.get(window.meters[row])
                if meter is None:
                    continue
                for entry in breaks_of(window.starts_at, column[row], quantity, meter, float(most_kw[row])):
                    slot = _slot(window, entry.ends)
                    is_large = abs(entry.before - entry.after) > trigger.at(row, slot) + ROUNDING
                    if is_large and entry.following >= readings.at(row, slot) - 1:
                        found.setdefault(row, []).append(entry)
        return found


def _explained(registry: Registry, meter: MeterId, entry: Break, margin: timedelta) -> bool:
    """Tell whether the archive knows of a meter change or of work at the time."""
    begins, ends = from_numpy(entry.begins) - margin, from_numpy(entry.ends) + margin
    placed = registry.installations_by_meter.get(meter, ())
    if any(at is not None and begins <= at <= ends for i in placed for at in (i.starts_at, i.ends_at)):
        return True
    point = registry.service_point_of(meter, from_numpy(entry.ends))
    return point is not None and any(
        order.service_point == point
        and order.starts_at <= ends
        and (order.ends_at is None or order.ends_at >= begins)
        for order in registry.work_orders
    )


def _said(
    window: MeterMatrix, registry: Registry, row: int, group: Sequence[Break], margin: timedelta
) -> Said:
    first = group[0]
    ratio = shown_ratios(window.part(slice(row, row + 1)), registry)[0]
    ratio_before = float(ratio[min(_slot(window, first.begins), len(ratio) - 1)])
    return Said(
        message=f"episode.register_{first.kind}",
        parameters={
            "register": first.quantity.value,
            "before_kwh": round(first.before, 3),
            "after_kwh": round(first.after, 3),
            "hours": round(float((first.ends - first.begins) / np.timedelta64(1, "s")) / 3600.0, 2),
        },
        severity=Severity.MINOR if first.kind == DIP else None,
        evidence={
            "kind": first.kind,
            "three_readings": _three(first),
            "registers": [{"register": b.quantity.value, "kind": b.kind, **_numbers(b)} for b in group],
            "before_primary_kwh": number(first.before * ratio_before),
            "hidden": "the energy between the reading before and the one that shows it is not known",
            "meter_clear_events": _clears(window, window.meters[row], first, margin),
            "curve": _curve(window, row, first),
            "side": "the meter's own registers, before CT and PT",
        },
    )


def _episode(  # noqa: PLR0913, PLR0917 - one event of a meter and what is said of it
    about: About, window: MeterMatrix, registry: Registry, row: int, first: Break, said: Said
) -> Episode:
    return record_episode(
        about,
        registry,
        window.meters[row],
        said,
        starts_at=from_numpy(first.begins),
        ends_at=from_numpy(first.ends if first.kind == DIP else first.confirmed_at),
        detected_at=from_numpy(first.confirmed_at),
    )


def _numbers(entry: Break) -> Mapping[str, Json]:
    return {"before": number(entry.before), "after": number(entry.after), "next": number(entry.confirmed)}


def _three(entry: Break) -> list[Json]:
    readings = (
        (entry.begins, entry.before),
        (entry.ends, entry.after),
        (entry.confirmed_at, entry.confirmed),
    )
    return [[iso(at), number(value)] for at, value in readings]


def _clears(window: MeterMatrix, meter: MeterId, entry: Break, margin: timedelta) -> list[Json]:
    """Return when the meter itself noted that it was cleared (电表清零)."""
    begins, ends = from_numpy(entry.begins) - margin, from_numpy(entry.ends) + margin
    times = [
        record.event.starts_at
        for record in window.records.events
        if record.meter == meter and record.event.kind is EventKind.METER_CLEAR
    ]
    return [iso(at) for at in sorted(times) if begins <= at <= ends]


def _curve(window: MeterMatrix, row: int, entry: Break) -> dict[str, Json]:
    slot = _slot(window, entry.ends)
    shown = np.arange(max(slot - SHOWN_SLOTS, 0), min(slot + SHOWN_SLOTS, len(window.starts_at)))
    points = curve(window.starts_at, window.registers[entry.quantity][row], shown, len(shown))
    return {"unit": "kWh", "minutes": window.minutes, "lines": {entry.quantity.value: points}}


def _slot(window: MeterMatrix, at: np.datetime64) -> int:
    return int(np.searchsorted(window.starts_at, at))
