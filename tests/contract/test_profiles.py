"""Every meter profile that comes with the project can be read back from a simulated meter of that model."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.model import Value
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.modbus.driver import modbus_driver, with_framing
from protocols.modbus.framing import Framing
from protocols.modbus.registers import register_count
from protocols.profile import Profile, Side, Trust
from protocols.session import NEED_DATA, Answer, drivers
from services.wiring import load_profiles
from simulators.modbus_meter import ModbusMeter

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CT, PT = 40.0, 10.0
MODBUS = [profile for profile in load_profiles().values() if profile.protocol == "modbus"]
DTSU666 = Path("tests") / "data" / "dtsu666_registers.csv"

each_profile = pytest.mark.parametrize("profile", MODBUS, ids=lambda profile: profile.name)


class Model:
    """A plausible meter, secondary side; every quantity has a value of its own."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        shown = {quantity: 1.0 + 0.01 * place for place, quantity in enumerate(Quantity)}
        shown |= {q: 220.0 + 0.1 * n for n, q in enumerate(Quantity) if q.value.startswith("voltage_")}
        shown |= {q: 0.9 for q in Quantity if q.value.startswith("power_factor")}
        return shown | {Quantity.FREQUENCY: 50.02, Quantity.ACTIVE_ENERGY_IMPORT: 1234.5}


def read_all(profile: Profile, wiring: Wiring, meter: ModbusMeter) -> dict[Quantity, Value]:
    driver = modbus_driver(profile, wiring, DEFAULT_ZONE)
    session = driver.session("5")
    values: dict[Quantity, Value] = {}
    for query in driver.plan(profile.quantities):
        session.receive_data(meter.receive(session.ask(query)))
        event = session.next_event()
        assert event is not NEED_DATA
        assert isinstance(event, Answer), event
        assert event.deviations == ()
        values |= event.values
    return values


def resolution(profile: Profile, quantity: Quantity) -> float:
    """Return one step of a whole-number register on the side on which the value ends."""
    point = next(point for point in profile.points if point.quantity is quantity)
    own = {"ct": CT, "pt": PT}
    step = 0.0 if point.type == "float32" else point.scale
    for name in point.ratio:
        step *= own[name]
    return step


def factor(profile: Profile, quantity: Quantity) -> float:
    """Return what turns the model's secondary value into what the profile gives."""
    if profile.side is Side.SECONDARY:
        return 1.0
    both = dict.fromkeys(("kW", "kvar", "kVA", "kWh", "kvarh", "kVAh"), CT * PT)
    return {"V": PT, "A": CT, **both}.get(quantity.unit, 1.0)


@each_profile
@pytest.mark.parametrize("wiring", list(Wiring))
@pytest.mark.parametrize("framing", list(Framing))
def test_what_the_meter_shows_is_what_is_read(profile: Profile, wiring: Wiring, framing: Framing) -> None:
    profile = with_framing(profile, framing)
    meter = ModbusMeter(5, profile, Model(), lambda: NOW, framing=framing, ct=CT, pt=PT)
    values = read_all(profile, wiring, meter)
    meant = {p.quantity for p in profile.points if not p.wiring or wiring.value in p.wiring}
    assert set(values) == meant
    shown = Model().read(NOW)
    for quantity, value in values.items():
        expected = shown[quantity] * factor(profile, quantity)
        step = resolution(profile, quantity)
        assert value == pytest.approx(expected, rel=2e-7, abs=step / 2 + 1e-9), quantity


@each_profile
def test_no_two_points_stand_on_the_same_registers(profile: Profile) -> None:
    taken: dict[tuple[int, int], str] = {}
    for point in profile.points:
        for offset in range(register_count(point.type)):
            key = (point.function, point.address + offset)
            assert key not in taken, f"{point.quantity} and {taken[key]}"
            taken[key] = point.quantity.value


@pytest.mark.parametrize("profile", load_profiles().values(), ids=lambda profile: profile.name)
def test_a_profile_says_where_it_is_from_and_makes_a_driver(profile: Profile) -> None:
    assert len(profile.source) > 20
    assert profile.quantities
    assert bool(profile.vendor) == bool(profile.models)
    if profile.trust is Trust.CROSS_CHECKED:
        assert not all(point.single_source for point in profile.points)
    for wiring in Wiring:
        assert drivers.get(profile.protocol)(profile, wiring, DEFAULT_ZONE).plan(profile.quantities)


def test_the_dtsu666_stands_where_its_register_table_says() -> None:
    names = {"u": "voltage", "i": "current", "p": "active_power", "q": "reactive_power", "pf": "power_factor"}
    rows = {row["key"]: row for row in csv.DictReader(DTSU666.read_text(encoding="utf-8").splitlines())}
    profile = load_profiles()["chint_dtsu666"]
    points = {point.quantity.value: point for point in profile.points}
    checked = 0
    for key, row in rows.items():
        stem, _, phase = key.partition("_")
        name = names.get(stem, "") + (f"_{phase}" if phase else "")
        point = points.get(name)
        if point is not None and row["type"] == "float32":
            kilo = 1000 if row["unit"] in ("W", "var") else 1
            assert (point.address, point.function) == (int(row["address_hex"], 16), int(row["fc"]))
            assert point.scale == pytest.approx(float(row["scale"]) / kilo)
            assert {"-": (), "CT": ("ct",), "VT": ("pt",), "CT*VT": ("ct", "pt")}[row["ratio"]] == point.ratio
            checked += 1
    assert checked >= 20
