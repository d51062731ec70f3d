from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.quantities import Quantity
from simulators.fleet.build import Fleet, Model, SimulatedMeter, build_fleet, load_fleet
from simulators.fleet.faulty_slaves import ClockedModel, Deaf, faulty_slave_maker
from simulators.fleet.plan import BusPlan
from simulators.fleet.serving import SlaveMaker
from simulators.physics.meter_clock import ClockChange, MeterClock
from simulators.physics.window import Window

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)


class Watch:
    """A slave that answers with its own time and its register at that time."""

    def __init__(self, model: Model, clock: Callable[[], datetime]) -> None:
        self.model, self.clock = model, clock

    def receive(self, data: bytes) -> bytes:
        return data + self.clock().isoformat().encode()

    def load_record(self, instant: datetime) -> Mapping[Quantity, float]:
        return self.model.read(instant)


def maker_at(clock: Callable[[], datetime]) -> SlaveMaker:
    return lambda _bus, meter: Watch(meter.model, clock)


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(load_fleet("lab"), NOW)


def made(fleet: Fleet, name: str, now: datetime = NOW) -> Watch | Deaf:
    (meter,) = [m for m in fleet.meters if m.id == name]
    (bus,) = [b for b in fleet.plan.buses if b.id == meter.plan.line]
    slave = faulty_slave_maker(maker_at, lambda: now)(bus, meter)
    assert isinstance(slave, Watch | Deaf)
    return slave


def test_an_honest_meter_is_left_alone(lab: Fleet) -> None:
    assert isinstance(made(lab, "LAB-H1"), Watch)


@pytest.mark.parametrize("name", ["BCOM-1", "BCOM-2"], ids=["silent", "without power"])
def test_a_silent_or_dark_meter_does_not_answer_in_its_window_only(lab: Fleet, name: str) -> None:
    (truth,) = [t for t in lab.truth if t.meter == name and t.deed in {"silent", "outage"}]
    assert truth.ends_at is not None
    for now, answers in (
        (truth.starts_at - timedelta(seconds=1), True),
        (truth.starts_at, False),
        (truth.ends_at - timedelta(seconds=1), False),
        (truth.ends_at, True),
    ):
        assert bool(made(lab, name, now).receive(b"?")) is answers


def test_a_wrong_clock_tells_its_own_time_and_stores_under_it(lab: Fleet) -> None:
    (truth,) = [t for t in lab.truth if t.meter == "BCLK-1" and t.deed == "clock_jump"]
    now = truth.starts_at + timedelta(hours=20)
    slave = made(lab, "BCLK-1", now)
    assert isinstance(slave, Watch)
    shown = now + timedelta(minutes=7)
    assert slave.receive(b"") == shown.isoformat().encode()
    (meter,) = [m for m in lab.meters if m.id == "BCLK-1"]
    noted = truth.starts_at + timedelta(hours=10)
    stored = slave.load_record(noted)[Quantity.ACTIVE_ENERGY_IMPORT]
    assert stored == meter.model.read(noted - timedelta(minutes=7))[Quantity.ACTIVE_ENERGY_IMPORT]
    # Its clock jumped over these minutes: there is no such record.
    assert slave.load_record(truth.starts_at + timedelta(minutes=3)) == {}


def test_the_line_of_a_meter_does_not_matter(lab: Fleet) -> None:
    (meter,) = [m for m in lab.meters if m.id == "BCOM-1"]
    bus = replace(lab.plan.buses[0], id="elsewhere")

    def make(_bus: BusPlan, simulated: SimulatedMeter) -> Watch:
        return Watch(simulated.model, lambda: NOW)

    assert isinstance(faulty_slave_maker(lambda _clock: make, lambda: NOW)(bus, meter), Deaf)


def test_what_happens_at_a_meter_is_told_by_the_clock_that_it_goes_by(lab: Fleet) -> None:
    """Nothing planted is missed because the clock is seven minutes ahead."""
    (meter,) = [m for m in lab.meters if m.id == "B4V-1"]
    truth = next(t for t in lab.truth if t.meter == "B4V-1" and t.deed == "voltage")
    ahead = ClockChange(
        window=Window(starts_at=truth.starts_at - timedelta(days=1), ends_at=NOW), jump_s=420.0
    )
    model = ClockedModel(meter.model, MeterClock([ahead], lambda: NOW))
    shown = truth.starts_at + timedelta(minutes=7)
    around = (shown - timedelta(minutes=1), shown + timedelta(minutes=1))
    assert model.changes(*around) == [shown]
    assert list(meter.model.changes(*around)) == []
