"""Old rows go where somebody said so, and nowhere else."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.entry import Entry, commit
from services.maintain import drop_old
from services.settings import Settings
from services.wiring import utc_now
from storage.asked_readings import add_asked
from storage.database import connect
from storage.registry import save_registry
from storage.requests import file_request, get_request, serve_request, take_requests
from storage.retention import set_retention

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OF_ITSELF = {"asked_reading": 0, "incident": 0, "notification": 0, "raw_frame": 0, "read_request": 0}
"""Tables of which old rows go from the first day."""
REGISTRY = Registry(meters=[Meter(id=MeterId("A"))])


def snapshot(days_ago: int) -> Snapshot:
    at = NOW - timedelta(days=days_ago)
    values = {Quantity.ACTIVE_ENERGY_IMPORT: 1.0, Quantity.VOLTAGE_A: 230.0}
    return Snapshot(meter=MeterId("A"), taken_at=at, received_at=at, values=values)


def test_only_tables_with_a_retention_lose_what_is_older(any_database_url: str) -> None:
    settings = Settings(database_url=SecretStr(any_database_url))
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        commit(connection, REGISTRY, [Entry(snapshots=[snapshot(400), snapshot(1)])])
        assert drop_old(settings, NOW) == OF_ITSELF
        set_retention(connection, "electrical_reading", timedelta(days=30))
        assert drop_old(settings, NOW) == {"electrical_reading": 1, **OF_ITSELF}
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM electrical_reading), (SELECT count(*) FROM register_reading)"
        ).fetchone()
    assert counts == (1, 2)


def test_a_wish_that_whoever_took_it_left_is_closed_after_a_day(plain_database_url: str) -> None:
    settings = Settings(database_url=SecretStr(plain_database_url))
    now = utc_now()
    with connect(plain_database_url) as connection:
        left, busy = (file_request(connection, bus="B", kind="backfill", filed_by="page") for _ in range(2))
        take_requests(connection, ["B"], taken_by="host:1:a")
        for hours, number in ((25, left), (20, busy)):
            connection.execute(
                "UPDATE read_request SET filed_at = %(at)s, taken_at = %(at)s WHERE id = %(id)s",
                {"at": now - timedelta(hours=hours), "id": number},
            )
        drop_old(settings, now)
        assert get_request(connection, left).error == "whoever took it did not serve it within a day"
        assert get_request(connection, busy).served_at is None


def test_what_was_wanted_of_buses_goes_after_a_month_and_what_nobody_took_is_closed(
    plain_database_url: str,
) -> None:
    settings = Settings(database_url=SecretStr(plain_database_url))
    now = utc_now()
    with connect(plain_database_url) as connection:
        old, waiting, fresh = (
            file_request(connection, bus="B", kind="present", filed_by="page") for _ in range(3)
        )
        serve_request(connection, old, result={})
        for days, number in ((31, old), (2, waiting)):
            connection.execute(
                "UPDATE read_request SET filed_at = %s WHERE id = %s", (now - timedelta(days=days), number)
            )
        for days in (31, 2):
            add_asked(connection, [MeterId("A")], "wang", now - timedelta(days=days))
        dropped = drop_old(settings, now)
        assert (dropped["read_request"], dropped["asked_reading"]) == (1, 1)
        assert get_request(connection, waiting).error == "nobody took it in time"
        assert get_request(connection, fresh).served_at is None
