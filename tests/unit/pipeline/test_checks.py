from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest

from pipeline.checks import check
from pipeline.model import MeterId, Quality, Snapshot, Value
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Wiring

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
METER = Meter(id=MeterId("m"), rated_voltage_v=220.0, max_current_a=60.0)


def _checked(values: dict[Quantity, Value], taken_at: datetime = NOW, meter: Meter = METER) -> Snapshot:
    snapshot = Snapshot(meter=meter.id, taken_at=taken_at, received_at=NOW, values=values)
    return check(snapshot, meter, NOW)


def test_a_possible_snapshot_is_returned_as_it_is() -> None:
    snapshot = Snapshot(
        meter=METER.id,
        taken_at=NOW,
        received_at=NOW,
        values={Quantity.VOLTAGE_A: 221.0, Quantity.ACTIVE_ENERGY_IMPORT: 1234.56},
    )
    assert check(snapshot, METER, NOW) is snapshot


@pytest.mark.parametrize(
    ("quantity", "possible", "impossible"),
    [
        (Quantity.VOLTAGE_A, 440.0, 440.1),
        (Quantity.VOLTAGE_AB, 762.0, 762.2),
        (Quantity.CURRENT_B, -120.0, -120.1),
        (Quantity.CURRENT_N, 120.0, 120.1),
        (Quantity.POWER_FACTOR, -1.0005, -1.0006),
        (Quantity.POWER_FACTOR_C, 1.0, 1.001),
        (Quantity.FREQUENCY, 40.0, 39.9),
        (Quantity.FREQUENCY, 70.0, 70.1),
    ],
)
def test_an_impossible_value_is_flagged_and_kept(
    quantity: Quantity, possible: float, impossible: float
) -> None:
    assert _checked({quantity: possible}).flags == {}
    checked = _checked({quantity: impossible, Quantity.TEMPERATURE: 21.0})
    assert checked.flags == {quantity: Quality.OUT_OF_RANGE}
    assert checked.values == {quantity: impossible, Quantity.TEMPERATURE: 21.0}


def test_a_three_wire_meter_is_rated_by_its_line_voltage() -> None:
    meter = Meter(id=MeterId("m"), wiring=Wiring.THREE_PHASE_THREE_WIRE, rated_voltage_v=100.0)
    assert _checked({Quantity.VOLTAGE_AB: 199.0}, meter=meter).flags == {}
    assert _checked({Quantity.VOLTAGE_AB: 201.0}, meter=meter).flags


@pytest.mark.parametrize("value", [nan, inf, -inf, (100.0, nan)])
def test_what_is_no_number_is_taken_out_and_its_neighbours_stay(value: Value) -> None:
    quantity = Quantity.VOLTAGE_HARMONIC_A if isinstance(value, tuple) else Quantity.VOLTAGE_A
    checked = _checked({quantity: value, Quantity.VOLTAGE_B: 220.0})
    assert checked.values == {Quantity.VOLTAGE_B: 220.0}
    assert checked.flags == {quantity: Quality.NOT_A_NUMBER}


def test_a_time_ahead_of_its_arrival_is_flagged() -> None:
    values: dict[Quantity, Value] = {Quantity.VOLTAGE_A: 220.0}
    assert _checked(values, NOW + timedelta(seconds=59)).quality is Quality.GOOD
    assert _checked(values, NOW + timedelta(hours=1)).quality is Quality.FUTURE_TIME


def test_earlier_flags_stay() -> None:
    snapshot = Snapshot(
        meter=METER.id,
        taken_at=NOW,
        received_at=NOW,
        values={Quantity.VOLTAGE_A: 900.0},
        flags={Quantity.VOLTAGE_A: Quality.STALE, Quantity.CURRENT_A: Quality.NOT_BCD},
        quality=Quality.PARTIAL,
    )
    checked = check(snapshot, METER, NOW)
    assert checked.flags == {
        Quantity.VOLTAGE_A: Quality.STALE | Quality.OUT_OF_RANGE,
        Quantity.CURRENT_A: Quality.NOT_BCD,
    }
    assert checked.quality is Quality.PARTIAL
