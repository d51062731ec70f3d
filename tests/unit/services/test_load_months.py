from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.archive_records import Transformer
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from pipeline.vee_records import Total, TotalMember
from services.load_months import keep_load_months, months_kept
from services.settings import Settings
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.load_months import list_load_months
from storage.registry import save_registry
from storage.retention import set_retention

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon of March 2nd in Shanghai."""
BEGAN = datetime(2026, 2, 28, 16, tzinfo=UTC)
NAMES = [MeterId("M1"), MeterId("M2")]


@pytest.fixture
def settings(plain_database_url: str) -> Settings:
    """Two customers of an area with a day and a half of March; the second's last six hours are missing."""
    registry = Registry(
        meters=[Meter(id=name) for name in NAMES],
        areas=[Area(id="A")],
        service_points=[ServicePoint(id=f"P{n}", area="A") for n in (1, 2)],
        installations=[Installation(meter=name, service_point=f"P{name[1]}") for name in NAMES],
        transformers=[Transformer(id="T", area="A", capacity_kva=100.0)],
        totals=[Total(id="G")],
        total_members=[TotalMember(total="G", meter=name) for name in NAMES],
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        for name, kwh, slots in (("M1", 2.5, 144), ("M2", 5.0, 120)):
            step = np.timedelta64(15, "m")
            columns = IntervalColumns(
                meters=[MeterId(name)] * slots,
                starts_at=to_numpy(BEGAN) + step * np.arange(slots),
                minutes=np.full(slots, 15, dtype=np.int16),
                quality=np.full(slots, "A"),
                energies={"import_kwh": np.full(slots, kwh)},
            )
            save_intervals(connection, columns, computed_at=NOW)
    return Settings(database_url=SecretStr(plain_database_url))


def test_the_running_month_is_kept_up_to_now_and_again(settings: Settings) -> None:
    keep_load_months(settings=settings, now=NOW - timedelta(hours=6))
    told = keep_load_months(settings=settings, now=NOW)
    with connect(settings.require_database_url()) as connection:
        kept = list_load_months(connection, scope=EVERYTHING, first=date(2026, 3, 1), last=date(2026, 3, 1))
    assert len(kept) == told.subjects == 6
    by_name = {(month.kind, month.subject): month for month in kept}
    # 144 quarters of 2.5 kWh, 36 hours in all.
    point = by_name["service_point", "P1"]
    assert (point.energy_kwh, point.max_kw, point.max_at, point.coverage) == (360.0, 10.0, BEGAN, 1.0)
    assert by_name["service_point", "P2"].coverage == pytest.approx(120 / 144)
    # The group is known where both customers are: 120 quarters of 7.5 kWh. Of the area P2 is left out.
    assert by_name["total", "G"].energy_kwh == 900.0
    assert by_name["total", "G"].coverage == pytest.approx(120 / 144)
    area = by_name["area", "A"]
    assert (area.energy_kwh, area.coverage) == (360.0, 1.0)
    assert area.detail["absent"] == {"P2": round(120 / 144, 6)}
    assert area.detail["transformer"] is None
    assert "role = 'supply'" in area.detail["wants"]["transformer"]


def test_the_highest_come_first_and_meters_are_not_listed(settings: Settings) -> None:
    rows = keep_load_months(settings=settings, now=NOW).highest
    assert [row["subject"] for row in rows] == ["G", "P2", "P1", "A"]


def test_on_the_first_of_a_month_the_one_that_is_over_is_told(settings: Settings) -> None:
    keep_load_months(settings=settings, now=datetime(2026, 3, 31, 17, tzinfo=UTC))
    with connect(settings.require_database_url()) as connection:
        kept = list_load_months(connection, scope=EVERYTHING, first=date(2026, 3, 1), last=date(2026, 4, 1))
    assert {(month.month, month.detail["ends_at"]) for month in kept} == {
        (date(2026, 3, 1), "2026-03-31T16:00:00+00:00")
    }


@pytest.mark.parametrize(
    ("today", "months"),
    [
        (date(2026, 3, 1), [date(2026, 2, 1)]),
        (date(2026, 3, 2), [date(2026, 2, 1), date(2026, 3, 1)]),
        (date(2026, 3, 7), [date(2026, 2, 1), date(2026, 3, 1)]),
        (date(2026, 3, 8), [date(2026, 3, 1)]),
        (date(2026, 1, 5), [date(2025, 12, 1), date(2026, 1, 1)]),
    ],
)
def test_the_month_before_is_kept_again_in_the_first_days(today: date, months: list[date]) -> None:
    assert months_kept(today) == months


def test_what_came_after_a_month_ended_reaches_it(settings: Settings) -> None:
    keep_load_months(settings=settings, now=datetime(2026, 4, 3, tzinfo=UTC))
    with connect(settings.require_database_url()) as connection:
        kept = list_load_months(connection, scope=EVERYTHING, first=date(2026, 3, 1), last=date(2026, 3, 1))
    assert {(month.kind, month.subject) for month in kept} >= {("service_point", "P1"), ("total", "G")}


def test_a_subject_that_the_month_no_longer_has_is_taken_out(settings: Settings) -> None:
    def kept() -> set[tuple[str, str]]:
        with connect(settings.require_database_url()) as connection:
            months = list_load_months(
                connection, scope=EVERYTHING, first=date(2026, 2, 1), last=date(2026, 3, 1)
            )
        return {(month.kind, month.subject) for month in months}

    keep_load_months(settings=settings, now=NOW)
    before = kept()
    with connect(settings.require_database_url()) as connection:
        connection.execute("DELETE FROM total_member")
        connection.execute(
            "DELETE FROM installation AS i USING meter AS m WHERE m.meter_id = i.meter_id AND m.id = 'M2'"
        )
        connection.execute(
            "INSERT INTO load_month (kind, subject, month, coverage, detail) "
            "VALUES ('area', 'A of old', '2026-02-01', 1, '{}')"
        )
        # Slots of the month that are dropped already tell of nobody that he is gone.
        set_retention(connection, "interval", timedelta(days=1))
    keep_load_months(settings=settings, now=NOW)
    assert kept() == before | {("area", "A of old")}
    with connect(settings.require_database_url()) as connection:
        set_retention(connection, "interval", None)
    keep_load_months(settings=settings, now=NOW)
    gone = {("total", "G"), ("service_point", "P2")}
    assert kept() == before - gone | {("area", "A of old")}, "another month stays as it is"
