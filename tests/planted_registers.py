"""What planted cases hold beside their slots: demands frozen at midnight, ratios that are filed wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.events import EventKind, MeterEvent
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, TimedValues
from pipeline.registry import Ratio, Registry
from pipeline.timegrid import to_numpy
from simulators.physics.handling import DemandReset
from simulators.physics.world import World, model_of
from storage.matrices import ratio_factors, register_steps, unless_constant

CAPACITY_KVA = 100.0
"""Contracted by a customer whose ratio is filed wrongly."""
DEMAND, DEMAND_AT = Quantity.MAX_DEMAND_IMPORT, Quantity.MAX_DEMAND_IMPORT_AT
BLOCK = timedelta(minutes=15)


def with_demands(window: MeterMatrix, world: World, starts_at: datetime, days: int) -> MeterMatrix:
    """Return the window with the maximum demand and its time, as a meter freezes them at each midnight."""
    model = model_of(world)
    midnights = [starts_at + timedelta(days=day) for day in range(1, days + 1)]
    frozen = {at: _since_reset(world, at) or model.read(at) for at in midnights}
    lit = [at for at in midnights if DEMAND in frozen[at]]
    taken_at = np.array([to_numpy(at) for at in lit], dtype="datetime64[us]")
    readings = {
        quantity: TimedValues(
            meters=[world.config.id] * len(lit),
            taken_at=taken_at,
            values=np.array([round(frozen[at][quantity], 4) for at in lit]),
        )
        for quantity in (DEMAND, DEMAND_AT)
    }
    noted = [
        EventRecord(
            meter=world.config.id,
            event=MeterEvent(kind=EventKind.DEMAND_RESET, number=1, starts_at=h.window.starts_at),
        )
        for h in world.handlings
        if isinstance(h, DemandReset)
    ]
    records = window.records
    return replace(
        window,
        records=replace(records, readings={**records.readings, **readings}, events=[*records.events, *noted]),
    )


def _since_reset(world: World, at: datetime) -> dict[Quantity, float]:
    """Return the maximum of the demand periods after the last reset; empty if there was none."""
    resets = [h.window.starts_at for h in world.handlings if isinstance(h, DemandReset)]
    last = max((reset for reset in resets if reset <= at), default=None)
    if last is None:
        return {}
    model = model_of(world)
    ends = [last + n * BLOCK for n in range(1, (at - last) // BLOCK + 1)]
    demand, ended = max((model.read(end)[Quantity.DEMAND_IMPORT], end.timestamp()) for end in ends)
    return {DEMAND: demand, DEMAND_AT: ended}


def with_filed_ratios(
    window: MeterMatrix, registry: Registry, world: World, point: str
) -> tuple[MeterMatrix, Registry]:
    """Return window and archive with ratios that are not installed, and the capacity that gives them away."""
    if not world.slips.wrong_ct:
        return window, registry
    config = world.config
    wrong = [
        Ratio(meter=config.id, ct=ct, pt=config.pt, starts_at=span.starts_at, ends_at=span.ends_at)
        for span, ct in world.slips.wrong_ct
    ]
    contracts = [Contract(service_point=point, capacity_kva=CAPACITY_KVA)]
    filed = replace(registry, ratios=[*registry.ratios, *wrong], contracts=contracts)
    factors = ratio_factors(filed, window.meters, window.starts_at, frozenset())
    times = factors / (config.ct * config.pt)
    kvarh = None if window.import_kvarh is None else window.import_kvarh * times
    multiplied = replace(
        window,
        import_kwh=window.import_kwh * times,
        power_kw=window.power_kw * times,
        import_kvarh=kvarh,
        energies={name: column * times for name, column in window.energies.items()},
        step_kwh=register_steps(filed, window.meters, factors),
        ratios=unless_constant(factors),
    )
    return multiplied, filed


def with_thresholds(registry: Registry, *thresholds: Threshold) -> Registry:
    """Return an archive that lays down other numbers than the detectors' own."""
    return replace(registry, thresholds=thresholds)
