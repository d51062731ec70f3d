"""The archive (档案) that belongs to a fleet: what the utility knows about the simulated meters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from pipeline.archive_records import WorkOrder
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import (
    Area,
    Bus,
    Installation,
    Meter,
    MqttSource,
    Ratio,
    Registry,
    Role,
    Schedule,
    ServicePoint,
)
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.fleet.plan import FleetPlan, MeterPlan, SuspensionPlan
from simulators.fleet.times import instant_of

TWO_PART_KVA = 315.0
"""From this capacity on industry pays a basic charge (两部制电价): the 315 kVA threshold."""
WORK = "inspection"
"""The kind of every work order: somebody of the utility works at the meter."""
READ_GROUPS = (Group.REGISTER, Group.ELECTRICAL)


def archive_of(fleet: Fleet, bus_urls: Mapping[str, str]) -> Registry:
    """Return the registry of a fleet, as a utility would keep it.

    Args:
        fleet: The fleet, placed in time.
        bus_urls: Where each bus listens, ``tcp://host:port``; known once it is served.
    """
    plan = fleet.plan
    return Registry(
        meters=[_meter(fleet, meter.plan, name) for meter in fleet.meters for name in filed_ids(meter)],
        installations=[placed for meter in fleet.meters for placed in installations_of(fleet, meter)],
        ratios=[ratio for meter in fleet.meters for ratio in _ratios(meter)],
        service_points=list({point.id: point for point in map(_service_point, fleet.meters)}.values()),
        areas=[Area(id=area.id, name=area.name, zone=plan.zone) for area in plan.areas],
        contracts=[
            _contract(meter)
            for meter in fleet.meters
            if meter.plan.role is Role.MAIN and _has_contract(meter)
        ],
        suspensions=[
            *(_suspension(fleet, suspension) for suspension in plan.suspensions),
            *(filed for meter in fleet.meters for filed in _filed_suspensions(meter)),
        ],
        work_orders=[
            WorkOrder(
                id=f"WO-{meter.id}-{number}",
                service_point=meter.plan.service_point,
                kind=WORK,
                starts_at=order.starts_at,
                ends_at=order.ends_at,
            )
            for meter in fleet.meters
            for number, order in enumerate(meter.world.work_orders, 1)
        ],
        buses=[
            Bus(id=bus.id, url=bus_urls[bus.id], timeout_s=bus.timeout_s, retries=bus.retries)
            for bus in plan.buses
        ],
        supplies=plan.supplies,
        schedules=list(_schedules(plan)),
        mqtt_sources=[
            MqttSource(
                id=gateway.id,
                topic=gateway.topic,
                dialect=gateway.dialect,
                every_s=plan.live_every_s,
                meters=tuple(meter.id for meter in fleet.on(gateway.id)),
                zone=plan.zone,
            )
            for gateway in plan.gateways
        ],
    )


def _schedules(plan: FleetPlan) -> Iterator[Schedule]:
    for group in READ_GROUPS:
        yield Schedule(group=group.value, every_s=plan.live_every_s)
    if plan.spectrum_every_s is not None:
        yield Schedule(group=Group.SPECTRUM.value, every_s=plan.spectrum_every_s)


def filed_ids(meter: SimulatedMeter) -> list[MeterId]:
    """Return the ids under which the archive knows a meter: its own, and those that took its place."""
    swapped = [MeterId(swap.new_meter) for swap in meter.world.slips.swaps if swap.new_meter]
    return [meter.id, *swapped]


def installations_of(fleet: Fleet, meter: SimulatedMeter) -> list[Installation]:
    """Return where a meter hangs, cut at the swaps that the archive knows."""
    on_bus = meter.plan.line in {bus.id for bus in fleet.plan.buses}
    filed = [swap for swap in meter.world.slips.swaps if swap.new_meter]
    edges = [None, *(swap.at for swap in filed), None]
    return [
        Installation(
            meter=name,
            service_point=meter.plan.service_point,
            role=meter.plan.role,
            bus=meter.plan.line if on_bus else None,
            address=meter.plan.address,
            profile=meter.plan.profile,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        for name, starts_at, ends_at in zip(filed_ids(meter), edges[:-1], edges[1:], strict=True)
    ]


def _meter(fleet: Fleet, meter: MeterPlan, name: MeterId) -> Meter:
    return Meter(
        id=name,
        wiring=meter.wiring,
        rated_voltage_v=meter.rated_voltage_v,
        # The supply point's own voltage: what stands before the transformers.
        nominal_voltage_v=meter.rated_voltage_v * meter.pt,
        rated_current_a=meter.rated_current_a,
        max_current_a=meter.max_current_a,
        zone=fleet.plan.zone,
    )


def _ratios(meter: SimulatedMeter) -> list[Ratio]:
    """Return the ratios as filed: true ones, with wrong ones in between."""
    plan, wrong = meter.plan, meter.world.slips.wrong_ct
    if not wrong and plan.ct * plan.pt == 1:
        return []
    stretches: list[tuple[float, datetime | None, datetime | None]] = []
    since: datetime | None = None
    for window, ct in wrong:
        stretches += [(plan.ct, since, window.starts_at), (ct, window.starts_at, window.ends_at)]
        since = window.ends_at
    stretches.append((plan.ct, since, None))
    return [
        Ratio(meter=name, ct=ct, pt=plan.pt, starts_at=starts_at, ends_at=ends_at)
        for name in filed_ids(meter)
        for ct, starts_at, ends_at in stretches
    ]


def _service_point(meter: SimulatedMeter) -> ServicePoint:
    plan = meter.plan
    area = meter.world.slips.area or plan.area
    return ServicePoint(id=plan.service_point, name=plan.customer, customer=plan.customer, area=area)


def _has_contract(meter: SimulatedMeter) -> bool:
    return meter.plan.capacity_kva is not None or meter.world.slips.category is not None


def _contract(meter: SimulatedMeter) -> Contract:
    plan, slips = meter.plan, meter.world.slips
    capacity = plan.capacity_kva or 0.0
    return Contract(
        service_point=plan.service_point,
        capacity_kva=plan.capacity_kva,
        basic_charge=BasicCharge.CAPACITY if capacity >= TWO_PART_KVA else BasicCharge.NONE,
        category=slips.category or plan.category,
        tariff=slips.tariff,
        supply_voltage_kv=plan.supply_voltage_kv,
    )


def _filed_suspensions(meter: SimulatedMeter) -> Iterator[Suspension]:
    for number, filed in enumerate(meter.world.suspensions, 1):
        yield Suspension(
            id=f"{meter.id}-S{number}",
            service_point=meter.plan.service_point,
            kind=SuspensionKind.REDUCTION if filed.remaining_kva else SuspensionKind.STOP,
            starts_at=filed.window.starts_at,
            ends_at=filed.window.ends_at,
            remaining_kva=filed.remaining_kva,
        )


def _suspension(fleet: Fleet, suspension: SuspensionPlan) -> Suspension:
    zone, now = fleet.plan.zone, fleet.now
    (point,) = (meter.service_point for meter in fleet.plan.meters if meter.id == suspension.meter)
    return Suspension(
        id=suspension.id,
        service_point=point,
        kind=suspension.kind,
        starts_at=instant_of(suspension.starts, zone, now),
        ends_at=None if suspension.ends is None else instant_of(suspension.ends, zone, now),
        remaining_kva=suspension.remaining_kva,
        setpoint_w=suspension.setpoint_w,
        auxiliaries_kw=suspension.auxiliaries_kw,
    )
