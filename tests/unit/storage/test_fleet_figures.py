"""Figures of the fleet out of a ledger written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.model import MeterId
from pipeline.registry import Area, Bus, Installation, Meter, Registry, Schedule, ServicePoint
from storage.database import Connection
from storage.fleet_figures import Count, LatestReads, latest_reads, totals
from storage.registry import save_registry

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


def test_a_fleet_without_schedules_has_no_figures(database: Connection) -> None:
    assert latest_reads(database, NOW) == LatestReads(reads=[], freshness=[], missing=[])


def test_only_meters_that_hang_somewhere_are_installed(database: Connection) -> None:
    fill(database)
    assert totals(database, NOW).installed_meters == 2
    assert totals(database, NOW).size_bytes > 1_000_000
