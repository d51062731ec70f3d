"""Old rows go where somebody said so, and nowhere else."""

from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.entry import Entry, commit
from services.maintain import drop_old
from services.settings import Settings
from storage.database import connect
from storage.registry import save_registry
from storage.retention import set_retention

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OF_ITSELF = {"incident": 0, "notification": 0, "raw_frame": 0}
"""Tables that have a retention from the first day."""
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
