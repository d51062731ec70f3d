"""A value is written as a metering engineer would write it down."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.quantities import Quantity
from services.shown_values import shown_time, shown_unit, shown_value

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quantity", "value", "shown"),
    [
        (Quantity.ACTIVE_ENERGY_IMPORT, 12345678.91, "12345678.91"),
        (Quantity.VOLTAGE_A, 225.6177063, "225.6177"),
        (Quantity.VOLTAGE_A, 0.0, "0"),
        (Quantity.STATUS_WORDS, (0.0, 16.0, 65535.0), "0000 0010 FFFF"),
        (Quantity.VOLTAGE_HARMONIC_A, (float("nan"), 99.99, 0.0, 0.92), "- 99.99 0 0.92"),
        (Quantity.MAX_DEMAND_IMPORT_AT, AT.timestamp(), "2026-11-25 20:00:00+08:00"),
    ],
)
def test_values_are_shown_by_their_kind(
    quantity: Quantity, value: float | tuple[float, ...], shown: str
) -> None:
    assert shown_value(quantity, value, SHANGHAI) == shown


def test_times_are_of_the_meter_s_zone_in_summer_and_winter() -> None:
    assert shown_time(AT, BERLIN) == "2026-11-25 13:00:00+01:00"
    assert shown_time(AT.replace(month=7), BERLIN) == "2026-07-25 14:00:00+02:00"


def test_a_ratio_has_no_unit() -> None:
    assert shown_unit(Quantity.POWER_FACTOR) == ""
    assert shown_unit(Quantity.VOLTAGE_A) == "V"
