"""Builds a fleet from its file: each meter's load, supply, planted faults and truth, relative to now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.timegrid import local_day
from simulators.faults import (
    Deed,
    Idling,
    PlantedFault,
    Window,
    lagging_kvar,
    truths,
    voltage_events,
    with_idling,
    with_load,
)
from simulators.fleet_file import parse_fleet
from simulators.fleet_plan import FaultPlan, FleetPlan, MeterPlan, Moment, SuspensionPlan
from simulators.loads import LoadCurve
from simulators.physics import MeterConfig, MeterModel, feeder_for
from simulators.shapes import synthetic
from simulators.truth import Truth

FEEDER_DROP_PU = 0.02
"""Voltage lost at a customer's greatest load, as a share of nominal."""
LONGEST_BASE_KWH = 60_000
"""A register may have counted this much, secondary side, before the simulated time."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMeter:
    """One meter of the fleet: its plan and what it shows."""

    plan: MeterPlan
    model: MeterModel

    @property
    def id(self) -> MeterId:
        """The meter's id."""
        return self.model.config.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that a fleet file describes, placed in time."""

    plan: FleetPlan
    now: datetime
    memory_from: datetime
    """The meters remember from here on."""
    meters: Sequence[SimulatedMeter]
    truth: Sequence[Truth]
    """What is planted and has begun, twins included."""

    def on(self, line: str) -> list[SimulatedMeter]:
        """Return the meters on a bus or behind a gateway."""
        return [meter for meter in self.meters if meter.plan.line == line]


def load_fleet(name: str | Path) -> FleetPlan:
    """Read a fleet file, or one of ours by its bare name (``demo``, ``lab``).

    Raises:
        ConfigError: If there is no such file, or something in it is wrong.
    """
    ours = resources.files("simulators").joinpath("fleets", f"{name}.toml")
    path = Path(name)
    try:
        text = ours.read_text("utf-8") if ours.is_file() else path.read_text("utf-8")
    except OSError as error:
        known = ", ".join(fleet_names())
        raise ConfigError(f"fleet {name}: no such file, and not one of ours ({known})") from error
    return parse_fleet(text, path.stem)


def fleet_names() -> list[str]:
    """Return the names of the fleets that come with the project."""
    folder = resources.files("simulators").joinpath("fleets")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def build_fleet(plan: FleetPlan, now: datetime) -> Fleet:
    """Place a fleet in time: its history ends at ``now``.

    The same plan and ``now`` give the same fleet.
    """
    today = now.astimezone(plan.zone).date()
    memory_from = local_day(today - timedelta(days=plan.history_days), plan.zone)[0]
    curve_from = local_day(today - timedelta(days=plan.history_days + 1), plan.zone)[0]
    curve_to = local_day(today + timedelta(days=plan.ahead_days), plan.zone)[1]
    meters, labels = [], []
    for meter in plan.meters:
        curve = synthetic(
            meter.load, curve_from, curve_to, plan.curve_minutes, _seed(plan, meter.id, "curve")
        )
        faults = [_planted(f, meter, plan, now) for f in plan.faults if f.meter == meter.id]
        lived = _lived(curve, meter, faults, plan, now)
        config = _config(meter, curve, faults, plan)
        meters.append(SimulatedMeter(plan=meter, model=MeterModel(config, lived)))
        labels += [label for fault in faults for label in truths(fault, lived, now)]
    return Fleet(plan=plan, now=now, memory_from=memory_from, meters=tuple(meters), truth=tuple(labels))


def instant_of(moment: Moment, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the UTC instant of a moment relative to ``now``."""
    day = now.astimezone(zone).date() - timedelta(days=moment.days_ago)
    return datetime.combine(day, moment.at, zone).astimezone(UTC)


def suspension_window(suspension: SuspensionPlan, fleet: FleetPlan, now: datetime) -> Window:
    """Return when a suspension runs; one without an end lasts as long as there is a calendar."""
    return Window(
        starts_at=instant_of(suspension.starts, fleet.zone, now),
        ends_at=datetime.max.replace(tzinfo=UTC)
        if suspension.ends is None
        else instant_of(suspension.ends, fleet.zone, now),
    )


def _seed(plan: FleetPlan, meter: str, what: str) -> int:
    return crc32(f"{plan.seed}/{meter}/{what}".encode())


def _lived(
    curve: LoadCurve, meter: MeterPlan, faults: Sequence[PlantedFault], plan: FleetPlan, now: datetime
) -> LoadCurve:
    """Return the curve as it was lived: suspensions kept, then broken by the faults."""
    for suspension in plan.suspensions:
        if suspension.meter == meter.id:
            idling = Idling(
                window=suspension_window(suspension, plan, now),
                idle_kw=suspension.idle_kw,
                running_kva=suspension.running_kva,
            )
            curve = with_idling(curve, idling)
    for fault in faults:
        curve = with_load(curve, fault)
    return curve


def _planted(fault: FaultPlan, meter: MeterPlan, plan: FleetPlan, now: datetime) -> PlantedFault:
    windows = []
    for night in range(fault.nights):
        moment = replace(fault.starts, days_ago=fault.starts.days_ago - night)
        start = instant_of(moment, plan.zone, now)
        windows.append(Window(starts_at=start, ends_at=start + timedelta(minutes=fault.minutes)))
    return PlantedFault(
        meter=MeterId(meter.id),
        service_point=meter.service_point,
        deed=fault.deed,
        windows=windows,
        kw=fault.kw,
        power_factor=fault.power_factor,
        factor=fault.factor,
        twin=fault.twin,
        why=fault.why,
    )


def _config(
    meter: MeterPlan, curve: LoadCurve, faults: Sequence[PlantedFault], plan: FleetPlan
) -> MeterConfig:
    rng = np.random.default_rng(_seed(plan, meter.id, "meter"))
    shares = 1 / 3 + np.append(rng.normal(0, 0.01, 2), 0.0)
    bare = MeterConfig(
        id=MeterId(meter.id),
        wiring=meter.wiring,
        rated_voltage_v=meter.rated_voltage_v,
        ct=meter.ct,
        pt=meter.pt,
        zone=plan.zone,
        phase_shares=(shares.item(0), shares.item(1), 1 - shares.item(0) - shares.item(1)),
        base_kwh=round(rng.uniform(500, LONGEST_BASE_KWH), 2) if meter.base_kwh is None else meter.base_kwh,
        voltage_events=voltage_events(faults),
    )
    # The supply is built for the customer and for whoever is plugged in behind his back.
    stolen = [fault.kw for fault in faults if fault.deed is Deed.LOAD]
    heaviest = LoadCurve.of(
        curve.starts_at,
        curve.minutes,
        np.append(curve.active_kw, stolen),
        np.append(curve.reactive_kvar, [lagging_kvar(kw, 0.9) for kw in stolen]),
    )
    return replace(bare, feeder=feeder_for(heaviest, bare, FEEDER_DROP_PU))
