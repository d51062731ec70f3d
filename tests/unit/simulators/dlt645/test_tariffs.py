from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.dlt645.core import MeterCore
from simulators.dlt645.tariffs import read_tables
from tests.unit.simulators.dlt645.bench import NOW, Clock, core, digits, wire

ZONE = ZoneInfo("Asia/Shanghai")


def local(hour: int, minute: int = 0, day: int = 10, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def put(meter: MeterCore, di: str, *entries: str) -> None:
    content = b"".join(digits(entry) for entry in entries)
    content += content[-3:] * (14 - len(entries)) if len(entries) > 1 else b""
    assert not meter.parameters.write(wire(di), content)
    meter.tariffs.changed()


@pytest.mark.parametrize(
    ("hour", "minute", "rate"), [(0, 0, 4), (6, 59, 4), (7, 0, 3), (10, 59, 2), (19, 0, 1), (23, 30, 4)]
)
def test_the_factory_periods_run_by_the_meters_clock(hour: int, minute: int, rate: int) -> None:
    assert core().tariffs.rate_at(local(hour, minute)) == rate


def test_zones_choose_the_day_table_and_the_last_zone_runs_over_new_year() -> None:
    meter = core()
    put(meter, "04010002", "000001", "120002")
    put(meter, "04010000", "030102", "100101")
    tables = read_tables(meter.parameters, 1, 1)
    assert tables.periods_of(local(1, day=1, month=4).date()) == [(0, 1), (720, 2)]
    assert len(tables.periods_of(local(1, day=1, month=12).date())) == 8
    assert len(tables.periods_of(local(1, day=28, month=2).date())) == 8


def test_before_its_first_period_a_day_goes_on_with_the_last() -> None:
    meter = core()
    put(meter, "04010001", "060001", "220004")
    later = local(3, day=11)
    assert [meter.tariffs.rate_at(later.replace(hour=h)) for h in (3, 6, 22)] == [4, 1, 4]


def test_a_rest_day_has_its_own_table() -> None:
    meter = core()
    put(meter, "04000801", "7E")  # bit 0, Sunday, rests
    put(meter, "04000802", "02")
    put(meter, "04010002", "000003", "120003")
    assert meter.tariffs.rate_at(local(9, day=15)) == 3  # a Sunday
    assert meter.tariffs.rate_at(local(9, day=16)) == 2


def test_the_other_set_runs_from_the_switch_time_on() -> None:
    clock = Clock()
    meter = core(clock=clock)
    put(meter, "04020001", "000001", "120001")
    put(meter, "04000107", "2603110900")
    assert meter.tariffs.sets_at(local(8, 59, day=11)) == (1, 1)
    assert meter.tariffs.sets_at(local(9, day=11)) == (1, 2)
    assert meter.tariffs.rate_at(local(9, 30, day=11)) == 1
    assert meter.tariffs.next_change(local(8, 30, day=11)) == local(9, day=11)
    assert meter.tariffs.period_switches(NOW) == []
    assert meter.tariffs.period_switches(NOW + timedelta(days=2)) == [local(9, day=11)]


def test_the_next_change_is_a_period_or_midnight() -> None:
    tariffs = core().tariffs
    assert tariffs.next_change(local(10, 20)) == local(11)
    assert tariffs.next_change(local(23, 20)) == local(0, day=11)
