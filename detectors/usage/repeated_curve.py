"""Frozen, repeated or copied curve (曲线重复、冻结, D25): values that no real load would give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import energy_kwh, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import iso, number, slot_end
from detectors.thresholds import limit
from detectors.usage.copied_days import Copy, Telling, copies, in_steps
from pipeline.block import MeterMatrix
from pipeline.contracts import SuspensionKind
from pipeline.model import Episode, Severity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]


@detectors.register("repeated_curve")
@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedCurve:
    """Compares actual energies of slots with each other, and whole days with earlier ones.

    Small values are equal by chance, for a register counts in steps: only those of so many steps are judged.
    A copied slot may differ by one step, as the register began at another fraction of it. Estimated slots
    break every comparison, because estimating copies days itself.
    """

    frozen_hours: float = parameter(6, "h", "0.1 false a meter-year on homes", "M", Effect.ON_DELAY)
    least_steps: float = parameter(
        20,
        "register steps a slot",
        "at 10 steps 4 alarms in 34.6 meter-years of homes, at 20 none",
        "M",
        Effect.TRIGGER,
    )
    least_changes: float = parameter(
        24, "changes a day", "a copied day must be its own: a quarter of its slots", "own"
    )
    clear_steps: float = parameter(3, "register steps", "a change that rounding does not make", "own")
    days_back: float = parameter(35, "days", "how far back copies are looked for", "own")
    restore_slots: float = parameter(1, "slots", "first slot that differs", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(1, "slots", "an unknown slot ends it", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="repeated_curve",
        number="D25",
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("installation", "suspension"),
        ),
        messages=("episode.frozen_curve", "episode.copied_curve"),
        severity=Severity.MINOR,
        dated=("least_steps",),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each frozen stretch and each run of copied days."""
        daily = window.daily
        if daily is None or not window.import_kwh.size:
            return []
        steps = in_steps(window)
        telling = Telling(
            changes=self.least_changes, clear_steps=self.clear_steps, days_back=int(self.days_back)
        )
        return [
            *self._frozen(window, registry, steps),
            *(self._copied(window, registry, copy) for copy in copies(window, daily, steps, telling)),
        ]

    def _frozen(self, window: MeterMatrix, registry: Registry, steps: Floats) -> Iterator[Episode]:
        least = limit(self, "least_steps", window, registry).values * window.step_kwh[:, None]
        hours = limit(self, "frozen_hours", window, registry).values[:, 0]
        equal = np.zeros(steps.shape, dtype=np.bool_)
        equal[:, 1:] = steps[:, 1:] == steps[:, :-1]
        # Half a fine step: what rounding leaves of the least value itself.
        equal &= window.import_kwh >= least * (1.0 - 0.5e-3)
        on = hours * 60 / window.minutes - 1
        equal[equal.sum(axis=1) < on] = False  # most meters have nothing to look at
        stretches = slot_mask_stretches(
            window,
            equal,
            ~equal,
            np.isfinite(steps),
            delays=Delays(on=on, off=self.restore_slots, gap=self.gap_slots),
        )
        for found in stretches:
            # The first of the equal values is the one that the others are compared with.
            stretch = found._replace(first=found.first - 1)
            if _is_suspended(window, registry, stretch):
                continue
            value = float(window.import_kwh[stretch.row, stretch.first])
            said = Said(
                key="frozen",
                message="episode.frozen_curve",
                parameters={
                    "hours": round((stretch.end - stretch.first) * window.minutes / 60, 2),
                    "kw": round(value * 60 / window.minutes, 3),
                },
                evidence={
                    "value_kwh": number(value, 6),
                    "register_steps": number(value / float(window.step_kwh[stretch.row]), 1),
                    "metered_kwh": energy_kwh(window, stretch),
                    "curve": slot_curves(window, stretch, {"import_kwh": window.import_kwh}, unit="kWh"),
                },
            )
            yield slot_episode(self.about, window, registry, stretch, said)

    def _copied(self, window: MeterMatrix, registry: Registry, copy: Copy) -> Episode:
        known = np.flatnonzero(np.isfinite(window.import_kwh[copy.row]))
        stretch = Stretch(
            row=copy.row,
            first=copy.first,
            end=copy.end,
            is_open=copy.end > int(known[-1]),
            known_end=int(known[-1]) + 1,
        )
        source = from_numpy(window.starts_at[copy.first]) - timedelta(minutes=copy.lag * window.minutes)
        earlier = np.full(window.import_kwh.shape[1], np.nan)
        earlier[copy.lag :] = window.import_kwh[copy.row, : -copy.lag]
        zone = registry.zone_of(registry.service_point_of(window.meters[copy.row], source))
        said = Said(
            key="copied",
            message="episode.copied_curve",
            severity=Severity.MAJOR,
            parameters={
                "days": copy.days,
                "hours": round((copy.end - copy.first) * window.minutes / 60, 2),
                "source": source.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            },
            evidence={
                "copied_from": iso(source),
                "days_back": number(copy.lag * window.minutes / 1440, 2),
                "share_without_a_step": number(copy.exact, 3),
                "metered_kwh": energy_kwh(window, stretch),
                "curve": slot_curves(
                    window,
                    stretch,
                    {
                        "import_kwh": window.import_kwh,
                        "earlier": np.broadcast_to(earlier, window.import_kwh.shape),
                    },
                    unit="kWh",
                ),
            },
        )
        return slot_episode(self.about, window, registry, stretch, said)


def _is_suspended(window: MeterMatrix, registry: Registry, stretch: Stretch) -> bool:
    """Tell whether all service was stopped (暂停) throughout: what is left on then may be constant."""
    begins = from_numpy(window.starts_at[stretch.first])
    ends = slot_end(window.starts_at, stretch.end - 1, window.minutes)
    point = registry.service_point_of(window.meters[stretch.row], begins)
    return any(
        suspension.kind is SuspensionKind.STOP
        and suspension.remaining_kva == 0
        and suspension.starts_at <= begins
        and (suspension.ends_at is None or ends <= suspension.ends_at)
        for suspension in registry.suspensions_by_point.get(point or "", ())
    )
