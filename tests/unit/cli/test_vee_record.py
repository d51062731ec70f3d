"""Findings and edits from the command."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from services.settings import load_settings
from services.vee_recent import vee_recent
from services.wiring import utc_now
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from tests.unit.cli.invoke import Invoke

M = MeterId("M")
SLOT = timedelta(minutes=15)


@pytest.fixture
def hole(plain_database_url: str, monkeypatch: pytest.MonkeyPatch, kilowatch: Invoke) -> str:
    """The start of a slot of yesterday that is missing, stored and found."""
    del kilowatch  # it clears the settings, before this one is made
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    begins = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    registry = Registry(
        meters=[Meter(id=M)],
        installations=[Installation(meter=M, service_point="P")],
        service_points=[ServicePoint(id="P")],
    )
    kwh = np.array([1.0, np.nan, 1.0])
    raw = IntervalColumns(
        meters=[M] * 3,
        starts_at=np.array([to_numpy(begins + n * SLOT) for n in range(3)], dtype="datetime64[us]"),
        minutes=np.full(3, 15, dtype=np.int16),
        quality=np.where(np.isfinite(kwh), "A", "N"),
        energies={"import_kwh": kwh},
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, registry)
        save_intervals(connection, raw, computed_at=begins)
    vee_recent(3, load_settings())
    return (begins + SLOT).isoformat()


def test_findings_are_listed_and_chosen_by_rule(kilowatch: Invoke, hole: str) -> None:
    (finding,) = kilowatch("vee", "findings", "--json").lines
    assert (finding["rule"], finding["meter"], finding["energy"]) == ("missing", "M", "import_kwh")
    assert datetime.fromisoformat(finding["starts_at"]).astimezone(UTC) == datetime.fromisoformat(hole)
    assert kilowatch("vee", "findings", "--rule", "negative", "--json").lines == []
    assert "1 findings" in kilowatch("vee", "findings", "--meter", "M").out


def test_an_edit_is_recorded_with_its_bill_and_taken_back(kilowatch: Invoke, hole: str) -> None:
    edit, bill = kilowatch("vee", "edit", "M", hole, "--value", "2.5", "--why", "photo", "--json").lines
    assert (edit["edit"]["before"], edit["edit"]["after"]) == (1.0, 2.5)
    assert (bill["bill"]["service_point"], bill["bill"]["after"]) == ("P", 2.5)
    assert kilowatch("vee", "withdraw", "M", hole, "--why", "wrong photo").status == 0
    recorded = kilowatch("vee", "edits", "--json").lines
    assert {(line["note"], line["withdrawn"]) for line in recorded} == {
        ("photo", False),
        ("wrong photo", True),
    }


def test_a_time_without_an_offset_and_a_slot_without_an_interval_are_told(
    kilowatch: Invoke, hole: str
) -> None:
    assert kilowatch("vee", "edit", "M", hole[:16], "--value", "1", "--why", "x").status == 2
    ran = kilowatch("vee", "edit", "M", "2020-01-01T00:00Z", "--value", "1", "--why", "x")
    assert ran.status == 1
    assert "expected an interval of 15 min" in ran.err
