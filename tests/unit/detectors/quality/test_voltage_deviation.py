from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.quality.voltage_deviation import VoltageDeviation
from pipeline.messages import summary
from pipeline.model import Episode, MeterId, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, Wiring
from tests.fix_windows import grid, volts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ONE_PHASE = Registry(meters=(Meter(id=MeterId("m"), wiring=Wiring.ONE_PHASE),))
NAN = np.nan


def _found(
    values: list[float],
    registry: Registry = ONE_PHASE,
    quantity: Quantity = Quantity.VOLTAGE_A,
    ratio: float = 1.0,
) -> list[Episode]:
    starts_at = grid(BEGIN, len(values) / 96)
    return list(
        VoltageDeviation().detect(volts(starts_at, {quantity: [values]}, step_kwh=0.01 * ratio), registry)
    )


def _at(slot: int) -> datetime:
    return BEGIN + slot * timedelta(minutes=15)


def test_two_low_points_make_one_episode_with_its_lowest_value() -> None:
    (episode,) = _found([221, 197, 190, 220, 221, 221, 221, 221])
    assert episode.verdict is Verdict.ABNORMAL
    assert (episode.starts_at, episode.ends_at) == (_at(1), _at(3))
    assert episode.message == "episode.undervoltage"
    assert episode.parameters["extreme_v"] == 190
    assert episode.parameters["limit_v"] == 198.0
    assert episode.evidence["standard"] == "GB/T 12325-2008 4.3"
    samples: Any = episode.evidence["samples"]
    assert [value for _, value in samples] == [221, 197, 190, 220, 221, 221, 221]
    assert summary(episode) == "Supply voltage A under its band: 190.0 V against at least 198.0 V for 30 min"


def test_high_points_are_found_too() -> None:
    (episode,) = _found([221, 236, 240, 237, 221])
    assert episode.message == "episode.overvoltage"
    assert episode.parameters["extreme_v"] == 240
    assert episode.evidence["extreme_at"] == _at(2).isoformat()


def test_one_point_outside_does_not_fire() -> None:
    assert _found([221, 190, 221, 240, 221]) == []


def test_a_low_and_a_high_point_in_a_row_are_no_stretch() -> None:
    assert _found([221, 190, 240, 221]) == []


@pytest.mark.parametrize("limit_v", [198.0, 235.4])
def test_the_limit_itself_is_inside_the_band(limit_v: float) -> None:
    assert _found([limit_v] * 4) == []


def test_a_stretch_ends_only_when_the_voltage_is_well_inside() -> None:
    # 198 V is the limit and 1 % of 220 V the margin: 199 V does not end it, 201 V does.
    (episode,) = _found([220, 195, 195, 199, 195, 195, 201, 220])
    assert (episode.starts_at, episode.ends_at) == (_at(1), _at(6))
    assert episode.parameters["minutes"] == 60
    assert episode.score == 0.8


def test_an_episode_belongs_to_the_service_point_where_the_meter_hung_when_it_began() -> None:
    moved_at = _at(4)
    meter = Meter(id=MeterId("m"), wiring=Wiring.ONE_PHASE)
    registry = Registry(
        meters=(meter,),
        installations=(
            Installation(meter=meter.id, service_point="new", starts_at=moved_at),
            Installation(meter=meter.id, service_point="old", ends_at=moved_at),
            Installation(meter=MeterId("other"), service_point="elsewhere"),
        ),
    )
    found = _found([220, 195, 195, 220, 220, 195, 195, 220], registry)
    assert [episode.service_point for episode in found] == ["old", "new"]


def test_an_episode_of_a_meter_that_hangs_nowhere_has_no_service_point() -> None:
    (episode,) = _found([220, 195, 195, 220])
    assert episode.service_point is None


def test_two_stretches_with_recovery_between_are_two_episodes() -> None:
    found = _found([220, 195, 195, 210, 210, 195, 195, 220])
    assert [episode.starts_at for episode in found] == [_at(1), _at(5)]
    assert len({episode.id for episode in found}) == 2


def test_a_stretch_at_the_end_of_the_data_stays_open() -> None:
    (episode,) = _found([220, 195, 195, NAN])
    assert episode.ends_at is None
    assert episode.detected_at == _at(3)


def test_a_short_gap_does_not_end_a_stretch_and_a_long_one_does() -> None:
    (episode,) = _found([220, 195, 195, NAN, NAN, 195, 195, 220])
    assert (episode.starts_at, episode.ends_at) == (_at(1), _at(7))
    assert episode.evidence["points_missing"] == 2
    found = _found([220, 195, 195, NAN, NAN, NAN, NAN, 195, 195, 220])
    assert [(e.starts_at, e.ends_at) for e in found] == [(_at(1), _at(3)), (_at(7), _at(9))]


def test_a_gap_between_two_low_points_is_not_two_in_a_row() -> None:
    assert _found([220, 195, NAN, 195, 220]) == []


def test_a_voltage_near_zero_is_a_loss_and_not_a_deviation() -> None:
    assert _found([220, 0, 0, 0, 131, 220]) == []
    assert len(_found([220, 133, 133, 220])) == 1


def test_the_band_follows_the_points_own_nominal_voltage() -> None:
    registry = Registry(
        meters=(
            Meter(id=MeterId("m"), wiring=Wiring.ONE_PHASE, nominal_voltage_v=230.0, rated_voltage_v=230.0),
        )
    )
    assert _found([240.0, 245.0, 246.1, 207.0], registry) == []
    assert len(_found([240.0, 247.0, 247.0, 240.0], registry)) == 1


def test_a_four_wire_meter_is_judged_by_phase_and_to_seven_percent() -> None:
    registry = Registry(meters=(Meter(id=MeterId("m")),))
    (episode,) = _found([220, 204, 204, 220], registry, Quantity.VOLTAGE_C)
    assert episode.parameters["phase"] == "C"
    assert episode.evidence["low_v"] == 204.6


def test_a_three_wire_meter_is_judged_by_line_voltages_only() -> None:
    meter = Meter(
        id=MeterId("m"),
        wiring=Wiring.THREE_PHASE_THREE_WIRE,
        rated_voltage_v=100.0,
        nominal_voltage_v=10_000.0,
    )
    registry = Registry(meters=(meter,), ratios=(Ratio(meter=meter.id, pt=100.0),))
    (episode,) = _found([100, 108, 108, 100], registry, Quantity.VOLTAGE_BC, 100.0)
    assert episode.parameters["phase"] == "BC"
    assert episode.evidence["high_v"] == 107.0
    assert _found([100, 108, 108, 100], registry, Quantity.VOLTAGE_B) == []


def test_a_meter_that_shows_primary_values_is_judged_on_the_primary_side() -> None:
    meter = Meter(
        id=MeterId("m"),
        wiring=Wiring.THREE_PHASE_THREE_WIRE,
        rated_voltage_v=100.0,
        nominal_voltage_v=10_000.0,
    )
    registry = Registry(meters=(meter,), ratios=(Ratio(meter=meter.id, pt=100.0),))
    (episode,) = _found([10_000, 10_800, 10_800, 10_000], registry, Quantity.VOLTAGE_AB)
    assert episode.evidence["high_v"] == 10_700.0


def test_the_ratio_in_force_decides_which_side_the_nominal_voltage_is_on() -> None:
    meter = Meter(
        id=MeterId("m"),
        wiring=Wiring.THREE_PHASE_THREE_WIRE,
        rated_voltage_v=100.0,
        nominal_voltage_v=10_000.0,
    )
    ratios = (
        Ratio(meter=meter.id, pt=100.0, starts_at=BEGIN - timedelta(days=1)),
        Ratio(meter=meter.id, pt=60.0, starts_at=BEGIN - timedelta(days=100)),
        Ratio(meter=meter.id, pt=35.0, starts_at=BEGIN + timedelta(days=1)),
    )
    registry = Registry(meters=(meter,), ratios=ratios)
    assert _found([100, 100, 100], registry, Quantity.VOLTAGE_AB, 100.0) == []


def test_a_meter_that_the_archive_lacks_is_not_judged() -> None:
    assert _found([100, 100, 100], Registry()) == []


def test_other_meters_are_untouched_by_a_bad_one() -> None:
    registry = Registry(meters=tuple(Meter(id=MeterId(m), wiring=Wiring.ONE_PHASE) for m in ("a", "b")))
    starts_at = grid(BEGIN, 4 / 96)
    matrix = volts(
        starts_at, {Quantity.VOLTAGE_A: [[220, 220, 220, 220], [190, 190, 190, 220]]}, meters=("a", "b")
    )
    (episode,) = VoltageDeviation().detect(matrix, registry)
    assert episode.meter == "b"
