from datetime import UTC, datetime, timedelta

import pytest

from detectors.metering.parameter_series import Limits, band_of, held_values
from pipeline.model import MeterId
from pipeline.records import ParameterReading
from pipeline.registry import Meter, Ratio, Registry

METER = Meter(id=MeterId("m"), rated_voltage_v=57.7, rated_current_a=5.0)
AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Limits(least_voltage=70, most_voltage=90, least_current=0.5, most_current=5)


def _read(day: int, value: float, meter: MeterId = METER.id) -> ParameterReading:
    return ParameterReading(meter=meter, name="p", taken_at=AT + day * DAY, value=value)


def test_a_value_is_held_as_long_as_it_was_read() -> None:
    readings = [
        _read(2, 5.0),
        _read(0, 1.0),
        _read(1, 1.0),
        _read(3, float("nan")),
        _read(9, 7.0, MeterId("x")),
    ]
    ((key, (first, second)),) = held_values(readings, [METER.id]).items()
    assert key == (METER.id, "p")
    assert (first.value, first.first_at, first.last_at, first.before_at) == (1.0, AT, AT + DAY, None)
    assert (second.value, second.first_at, second.before_at) == (5.0, AT + 2 * DAY, AT + DAY)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("voltage_loss_trigger", 40.39, 51.93),
        ("voltage_loss_current", 0.025, 0.25),
        ("ct_ratio", 200.0, 200.0),
        ("pt_ratio", 100.0, 100.0),
    ],
)
def test_bands_follow_the_meter_s_own_ratings(name: str, least: float, most: float) -> None:
    """57.7 V and 5 A on the secondary side; ratios are those in force."""
    registry = Registry(
        meters=[METER],
        ratios=[
            Ratio(meter=METER.id, ct=80.0, pt=100.0, ends_at=AT),
            Ratio(meter=METER.id, ct=200.0, pt=100.0, starts_at=AT),
        ],
    )
    band = band_of(name, METER, registry, AT, LIMITS)[0]
    assert [band.least, band.most] == pytest.approx([least, most])
    assert band.holds(band.least)
    assert not band.holds(band.most + 0.1)


def test_nothing_is_laid_down_for_a_table() -> None:
    assert band_of("day_table_1", METER, Registry(), AT, LIMITS) == []
