"""Wrong phase or area in the archive (相别、户变关系错误, D29): a voltage moves with another phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_likeness import Asked, likeness
from detectors.area.phase_voltages import PHASES, VOLTAGES, AreaVoltages, area_voltages, within
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@detectors.register("topology")
@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Compares how the voltage of each single-phase member moves with its own phase and with others.

    An area is only judged, or compared with, where each of its three phases has enough meters. A customer
    with a phase filed is held against that phase, one without against the best of his area.
    """

    own_below: float = parameter(0.6, "correlation", "with the phase that is filed", "own", Effect.TRIGGER)
    other_above: float = parameter(0.85, "correlation", "with another one", "own", Effect.TRIGGER)
    restore_above: float = parameter(
        0.75, "correlation", "with the phase that is filed", "own", Effect.RESTORE
    )
    days: float = parameter(7, "days", "looked at together", "own", Effect.ON_DELAY)
    restore_days: float = parameter(1, "days", "so many days are together anyway", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(14, "days", "so many unknown days end a stretch", "own", Effect.GAP)
    known_share: float = parameter(0.8, "1", "of the slots of these days", "own")

    about: ClassVar[About] = About(
        name="topology",
        number="D29",
        version=2,
        kind=Kind.DAYS,
        together=Together.AREA,
        needs=Needs(
            quantities=(*VOLTAGES.values(), Quantity.ACTIVE_POWER),
            daily=True,
            essential=("quantities",),
            archive=("area_member", "installation", "meter"),
        ),
        messages=("episode.wrong_phase", "episode.wrong_area"),
        severity=Severity.MINOR,
        dated=("own_below", "other_above", "restore_above"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode for each member that moves with another phase or area than the filed one."""
        areas = [v for v in area_voltages(window, registry) if _is_whole(v)]
        return [episode for own in areas for episode in self._of_area(window, registry, own, areas)]

    def _of_area(
        self, window: MeterMatrix, registry: Registry, own: AreaVoltages, areas: Sequence[AreaVoltages]
    ) -> Iterator[Episode]:
        members = np.array([n for n, c in enumerate(own.channels) if c.is_one_phase and c.is_member], np.intp)
        if not len(members):
            return
        filed = self._filed(own, members)
        rows = np.array([own.channels[n].row for n in members], np.intp)
        days = filed.shape[1]
        below, above, restore = (
            limit(self, name, window, registry).values[rows]
            for name in ("own_below", "other_above", "restore_above")
        )
        below, above, restore = (
            column[:, own.first_day : own.first_day + days] if column.shape[1] > 1 else column
            for column in (below, above, restore)
        )
        suspects = np.flatnonzero((filed < below).any(axis=1))
        if not len(suspects):
            return
        names, best = self._others(own, members[suspects], areas)
        apart = (filed[suspects] < below[suspects]) & (best.max(axis=1) > above[suspects])
        begins = within(apart, int(self.days))
        stretches = stretches_of(
            begins,
            (filed[suspects] >= restore[suspects]) & ~begins,
            np.isfinite(filed[suspects]) | begins,
            Delays(on=1, off=self.restore_days, gap=self.gap_days),
        )
        for stretch in stretches:
            place = stretch.row
            shown = {"own": filed[suspects[place]], **dict(zip(names, best[place], strict=True))}
            yield self._episode(window, registry, own, (int(members[suspects[place]]), stretch), shown)

    def _filed(self, own: AreaVoltages, members: Ints) -> Floats:
        """Return the correlation with the phase that is filed, else with the best of the area."""
        phases = np.array([own.channels[n].phase for n in members])
        of_phase = [np.flatnonzero((phases == phase) | (phases == "")) for phase in PHASES]
        asked = [Asked(own, members[on], own, phase) for on, phase in zip(of_phase, PHASES, strict=True)]
        filed = np.full((len(members), len(own.percent)), -np.inf)
        for on, found in zip(of_phase, likeness(asked, int(self.days), self.known_share), strict=True):
            # What is unknown with one phase is unknown with all of them.
            filed[on] = np.maximum(filed[on], found)
        return filed

    def _others(
        self, own: AreaVoltages, chosen: Ints, areas: Sequence[AreaVoltages]
    ) -> tuple[list[str], Floats]:
        """Return every other phase's name, and the correlation with it: (channels, phases, days).

        Only areas of the same hours are compared: elsewhere the same place of a day is another instant.
        """
        alike = [area for area in areas if np.array_equal(area.hours.slots, own.hours.slots)]
        asked = [Asked(own, chosen, area, phase) for area in alike for phase in PHASES]
        columns = []
        for one, found in zip(asked, likeness(asked, int(self.days), self.known_share), strict=True):
            filed = np.array([one.other is own and own.channels[n].phase in {"", one.phase} for n in chosen])
            columns.append(np.where(filed[:, None], -1.0, np.nan_to_num(found, nan=-1.0)))
        return [f"{one.other.area} {one.phase}" for one in asked], np.stack(columns, axis=1)

    def _episode(
        self,
        window: MeterMatrix,
        registry: Registry,
        own: AreaVoltages,
        found: tuple[int, Stretch],
        shown: dict[str, Floats],
    ) -> Episode:
        place, stretch = found
        channel = own.channels[place]
        where = slice(stretch.first, stretch.end)
        most = {name: _most(column[where]) for name, column in shown.items()}
        best = max((name for name in most if name != "own"), key=lambda name: most[name])
        area, _, phase = best.rpartition(" ")
        own_worst = float(np.nanmin(shown["own"][where])) if np.isfinite(shown["own"][where]).any() else 0.0
        matrix: dict[str, Json] = {name: number(value) for name, value in most.items() if name != "own"}
        said = Said(
            key=f"{own.area} {best}",
            message="episode.wrong_phase" if area == own.area else "episode.wrong_area",
            parameters={
                "area": own.area,
                "filed_phase": channel.phase or "-",
                "fed_area": area,
                "fed_phase": phase,
                "own_correlation": round(own_worst, 2),
                "other_correlation": round(most[best], 2),
                "days": stretch.end - stretch.first,
            },
            score=round(min(max(most[best] - own_worst, 0.0), 1.0), 3),
            evidence={
                "filed": f"{own.area} {channel.phase}".strip(),
                "fits": best,
                "own_correlation": number(own_worst),
                "correlations": matrix,
                "days_together": int(self.days),
                "limits": {
                    name: limit(self, name, window, registry).at(channel.row, stretch.first + own.first_day)
                    for name in ("own_below", "other_above")
                },
                "controlled_for": "own load, place on the line, what all phases of the area have in common",
            },
        )
        moved = stretch._replace(
            row=channel.row,
            first=stretch.first + own.first_day,
            end=stretch.end + own.first_day,
            known_end=stretch.known_end + own.first_day,
        )
        return day_episode(self.about, window, registry, moved, said)


def _is_whole(voltages: AreaVoltages) -> bool:
    return all(np.isfinite(voltages.in_common[phase]).any() for phase in PHASES)


def _most(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else -1.0
