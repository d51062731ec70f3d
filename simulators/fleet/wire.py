"""Gives the simulated meters of a fleet their wire sides: DL/T 645, Modbus, or a gateway's MQTT messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import resources

from pipeline.errors import ConfigError
from protocols.modbus.framing import Framing
from protocols.profile import Profile, parse_profile
from simulators.dlt645.conditions import Ratings
from simulators.dlt645_meter import Dlt645Meter
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.fleet.plan import BusPlan, GatewayPlan, MeterPlan
from simulators.fleet.serving import Gateway, GatewayMaker, SlaveMaker
from simulators.fleet.times import traits_of
from simulators.line import Slave
from simulators.modbus_meter import ModbusMeter
from simulators.mqtt_devices import MqttDevices, Routine
from simulators.mqtt_gateway import OWN_DIALECT, GatewayOptions, MqttGateway
from simulators.mqtt_link import Broker
from simulators.mqtt_manner import Device, Surroundings, manners
from simulators.sunspec_meter import SunSpecMeter

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of the clock on the wall."""
    return datetime.now(UTC)


def slave_maker(fleet: Fleet, clock: Clock = utc_now) -> SlaveMaker:
    """Return what makes the wire side of a fleet's meters on buses, with ``clock`` as their own."""

    def make(bus: BusPlan, meter: SimulatedMeter) -> Slave:
        profile = _profile_of(meter.plan)
        unit, framing = int(meter.plan.address or 0), Framing(bus.framing) if bus.framing else None
        if profile.protocol == "modbus-sunspec":
            return SunSpecMeter(unit, meter.model, clock, framing=framing)
        if bus.protocol == "modbus":
            ct, pt = meter.plan.ct, meter.plan.pt
            return ModbusMeter(unit, profile, meter.model, clock, framing=framing, ct=ct, pt=pt)
        speaks = Dlt645Meter1997 if profile.protocol == "dlt645-1997" else Dlt645Meter
        return speaks(
            meter.plan.address or "",
            meter.model,
            clock,
            wiring=meter.plan.wiring,
            zone=fleet.plan.zone,
            load_record_minutes=profile.load_record_minutes or 15,
            memory_from=fleet.memory_from if profile.load_record_minutes else None,
            ratings=Ratings(
                voltage_v=meter.plan.rated_voltage_v,
                basic_current_a=meter.plan.rated_current_a,
                max_current_a=meter.plan.max_current_a,
                ct=meter.plan.ct,
                pt=meter.plan.pt,
            ),
            traits=traits_of(meter.plan.traits, fleet.plan.zone, fleet.now),
            handlings=meter.world.handlings,
        )

    return make


def gateway_maker(fleet: Fleet, broker: tuple[str, int], clock: Clock = utc_now) -> GatewayMaker:
    """Return what makes a fleet's gateways, which publish to the broker at (host, port)."""
    host, port = broker

    def make(gateway: GatewayPlan, meters: Sequence[SimulatedMeter]) -> Gateway:
        if gateway.dialect != OWN_DIALECT:
            return _devices(fleet, gateway, meters, Broker(host=host, port=port), clock)
        options = GatewayOptions(
            host=host,
            port=port,
            topic=gateway.topic,
            every_s=fleet.plan.live_every_s,
            stored_from=fleet.memory_from,
            zone=fleet.plan.zone,
            faults=gateway.faults,
            seed=fleet.plan.seed,
        )
        return MqttGateway(gateway.id, {meter.id: meter.model for meter in meters}, options, clock)

    return make


def _devices(
    fleet: Fleet, gateway: GatewayPlan, meters: Sequence[SimulatedMeter], broker: Broker, clock: Clock
) -> MqttDevices:
    around = Surroundings(
        gateway=gateway.id,
        topic=gateway.topic,
        devices=[Device(meter=m.id, model=m.model, wiring=m.plan.wiring) for m in meters],
        zone=fleet.plan.zone,
        stored_from=fleet.memory_from,
    )
    routine = Routine(every_s=fleet.plan.live_every_s, faults=gateway.faults, seed=fleet.plan.seed)
    return MqttDevices(around, manners.get(gateway.dialect), broker, routine, clock)


def _profile_of(meter: MeterPlan) -> Profile:
    """Return the profile of a meter on a bus.

    Raises:
        ConfigError: If the project has no such profile.
    """
    folder = resources.files("protocols").joinpath("profiles")
    file = folder.joinpath(f"{meter.profile}.toml")
    if not file.is_file():
        known = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
        raise ConfigError(
            f"meter {meter.id} of the fleet: no profile {meter.profile!r}; known: {', '.join(known)}"
        )
    return parse_profile(file.read_text("utf-8"), meter.profile or "")
