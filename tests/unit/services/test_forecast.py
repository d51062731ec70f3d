"""Forecasts out of files and out of the database: one meter's trouble costs no other meter anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from pipeline.block import Times
from pipeline.contracts import BasicCharge, Contract
from pipeline.errors import ConfigError, DataError
from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.registry import Area, Installation, Meter, Registry, Role, ServicePoint
from pipeline.timegrid import from_numpy, to_numpy
from services.forecast import KEPT_DAYS, Wish, forecast_files, forecast_night, forecast_stored
from services.meter_forecast import MeterForecast, Model, nearest_first, row_of
from services.settings import Settings
from storage.database import connect
from storage.forecasts import list_forecasts
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from tests.load_history import AT, SHANGHAI, noisy, slots_before, weekly_load

TIMES = slots_before(AT, 45)
ARCHIVE = """
[[meter]]
id = "M1"
service_point = "P1"
[[meter]]
id = "M2"
service_point = "P2"
[[meter]]
id = "M3"
[[service_point]]
id = "P1"
[[service_point]]
id = "P2"
[[contract]]
service_point = "P1"
contract_demand_kw = 90.0
basic_charge = "demand"
[[contract]]
service_point = "P2"
contract_demand_kw = 140.0
basic_charge = "demand"
"""


def files(
    folder: Path, curves: dict[str, NDArray[np.float64]], letters: str = "A", archive: str = ARCHIVE
) -> tuple[Path, Path]:
    """Write intervals of ``TIMES``, and the archive."""
    starts = [from_numpy(time).isoformat() for time in TIMES]
    tables = [
        pd.DataFrame(
            {"meter_id": meter, "starts_at": starts, "minutes": 15, "import_kwh": kwh, "quality": letters}
        )
        for meter, kwh in curves.items()
    ]
    intervals, registry = folder / "intervals.csv", folder / "site.toml"
    pd.concat(tables).to_csv(intervals, index=False)
    registry.write_text(archive, encoding="utf-8")
    return intervals, registry


def by_meter(found: list[MeterForecast]) -> dict[str, MeterForecast]:
    return {one.meter: one for one in found}


LOAD = weekly_load(TIMES)[0]
NOISY = noisy(weekly_load(TIMES), 1, 0.05)[0]


def test_each_meter_of_the_archive_is_answered_in_the_documented_form(tmp_path: Path) -> None:
    found = forecast_files(*files(tmp_path, {"M1": LOAD, "M2": NOISY}), Wish(at=AT))
    first, second, third = (one.as_json() for one in found)
    assert list(first)[:5] == ["meter_id", "service_point", "from", "minutes", "p10"]
    assert list(first)[5:9] == ["p50", "p90", "max_p50", "max_p90"]
    assert (first["meter_id"], first["from"], first["minutes"]) == ("M1", AT, 15)
    assert first["p50"] == pytest.approx([5.0] * 32 + [25.0] * 40 + [5.0] * 24)
    assert first["max_p90"] == pytest.approx(100.0)
    assert isinstance(second["p10"], list)
    assert len(second["p10"]) == 96
    assert set(third) == {"meter_id", "error"}


def test_a_month_that_heads_over_its_contract_warns_and_one_that_does_not_is_left_in_peace(
    tmp_path: Path,
) -> None:
    found = by_meter(forecast_files(*files(tmp_path, {"M1": LOAD, "M2": LOAD}), Wish(at=AT)))
    over, within = found["M1"], found["M2"]
    assert over.contract_demand_kw == 90.0
    assert over.month_p90_kw == pytest.approx(100.0)
    assert over.warns
    assert over.percent_of_contract == pytest.approx(100.0 / 90.0 * 100.0)
    assert not within.warns
    rows = nearest_first(row_of(one) for one in (within, over))
    assert [row["meter"] for row in rows] == ["M1", "M2"]
    assert [row["warning"] for row in rows] == ["double charge", ""]
    # At 105 % nothing is charged double yet.
    assert not replace(over, month_p90_kw=94.5).warns
    assert replace(over, month_p90_kw=94.6).warns


def test_only_who_pays_by_demand_is_warned_and_who_does_not_say_is_asked(tmp_path: Path) -> None:
    by_demand = 'contract_demand_kw = 90.0\nbasic_charge = "demand"\n'
    for said, wanted in (
        ('basic_charge = "capacity"\n', []),
        ('basic_charge = "none"\n', []),
        ("", ["[[contract]] basic_charge"]),
    ):
        archive = ARCHIVE.replace(by_demand, "contract_demand_kw = 90.0\n" + said)
        found = by_meter(forecast_files(*files(tmp_path, {"M1": LOAD}, archive=archive), Wish(at=AT)))["M1"]
        assert found.percent_of_contract == pytest.approx(100.0 / 90.0 * 100.0)
        assert not found.warns
        month = found.as_json()["month"]
        assert isinstance(month, dict)
        assert month["wanted_entries"] == wanted
        assert row_of(found)["warning"] == ("double charge?" if wanted else "")


def test_without_a_contract_or_with_several_meters_nothing_is_compared(tmp_path: Path) -> None:
    archive = ARCHIVE + '[[installation]]\nmeter = "M3"\nservice_point = "P2"\n'
    found = by_meter(
        forecast_files(*files(tmp_path, {"M1": LOAD, "M2": LOAD, "M3": LOAD}, archive=archive), Wish(at=AT))
    )
    assert found["M1"].contract_demand_kw == 90.0
    assert found["M2"].contract_demand_kw is None
    assert not found["M3"].warns


def test_a_short_history_is_named_with_what_is_needed(tmp_path: Path) -> None:
    short = LOAD.copy()
    short[: 30 * 96] = np.nan
    found = by_meter(forecast_files(*files(tmp_path, {"M1": short, "M2": LOAD}), Wish(at=AT)))
    assert found["M1"].lacking is not None
    assert "15 are whole, expected at least 21" in found["M1"].lacking
    assert found["M1"].as_json() == {"meter_id": "M1", "error": found["M1"].lacking}
    assert found["M2"].lacking is None


def test_an_import_below_zero_is_named_with_its_slot(tmp_path: Path) -> None:
    wrong = LOAD.copy()
    wrong[100] = -3.0
    found = by_meter(forecast_files(*files(tmp_path, {"M1": wrong, "M2": LOAD}), Wish(at=AT)))
    reason = found["M1"].lacking
    assert reason is not None
    # 100 quarters of an hour after midnight of 30 October, by the clock of the meter.
    assert "import_kwh of 2026-10-31T01:00:00+08:00 is -3" in reason
    assert "export_kwh" in reason
    assert found["M1"].month_p90_kw is None
    assert found["M2"].lacking is None


def test_an_import_below_zero_that_comes_later_is_not_looked_at(tmp_path: Path) -> None:
    wrong = LOAD.copy()
    wrong[to_numpy(AT) <= TIMES] = -3.0
    (found, *_) = forecast_files(*files(tmp_path, {"M1": wrong}), Wish(at=AT))
    assert found.lacking is None
    assert found.kwh[1, 40] == pytest.approx(25.0)


SWAPPED = """
[[meter]]
id = "OLD"
[[meter]]
id = "NEW"
[[installation]]
meter = "OLD"
service_point = "P1"
to = "2026-12-03T10:00:00+08:00"
[[installation]]
meter = "NEW"
service_point = "P1"
from = "2026-12-03T10:00:00+08:00"
[[service_point]]
id = "P1"
[[contract]]
service_point = "P1"
contract_demand_kw = 200.0
basic_charge = "demand"
"""


def test_a_swap_costs_neither_the_history_nor_the_months_highest_demand(tmp_path: Path) -> None:
    swap, peak = (to_numpy(datetime(2026, 12, day, 10, tzinfo=SHANGHAI)) for day in (3, 2))
    old, new = np.where(swap > TIMES, LOAD, np.nan), np.where(swap <= TIMES, LOAD, np.nan)
    old[peak == TIMES] = 75.0
    found = forecast_files(*files(tmp_path, {"OLD": old, "NEW": new}, archive=SWAPPED), Wish(at=AT))
    # The old meter is gone: the new one stands for the point alone.
    (one,) = found
    assert (one.meter, one.service_point, one.lacking) == ("NEW", "P1", None)
    # 75 kWh in a quarter of an hour are 300 kW, of 200 that is 150 %.
    assert one.month_so_far_kw == pytest.approx(300.0)
    assert one.warns
    assert (one.coverage, one.month_so_far_coverage) == (1.0, 1.0)
    # Before the swap the old meter is asked for.
    earlier = Wish(at=datetime(2026, 12, 3, tzinfo=SHANGHAI))
    by = by_meter(forecast_files(*files(tmp_path, {"OLD": old, "NEW": new}, archive=SWAPPED), earlier))
    assert by["OLD"].lacking is None
    assert by["OLD"].month_so_far_kw == pytest.approx(300.0)


def test_a_demand_register_tells_of_a_peak_that_the_intervals_do_not_have(tmp_path: Path) -> None:
    # 100 kW by the intervals of December, agreed are 90; CT 10: the register's 15.6 kW are 156 kW.
    archive = ARCHIVE + '[[ratio]]\nmeter = "M1"\nct = 10\n'
    given = files(tmp_path, {"M1": LOAD, "M2": LOAD}, archive=archive)
    readings = tmp_path / "readings.csv"
    rows = (
        ("M1", "2026-12-10T00:00:00+08:00", 15.6, "2026-12-08T14:30:00+08:00"),
        # The register of before the month's reset, and one that is read after the origin.
        ("M1", "2026-12-01T00:00:00+08:00", 30.0, "2026-11-20T14:30:00+08:00"),
        ("M1", "2026-12-20T00:00:00+08:00", 40.0, "2026-12-19T14:30:00+08:00"),
        # What intervals show is more.
        ("M2", "2026-12-10T00:00:00+08:00", 60.0, "2026-12-08T14:30:00+08:00"),
    )
    lines = ["meter_id,taken_at,max_demand_import,max_demand_import_at"]
    lines += [",".join(map(str, row)) for row in rows]
    readings.write_text("\n".join(lines))
    found = by_meter(forecast_files(*given, Wish(at=AT), readings))
    first, second = found["M1"], found["M2"]
    assert (first.month_register_kw, first.month_so_far_kw) == pytest.approx((156.0, 156.0))
    assert (first.month_p50_kw, first.month_p90_kw) == pytest.approx((156.0, 156.0))
    assert first.percent_of_contract == pytest.approx(100 * 156 / 90)
    assert (second.month_register_kw, second.month_so_far_kw) == pytest.approx((60.0, 100.0))
    assert not second.warns
    # Without the register nothing changes.
    assert by_meter(forecast_files(*given, Wish(at=AT)))["M1"].month_so_far_kw == pytest.approx(100.0)


def test_how_much_of_the_month_was_seen_is_said(tmp_path: Path) -> None:
    gap = LOAD.copy()
    # Of the 13 days of December before the 14th two are missing.
    gap[(to_numpy(AT - timedelta(days=5)) <= TIMES) & (to_numpy(AT - timedelta(days=3)) > TIMES)] = np.nan
    (found, *_) = forecast_files(*files(tmp_path, {"M1": gap}), Wish(at=AT))
    document = found.as_json()
    month = document["month"]
    assert isinstance(month, dict)
    assert month["so_far_coverage"] == pytest.approx(11 / 13, abs=1e-6)
    assert document["coverage"] == pytest.approx(26 / 28, abs=1e-6)


def test_estimated_slots_teach_nothing(tmp_path: Path) -> None:
    found = forecast_files(*files(tmp_path, {"M1": LOAD}, letters="E"), Wish(at=AT))
    assert found[0].lacking is not None
    assert "0 are whole" in found[0].lacking


def test_without_a_time_the_forecast_begins_where_the_data_end(tmp_path: Path) -> None:
    found = forecast_files(*files(tmp_path, {"M1": LOAD}), Wish(slots=4))
    assert found[0].starts_at == AT + timedelta(days=1)


def test_local_days_follow_the_area_of_each_meter(tmp_path: Path) -> None:
    archive = ARCHIVE.replace('id = "P2"\n[[contract]]', 'id = "P2"\narea = "A"\n[[contract]]')
    archive += '[[area]]\nid = "A"\nzone = "Europe/Berlin"\n'
    found = by_meter(
        forecast_files(*files(tmp_path, {"M1": LOAD, "M2": LOAD}, archive=archive), Wish(at=AT, slots=96))
    )
    np.testing.assert_allclose(found["M1"].kwh[1], found["M2"].kwh[1])
    assert (found["M1"].month, found["M2"].month) == (date(2026, 12, 1),) * 2


def test_a_calendar_of_ones_own_is_used_and_a_wrong_one_named(tmp_path: Path) -> None:
    given = files(tmp_path, {"M1": LOAD})
    calendar = tmp_path / "works.toml"
    calendar.write_text('[[year]]\noff = [["2026-12-14", "2026-12-14"]]\n', encoding="utf-8")
    found = forecast_files(*given, Wish(at=AT, days_off=calendar))
    assert found[0].kwh[1].max() == pytest.approx(5.0)
    calendar.write_text('[[year]]\noff = "never"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"works\.toml: \[\[year\]\] entry 1, key 'off'"):
        forecast_files(*given, Wish(at=AT, days_off=calendar))
    calendar.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"cannot read .*works\.toml"):
        forecast_files(*given, Wish(at=AT, days_off=calendar))


def test_an_archive_without_meters_and_times_between_slots_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names no meter"):
        forecast_files(*files(tmp_path, {"M1": LOAD}, archive=""), Wish(at=AT))
    with pytest.raises(DataError, match="is not where a slot of 15 min starts"):
        forecast_files(*files(tmp_path, {"M1": LOAD}), Wish(at=AT + timedelta(minutes=1)))


def measured(name: str, times: Times) -> IntervalColumns:
    """What a meter counted in those slots."""
    return IntervalColumns(
        meters=[MeterId(name)] * len(times),
        starts_at=times,
        minutes=np.full(len(times), 15, dtype=np.int16),
        quality=np.full(len(times), "A"),
        energies={"import_kwh": weekly_load(times)[0]},
    )


def stored_site(url: str) -> Settings:
    """Two meters in the database, one of which has three weeks less of history."""
    names = ("M1", "M2")
    registry = Registry(
        meters=[Meter(id=MeterId(name)) for name in names],
        installations=[Installation(meter=MeterId(n), service_point=f"P{n}", role=Role.MAIN) for n in names],
        areas=[Area(id="A1")],
        service_points=[ServicePoint(id="PM1", area="A1"), ServicePoint(id="PM2")],
        contracts=[Contract(service_point="PM1", contract_demand_kw=90.0, basic_charge=BasicCharge.DEMAND)],
    )
    past = TIMES[: 45 * 96]
    with connect(url) as connection:
        save_registry(connection, registry)
        for name, times in (("M1", past), ("M2", past[30 * 96 :])):
            save_intervals(connection, measured(name, times), computed_at=AT)
    return Settings(database_url=SecretStr(url))


def test_stored_meters_are_forecast_and_what_was_said_is_kept_once(plain_database_url: str) -> None:
    settings = stored_site(plain_database_url)
    now = AT + timedelta(hours=5)
    for _ in range(2):
        found = by_meter(list(forecast_stored(Wish(slots=192), settings, now)))
    assert found["M2"].lacking is not None
    assert found["M1"].starts_at == AT
    with connect(plain_database_url) as connection:
        listed = partial(
            list_forecasts,
            connection,
            starts_at=AT - timedelta(days=1),
            ends_at=AT + timedelta(days=1),
        )
        (kept,) = listed(scope=EVERYTHING)
        assert listed(scope=Scope(areas=frozenset({"A2"}))) == []
        assert len(listed(scope=Scope(areas=frozenset({"A1"})))) == 1
        assert listed(scope=EVERYTHING, meters=[MeterId("M2")]) == []
    assert (kept.meter, kept.starts_at, kept.model, kept.minutes) == ("M1", AT, "blend", 15)
    np.testing.assert_allclose(kept.p50, found["M1"].kwh[1], rtol=1e-6)
    assert (len(kept.p10), len(kept.p90)) == (192, 192)
    assert kept.month_p90_kw == found["M1"].month_p90_kw


def test_a_meter_stored_far_from_its_predecessor_is_joined_with_it(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = datetime(2026, 12, 3, 10, tzinfo=SHANGHAI)
    names = {"NEW": (swap, None), "OLD": (None, swap)}
    registry = Registry(
        meters=[Meter(id=MeterId(name)) for name in names],
        installations=[
            Installation(meter=MeterId(n), service_point="P1", starts_at=since, ends_at=to)
            for n, (since, to) in names.items()
        ],
        service_points=[ServicePoint(id="P1")],
    )
    past = TIMES[: 45 * 96]
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        for name, times in (("OLD", past[past < to_numpy(swap)]), ("NEW", past[past >= to_numpy(swap)])):
            save_intervals(connection, measured(name, times), computed_at=AT)
    monkeypatch.setattr("services.derive.METERS_AT_A_TIME", 1)
    settings = Settings(database_url=SecretStr(plain_database_url))
    (one,) = forecast_stored(Wish(), settings, AT)
    assert (one.meter, one.lacking, one.coverage) == ("NEW", None, 1.0)


def test_forecasts_of_long_ago_are_dropped(plain_database_url: str) -> None:
    settings = stored_site(plain_database_url)
    list(forecast_stored(Wish(), settings, AT))
    list(forecast_stored(Wish(at=AT + timedelta(days=1)), settings, AT + timedelta(days=KEPT_DAYS + 1)))
    with connect(plain_database_url) as connection:
        kept = list_forecasts(
            connection, scope=EVERYTHING, starts_at=AT - timedelta(days=9), ends_at=AT + timedelta(days=9)
        )
    assert kept == []


def test_a_night_counts_what_it_did_and_shows_who_is_nearest_to_the_contract(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_site(plain_database_url)
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    monkeypatch.setattr("services.forecast.utc_now", lambda: AT + timedelta(hours=1))
    night = forecast_night(96, Model.BLEND)
    assert (night.forecast, night.lacking) == (1, 1)
    assert [row["meter"] for row in night.rows] == ["M1"]
    assert night.rows[0]["warning"] == "double charge"
