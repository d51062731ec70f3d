import math
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.physics.conditions import Conditions
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig, MeterModel, feeder_for
from simulators.physics.shapes import LoadPlan, synthetic
from simulators.physics.supply import Feeder, VoltageEvent

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
CURVE = synthetic(
    LoadPlan(shape="two_shift", peak_kw=300, power_factor=0.9), START, START + timedelta(days=3), 5, seed=11
)
SOME = [START + timedelta(hours=h, seconds=37) for h in (0.2, 7.4, 13.0, 30.9, 70.1)]


def meter(**keys: Any) -> MeterModel:  # Any: keys of MeterConfig
    return MeterModel(MeterConfig(id=MeterId("M1"), **{"ct": 120.0, "base_kwh": 5000.0, **keys}), CURVE)


def by_hand_kwh(starts_at: datetime, ends_at: datetime) -> float:
    """Add the curve up second by second."""
    seconds = int((ends_at - starts_at).total_seconds())
    return sum(CURVE.power_kw(starts_at + timedelta(seconds=s)) for s in range(seconds)) / 3600


def test_the_register_grows_by_the_integral_of_the_power_over_the_ratio() -> None:
    model = meter(ct=40.0, pt=2.0)
    start, end = START + timedelta(hours=5, seconds=11), START + timedelta(hours=6, minutes=7, seconds=3)
    grown = model.read(end)[Quantity.ACTIVE_ENERGY_IMPORT] - model.read(start)[Quantity.ACTIVE_ENERGY_IMPORT]
    assert grown == pytest.approx(by_hand_kwh(start, end) / 80, rel=1e-9)


def test_registers_begin_at_their_base_and_export_stays_at_zero() -> None:
    shown = meter().read(START)
    assert shown[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(5000.0)
    assert shown[Quantity.ACTIVE_ENERGY_EXPORT] == 0.0
    assert shown[Quantity.ACTIVE_ENERGY_COMBINED] == shown[Quantity.ACTIVE_ENERGY_IMPORT]


@pytest.mark.parametrize("instant", SOME)
def test_rates_add_up_to_the_total(instant: datetime) -> None:
    shown = meter().read(instant)
    rates = [shown[Quantity(f"active_energy_import_t{n}")] for n in (1, 2, 3, 4)]
    assert sum(rates) == pytest.approx(shown[Quantity.ACTIVE_ENERGY_IMPORT], abs=1e-9)


@pytest.mark.parametrize("direction", ["import", "export"])
def test_the_phases_energies_add_up_to_the_total_and_follow_their_powers(direction: str) -> None:
    curve = LoadCurve.of(START, 15, [4.0, -8.0, -4.0, 6.0], [0.0, 1.0, 1.0, 2.0])
    model = MeterModel(MeterConfig(id=MeterId("M1"), phase_shares=(0.5, 0.3, 0.2)), curve)
    shown = model.read(START + timedelta(minutes=50))
    phases = [shown[Quantity(f"active_energy_{direction}_{phase}")] for phase in "abc"]
    total = {"import": 1.0 + 0.5, "export": 2.0 + 1.0}[direction]
    assert phases == pytest.approx([0.5 * total, 0.3 * total, 0.2 * total])
    assert sum(phases) == pytest.approx(shown[Quantity(f"active_energy_{direction}")])


def test_a_single_phase_meter_counts_in_phase_a_and_a_three_wire_one_in_none() -> None:
    one_phase, three_wire = meter(wiring=Wiring.ONE_PHASE), meter(wiring=Wiring.THREE_PHASE_THREE_WIRE)
    shown = one_phase.read(SOME[2])
    assert shown[Quantity.ACTIVE_ENERGY_IMPORT_A] == pytest.approx(shown[Quantity.ACTIVE_ENERGY_IMPORT])
    assert Quantity.ACTIVE_ENERGY_IMPORT_B not in shown
    assert Quantity.ACTIVE_ENERGY_IMPORT_A not in three_wire.read(SOME[2])


@pytest.mark.parametrize(
    ("local_hour", "rate"), [(3, 4), (7, 3), (9, 2), (12, 3), (14, 2), (19, 1), (20, 1), (21, 2), (23, 4)]
)
def test_only_the_rate_of_the_local_hour_grows(local_hour: int, rate: int) -> None:
    model = meter(zone=ZoneInfo("Asia/Shanghai"))
    before, after = (model.read(START + timedelta(hours=local_hour, minutes=m)) for m in (5, 50))
    grown = [
        n
        for n in (1, 2, 3, 4)
        if after[Quantity(f"active_energy_import_t{n}")] > before[Quantity(f"active_energy_import_t{n}")]
    ]
    assert grown == [rate]


@pytest.mark.parametrize("wiring", list(Wiring))
@pytest.mark.parametrize("instant", SOME)
def test_powers_voltages_and_currents_fit_each_other(wiring: Wiring, instant: datetime) -> None:
    three_wire = wiring is Wiring.THREE_PHASE_THREE_WIRE
    shown = meter(wiring=wiring, rated_voltage_v=100.0 if three_wire else 220.0).read(instant)
    phases = {"1P2W": "a", "3P3W": "ac", "3P4W": "abc"}[wiring]
    volts = (
        {"a": Quantity.VOLTAGE_AB, "c": Quantity.VOLTAGE_BC}
        if three_wire
        else {p: Quantity(f"voltage_{p}") for p in phases}
    )
    for quantity in ("active_power", "reactive_power"):
        total = sum(shown[Quantity(f"{quantity}_{p}")] for p in phases)
        assert total == pytest.approx(shown[Quantity(quantity)], rel=1e-9)
    for p in phases:
        apparent = shown[volts[p]] * shown[Quantity(f"current_{p}")] / 1000
        assert apparent == pytest.approx(shown[Quantity(f"apparent_power_{p}")], rel=1e-9)
        assert shown[Quantity(f"active_power_{p}")] == pytest.approx(
            apparent * shown[Quantity(f"power_factor_{p}")], rel=1e-9
        )
    assert shown[Quantity.ACTIVE_POWER] == pytest.approx(CURVE.power_kw(instant) / 120, rel=1e-9)
    assert shown[Quantity.APPARENT_POWER] == pytest.approx(
        math.hypot(shown[Quantity.ACTIVE_POWER], shown[Quantity.REACTIVE_POWER]), rel=1e-9
    )


def test_a_three_wire_meter_has_no_phase_b_and_a_single_phase_one_only_a() -> None:
    three_wire = meter(wiring=Wiring.THREE_PHASE_THREE_WIRE, rated_voltage_v=100.0).read(START)
    assert not {Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.CURRENT_B, Quantity.ACTIVE_POWER_B} & set(
        three_wire
    )
    one_phase = meter(wiring=Wiring.ONE_PHASE).read(START)
    assert not {Quantity.VOLTAGE_B, Quantity.VOLTAGE_C, Quantity.VOLTAGE_AB, Quantity.CURRENT_B} & set(
        one_phase
    )


def test_the_voltage_falls_under_load() -> None:
    loaded = feeder_for(CURVE, MeterConfig(id=MeterId("M1")), 0.03)
    peak = START + timedelta(minutes=5) * int(CURVE.active_kw.argmax())
    with_feeder, without = meter(feeder=loaded).read(peak), meter(feeder=Feeder()).read(peak)
    fall = (without[Quantity.VOLTAGE_A] - with_feeder[Quantity.VOLTAGE_A]) / 220
    assert fall == pytest.approx(0.03, rel=0.05)


def test_a_voltage_event_lasts_from_its_start_to_just_before_its_end() -> None:
    event = VoltageEvent(starts_at=START, ends_at=START + timedelta(hours=1), factor=0.8)
    plain = meter()
    hit = MeterModel(plain.config, CURVE, Conditions(voltage_events=[event]))
    for offset_s, factor in ((-1, 1.0), (0, 0.8), (3599, 0.8), (3600, 1.0)):
        instant = START + timedelta(seconds=offset_s)
        assert hit.read(instant)[Quantity.VOLTAGE_A] == pytest.approx(
            plain.read(instant)[Quantity.VOLTAGE_A] * factor
        )


def test_leading_load_counts_in_quadrant_four_and_export_in_its_own_register() -> None:
    curve = LoadCurve.of(START, 15, [4.0, -8.0, -4.0], [-2.0, 1.0, -3.0])
    shown = MeterModel(MeterConfig(id=MeterId("PV")), curve).read(START + timedelta(minutes=45))
    assert (shown[Quantity.ACTIVE_ENERGY_IMPORT], shown[Quantity.ACTIVE_ENERGY_EXPORT]) == (1.0, 3.0)
    quadrants = [shown[Quantity(f"reactive_energy_q{n}")] for n in (1, 2, 3, 4)]
    assert quadrants == [0.0, 0.25, 0.75, 0.5]
    assert shown[Quantity.REACTIVE_ENERGY_IMPORT] == 0.25
    assert shown[Quantity.REACTIVE_ENERGY_EXPORT] == 1.25


def test_maximum_demand_is_the_greatest_whole_quarter_of_the_month_so_far() -> None:
    curve = LoadCurve.of(START, 5, [3.0, 3.0, 6.0, 9.0, 0.0, 0.0, 2.0, 2.0, 2.0])
    model = MeterModel(MeterConfig(id=MeterId("M1")), curve)
    assert Quantity.MAX_DEMAND_IMPORT not in model.read(START + timedelta(minutes=14))
    shown = model.read(START + timedelta(minutes=45))
    assert shown[Quantity.MAX_DEMAND_IMPORT] == 4.0
    assert shown[Quantity.MAX_DEMAND_IMPORT_AT] == (START + timedelta(minutes=15)).timestamp()
    assert shown[Quantity.DEMAND_IMPORT] == 2.0


def test_maximum_demand_begins_anew_with_the_local_month() -> None:
    before_july = datetime(2024, 6, 30, 15, tzinfo=UTC)
    curve = LoadCurve.of(before_july, 15, [9.0] * 4 + [1.0] * 4)
    model = MeterModel(MeterConfig(id=MeterId("M1"), zone=ZoneInfo("Asia/Shanghai")), curve)
    assert model.read(before_july + timedelta(minutes=60))[Quantity.MAX_DEMAND_IMPORT] == 9.0
    assert model.read(before_july + timedelta(minutes=75))[Quantity.MAX_DEMAND_IMPORT] == 1.0
