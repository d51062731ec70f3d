"""Figures of the fleet out of a ledger written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.model import MeterId
from pipeline.registry import Area, Bus, Installation, Meter, Registry, Schedule, ServicePoint
from storage.database import Connection
from storage.fleet_figures import Count, LatestReads, latest_reads, totals
from storage.registry import save_registry
from storage.requests import LAPSES_AFTER, file_request

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def fill(connection: Connection) -> None:
    save_registry(
        connection,
        Registry(
            meters=[Meter(id=MeterId(name)) for name in "ABC"],
            areas=[Area(id="TA")],
            service_points=[ServicePoint(id="S", area="TA")],
            buses=[Bus(id="b", url="tcp://127.0.0.1:1")],
            installations=[
                Installation(meter=MeterId("A"), service_point="S", bus="b", address="1"),
                Installation(meter=MeterId("B"), bus="b", address="2"),
                Installation(meter=MeterId("C"), bus="b", address="3", ends_at=NOW - timedelta(days=1)),
            ],
            schedules=[Schedule(group="register", every_s=3600), Schedule(group="demand", every_s=86_400)],
        ),
    )
    number: dict[str, int] = dict(connection.execute("SELECT id, meter_id FROM meter").fetchall())
    for meter, group, hours_ago, status, cause in (
        ("A", "register", 1, "got", None),
        ("A", "register", 2, "backfilled", None),
        ("A", "register", 5, "missing", "link"),  # before the last three periods
        ("B", "register", 1, "missing", "no answer"),
        ("B", "register", 2, "not stored", None),
        ("B", "demand", 48, "late", None),
        ("C", "register", 1, "got", None),  # hangs nowhere any more
    ):
        connection.execute(
            "INSERT INTO coverage (slot_at, meter_id, attempts, status, quantity_group, cause) "
            "VALUES (%s, %s, 1, %s, %s, %s)",
            (NOW - timedelta(hours=hours_ago), number[meter], status, group, cause),
        )


def test_the_last_periods_of_each_group_count_where_the_meter_hangs_now(database: Connection) -> None:
    fill(database)
    found = {
        (f.quantity_group, f.area): (f.bus, f.due, f.arrived, f.meters, f.silent)
        for f in latest_reads(database, NOW).reads
    }
    assert found == {
        ("register", "TA"): ("b", 2, 2, 1, 0),
        ("register", None): ("b", 2, 0, 1, 1),
        ("demand", None): ("b", 1, 1, 1, 0),
    }
    assert latest_reads(database, NOW).missing == [
        Count(kind="no answer", number=1),
        Count(kind="unknown", number=1),
    ]


def test_a_silent_meter_is_older_than_every_other(database: Connection) -> None:
    fill(database)
    freshness = latest_reads(database, NOW).freshness
    assert {f.quantity_group: (f.newest_age_s, f.median_age_s) for f in freshness} == {
        "register": (3600.0, None),
        "demand": (48 * 3600.0, 48 * 3600.0),
    }


def test_when_nobody_reads_any_more_the_newest_reading_still_grows_older(database: Connection) -> None:
    fill(database)
    later = NOW + timedelta(days=20)
    found = latest_reads(database, later)
    day_s = 86_400.0
    assert {f.quantity_group: (f.period_s, f.newest_age_s) for f in found.freshness} == {
        "register": (3600.0, 20 * day_s + 3600),
        "demand": (day_s, 22 * day_s),
    }
    assert {(f.quantity_group, f.area, f.due, f.newest_age_s) for f in found.reads} == {
        ("register", "TA", 0, 20 * day_s + 3600),
        ("demand", None, 0, 22 * day_s),
    }
    assert found.missing == []


def test_lines_that_are_silent_all_together_have_an_age(database: Connection) -> None:
    fill(database)
    database.execute(
        "INSERT INTO coverage (slot_at, meter_id, attempts, status, quantity_group, cause) "
        "SELECT %s + h * INTERVAL '1 hour', meter_id, 1, 'missing', 'register', 'link' "
        "FROM meter, generate_series(1, 6) AS h WHERE id IN ('A', 'B')",
        (NOW,),
    )
    found = latest_reads(database, NOW + timedelta(hours=6, minutes=30))
    (register,) = (f for f in found.freshness if f.quantity_group == "register")
    assert register.newest_age_s == 7.5 * 3600
    assert {f.area: (f.due, f.arrived, f.silent) for f in found.reads if f.quantity_group == "register"} == {
        "TA": (3, 0, 1),
        None: (3, 0, 1),
    }


def test_an_archive_without_schedules_is_read_by_the_default_ones(database: Connection) -> None:
    fill(database)
    database.execute("UPDATE schedule SET quantity_group = 'event' WHERE quantity_group = 'register'")
    database.execute("DELETE FROM schedule WHERE quantity_group = 'demand'")
    found = latest_reads(database, NOW)
    assert {f.quantity_group: (f.period_s, f.newest_age_s) for f in found.freshness} == {
        "register": (900.0, 3600.0),
        "demand": (3600.0, 48 * 3600.0),
    }


def test_a_fleet_without_meters_has_no_figures(database: Connection) -> None:
    assert latest_reads(database, NOW) == LatestReads(reads=[], freshness=[], missing=[])


def test_only_meters_that_hang_somewhere_are_installed(database: Connection) -> None:
    fill(database)
    assert totals(database, NOW).installed_meters == 2
    assert totals(database, NOW).size_bytes > 1_000_000


def test_a_wish_that_nobody_will_serve_any_more_does_not_wait(database: Connection) -> None:
    for age in (timedelta(), timedelta(minutes=50), 2 * LAPSES_AFTER):
        number = file_request(database, bus="b", kind="present", filed_by="page")
        database.execute("UPDATE read_request SET filed_at = now() - %s WHERE id = %s", (age, number))
    assert totals(database, NOW).waiting_requests == 2
