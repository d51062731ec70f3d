"""The archive (档案) that belongs to a fleet: what the utility knows about the simulated meters."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import (
    Area,
    BasicCharge,
    Bus,
    Contract,
    Installation,
    Meter,
    MqttSource,
    Ratio,
    Registry,
    Schedule,
    ServicePoint,
    Suspension,
    SuspensionKind,
    Wiring,
)
from simulators.fleet import Fleet, instant_of
from simulators.fleet_plan import MeterPlan, SuspensionPlan

TWO_PART_KVA = 315.0
"""From this capacity on industry pays a basic charge (两部制电价): the 315 kVA threshold."""
MQTT_DIALECT = "kilowatch"
READ_GROUPS = (Group.REGISTER, Group.ELECTRICAL)


def archive_of(fleet: Fleet, bus_urls: Mapping[str, str]) -> Registry:
    """Return the registry of a fleet, as a utility would keep it.

    Args:
        fleet: The fleet, placed in time.
        bus_urls: Where each bus listens, ``tcp://host:port``; known once it is served.
    """
    plan = fleet.plan
    plans = [meter.plan for meter in fleet.meters]
    return Registry(
        meters=[_meter(fleet, meter) for meter in plans],
        installations=[_installation(fleet, meter) for meter in plans],
        ratios=[
            Ratio(meter=MeterId(meter.id), ct=meter.ct, pt=meter.pt)
            for meter in plans
            if meter.ct * meter.pt != 1
        ],
        service_points=[
            ServicePoint(
                id=meter.service_point, name=meter.customer, customer=meter.customer, area=meter.area
            )
            for meter in plans
        ],
        areas=[Area(id=area.id, name=area.name, zone=plan.zone) for area in plan.areas],
        contracts=[_contract(meter) for meter in plans if meter.capacity_kva is not None],
        suspensions=[_suspension(fleet, suspension) for suspension in plan.suspensions],
        buses=[
            Bus(id=bus.id, url=bus_urls[bus.id], timeout_s=bus.timeout_s, retries=bus.retries)
            for bus in plan.buses
        ],
        schedules=[Schedule(group=group.value, every_s=plan.live_every_s) for group in READ_GROUPS],
        mqtt_sources=[
            MqttSource(
                id=gateway.id,
                topic=gateway.topic,
                dialect=MQTT_DIALECT,
                every_s=plan.live_every_s,
                meters=tuple(meter.id for meter in fleet.on(gateway.id)),
            )
            for gateway in plan.gateways
        ],
    )


def _meter(fleet: Fleet, meter: MeterPlan) -> Meter:
    return Meter(
        id=MeterId(meter.id),
        wiring=meter.wiring,
        rated_voltage_v=meter.rated_voltage_v,
        # The supply point's own voltage: what stands before the transformers.
        nominal_voltage_v=meter.rated_voltage_v * meter.pt,
        rated_current_a=5.0 if meter.wiring is Wiring.ONE_PHASE else 1.5,
        max_current_a=meter.max_current_a,
        zone=fleet.plan.zone,
    )


def _installation(fleet: Fleet, meter: MeterPlan) -> Installation:
    on_bus = meter.line in {bus.id for bus in fleet.plan.buses}
    return Installation(
        meter=MeterId(meter.id),
        service_point=meter.service_point,
        bus=meter.line if on_bus else None,
        address=meter.address,
        profile=meter.profile,
    )


def _contract(meter: MeterPlan) -> Contract:
    capacity = meter.capacity_kva or 0.0
    return Contract(
        service_point=meter.service_point,
        capacity_kva=meter.capacity_kva,
        basic_charge=BasicCharge.CAPACITY if capacity >= TWO_PART_KVA else BasicCharge.NONE,
        category=meter.category,
        supply_voltage_kv=meter.supply_voltage_kv,
    )


def _suspension(fleet: Fleet, suspension: SuspensionPlan) -> Suspension:
    zone, now = fleet.plan.zone, fleet.now
    return Suspension(
        id=suspension.id,
        service_point=f"SP-{suspension.meter}",
        kind=SuspensionKind.STOP,
        starts_at=instant_of(suspension.starts, zone, now),
        ends_at=None if suspension.ends is None else instant_of(suspension.ends, zone, now),
        remaining_kva=suspension.remaining_kva,
        setpoint_w=suspension.setpoint_w,
        auxiliaries_kw=suspension.auxiliaries_kw,
    )
