"""Attribution of a loss (线损归因, D27): which members of an area explain what it loses beyond the usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.area_days import AreaDays, area_days
from analysis.area_slots import AreaSlots, area_slots
from analysis.loss_shares import Shares, loss_shares
from analysis.technical_loss import learnt_loss
from detectors.area.area_balance import AreaBalance, Judged
from detectors.area.phase_voltages import PHASES, VOLTAGES, AreaVoltages, area_voltages
from detectors.area.unexplained_drop import unexplained_drops
from detectors.area.voltage_load_consistency import POWERS, VoltageLoadConsistency, believed
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.hysteresis import Stretch
from detectors.register_days import NET, register_flows_kwh
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
SIGNS = ("share of what is reported", "less than before", "voltage")
"""The ways in which a member may explain a loss."""
HOUR = 60
_MEASURED = "at 240 Swiss homes in areas of 30, energy alone"


@dataclass(frozen=True, slots=True)
class _Loss:
    """A stretch of days in which an area loses more than usual, in slots of the window."""

    area: int
    stretch: Stretch
    before: slice
    within: slice


@detectors.register("ntl_attribution")
@dataclass(frozen=True, slots=True, kw_only=True)
class NtlAttribution:
    """Where an area's loss rises (as the balance of areas judges it), ranks the members that explain it.

    What is lost beyond iron and line is laid beside three signs of each member: what he reports (a constant
    share is missing), what he reports less than on the days before at the same hour (his own drop and his
    zero hours), and what his voltage tells of hidden load. Members are chosen one by one, whoever explains
    most of the rest. Where they leave too much, nobody is named. The ranking says where to look first.
    """

    least_share_percent: float = parameter(
        40, "% of the loss", f"explained by a member, else he is not named; {_MEASURED}", "M", Effect.TRIGGER
    )
    least_explained: float = parameter(
        0.7, "share of the squares", f"else it is somebody whose signs are not seen; {_MEASURED}", "M"
    )
    named: float = parameter(3, "members", "top 3 of an area are ranked", "M")
    least_days: float = parameter(14, "days", "of known balance (detection reference, D27)", "D")
    days_before: float = parameter(
        7, "days", "before the loss, from which own drops are told", "own", Effect.ON_DELAY
    )

    about: ClassVar[About] = About(
        name="ntl_attribution",
        number="D27",
        version=2,
        kind=Kind.DAYS,
        together=Together.AREA,
        needs=Needs(
            quantities=(*VOLTAGES.values(), Quantity.ACTIVE_POWER, *POWERS),
            interval_energy=True,
            energies=("export_kwh",),
            day_registers=NET,
            daily=True,
            essential=("interval_energy",),
            archive=("area_member", "installation", "ratio"),
        ),
        messages=("episode.loss_explained",),
        severity=Severity.MAJOR,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each member who explains enough of an area's loss."""
        rule = AreaBalance()
        days = None
        if window.daily is not None and len(window.meters):
            days = area_days(
                window,
                window.daily,
                registry,
                rule.whole_coverage,
                register_flows_kwh(window, window.daily, registry),
            )
        if days is None:
            return []
        judged = Judged.of(rule, days, window, registry)
        losses = [
            loss
            for stretch in judged.stretches(rule, "rises")
            if np.isfinite(judged.loss[stretch.row]).sum() >= self.least_days
            for loss in self._losses(window, days, stretch)
        ]
        if not losses:
            return []
        voltages = {v.area: v for v in area_voltages(window, registry, window.minutes)}
        return [
            episode
            for loss in losses
            for episode in self._of_loss(window, registry, days, loss, voltages.get(days.areas[loss.area]))
        ]

    def _losses(self, window: MeterMatrix, days: AreaDays, stretch: Stretch) -> Iterator[_Loss]:
        daily = window.daily
        assert daily is not None  # noqa: S101 - there is no stretch of days without days
        if stretch.first < self.days_before:
            return
        edges = [
            int(np.searchsorted(window.starts_at, np.datetime64(at.replace(tzinfo=None), "us")))
            for at in daily.span(int(days.supply_rows[stretch.row]), stretch.first, stretch.end)
        ]
        yield _Loss(stretch.row, stretch, slice(0, edges[0]), slice(edges[0], edges[1]))

    def _of_loss(
        self,
        window: MeterMatrix,
        registry: Registry,
        days: AreaDays,
        loss: _Loss,
        voltages: AreaVoltages | None,
    ) -> Iterator[Episode]:
        slots = area_slots(window, registry, days.areas[loss.area])
        per_day = 24 * HOUR // window.minutes
        before = _by_time_of_day(slots.metered[:, loss.before], loss.before.stop, per_day)
        metered = slots.metered[:, loss.within]
        expected = before[:, np.arange(loss.within.start, loss.within.stop) % per_day]
        filled = np.where(np.isfinite(metered), metered, expected)
        lost = slots.supplied - np.nansum(slots.metered, axis=0)
        lost[~np.isfinite(slots.metered).all(axis=0)] = np.nan
        lost[loss.within] = slots.supplied[loss.within] - np.nansum(filled, axis=0)
        technical = learnt_loss(slots.supplied[loss.before], lost[loss.before])
        beyond = lost[loss.within] - technical.at(slots.supplied[loss.within])
        hidden = _hidden_kwh(window, slots, voltages)[:, loss.within]
        signs = np.stack([filled, np.maximum(expected - filled, 0.0), hidden])
        # Who came or went has no days before to be compared with.
        signs[:, ~slots.is_whole] = 0.0
        hour = max(HOUR // window.minutes, 1)
        shares = loss_shares(_summed(beyond, hour), _summed(np.nan_to_num(signs), hour), int(self.named))
        if shares.explained < self.least_explained or shares.loss_kwh <= 0:
            return
        order = sorted(shares.chosen, key=lambda member: -float(shares.share[member]))
        ranking: list[Json] = [_ranked(slots, shares, member) for member in order]
        for rank, member in enumerate(order, start=1):
            if 100.0 * shares.share[member] >= self.least_share_percent:
                own = float(np.nanmean(before[member])), float(np.nanmean(filled[member]))
                said = self._said(days.areas[loss.area], shares, (rank, member), ranking, own)
                said = replace(said, key=f"{days.areas[loss.area]} {slots.members[member]}")
                stretch = loss.stretch._replace(row=int(slots.rows[member]))
                yield day_episode(self.about, window, registry, stretch, said)

    def _said(
        self,
        area: str,
        shares: Shares,
        placed: tuple[int, int],
        ranking: list[Json],
        mean_kwh: tuple[float, float],
    ) -> Said:
        rank, member = placed
        share, energy = float(shares.share[member]), float(shares.kwh[member].sum())
        return Said(
            message="episode.loss_explained",
            parameters={
                "area": area,
                "rank": rank,
                "share_percent": round(100.0 * min(share, 1.0), 1),
                "energy_kwh": round(energy, 1),
                "loss_kwh": round(shares.loss_kwh, 1),
            },
            score=round(float(np.clip(min(share, 1.0) * shares.explained, 0.0, 1.0)), 3),
            energy_kwh=round(energy, 3),
            evidence={
                "area": area,
                "ranking": ranking,
                "explained_share": number(shares.explained),
                "mean_slot_kwh_before": number(mean_kwh[0], 4),
                "mean_slot_kwh_since": number(mean_kwh[1], 4),
                "loss_beyond_technical_kwh": number(shares.loss_kwh),
                "limits": {
                    "share_percent": self.least_share_percent,
                    "explained_share": self.least_explained,
                },
            },
        )


def _ranked(slots: AreaSlots, shares: Shares, member: int) -> dict[str, Json]:
    by_sign: dict[str, Json] = {
        sign: number(float(kwh)) for sign, kwh in zip(SIGNS, shares.kwh[member], strict=True)
    }
    return {
        "service_point": slots.members[member],
        "share_percent": number(100.0 * float(shares.share[member]), 1),
        "kwh_by_sign": by_sign,
    }


def _by_time_of_day(metered: Floats, end: int, per_day: int) -> Floats:
    """Return the mean of each slot of the day over whole days, shape (members, slots of a day).

    Column n is that of the window's slots n, n + per_day and so on.
    """
    whole = end // per_day * per_day
    days = metered[:, :whole].reshape(len(metered), -1, per_day)
    known = np.isfinite(days)
    count = known.sum(axis=1)
    mean: Floats = np.where(known, days, 0.0).sum(axis=1) / np.maximum(count, 1)
    return mean


def _hidden_kwh(window: MeterMatrix, slots: AreaSlots, voltages: AreaVoltages | None) -> Floats:
    """Return the hidden load that each member's voltage tells of, kWh a slot; 0 where it tells nothing."""
    hidden: Floats = np.zeros_like(slots.metered)
    if voltages is None:
        return hidden
    place = {row: member for member, row in enumerate(slots.rows.tolist())}
    rule = VoltageLoadConsistency()
    learn = int(rule.fewest_days), int(rule.most_days)
    asked = [(voltages, phase) for phase in PHASES if len(voltages.of_phase(phase))]
    for drops in unexplained_drops(asked, learn, rule.known_share):
        kw = voltages.hours.of_slots(drops.drop / believed(drops.slope)[..., None])
        for channel, own in zip(drops.chosen.tolist(), kw, strict=True):
            member = place.get(voltages.channels[channel].row)
            if member is not None:
                hidden[member] += np.maximum(np.nan_to_num(own), 0.0) * window.minutes / HOUR
    return hidden


def _summed(columns: Floats, size: int) -> Floats:
    """Return sums of so many slots each along the last axis; a rest is left out."""
    whole = columns.shape[-1] // size * size
    summed: Floats = columns[..., :whole].reshape(*columns.shape[:-1], -1, size).sum(axis=-1)
    return summed
