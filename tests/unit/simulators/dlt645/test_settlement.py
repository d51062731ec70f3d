from datetime import datetime
from zoneinfo import ZoneInfo

from tests.unit.simulators.dlt645.bench import NOW, core, digits, wire

ZONE = ZoneInfo("Asia/Shanghai")


def test_the_last_settlements_are_those_of_the_parameters() -> None:
    meter = core()
    assert meter.settlement.before(NOW, 2) == [
        datetime(2026, 3, 1, tzinfo=ZONE),
        datetime(2026, 2, 1, tzinfo=ZONE),
    ]
    meter.parameters.write(wire("04000B02"), digits("1508"))
    assert meter.settlement.before(NOW, 3) == [
        datetime(2026, 3, 1, tzinfo=ZONE),
        datetime(2026, 2, 15, 8, tzinfo=ZONE),
        datetime(2026, 2, 1, tzinfo=ZONE),
    ]


def test_days_that_are_none_are_not_settled() -> None:
    meter = core()
    for content in ("9999", "3000", "0124"):
        meter.parameters.write(wire("04000B01"), digits(content))
        assert meter.settlement.before(NOW) == []


def test_twelve_settlements_go_back_over_the_year() -> None:
    passed = core().settlement.before(NOW)
    assert len(passed) == 12
    assert passed[-1] == datetime(2025, 4, 1, tzinfo=ZONE)
