"""Hand reads from the command: filed, listed, and not approved by who filed them."""

import json
from pathlib import Path

import pytest

from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from storage.database import connect
from storage.registry import save_registry
from tests.unit.cli.invoke import Invoke


@pytest.fixture
def reads(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId("M"))]))
    path = tmp_path / "reads.csv"
    path.write_text("meter_id,taken_at,active_energy_import\nM,2026-01-05T08:00+08:00,12.5\n", "utf-8")
    return path


def test_a_file_waits_until_somebody_else_approves_it(kilowatch: Invoke, reads: Path) -> None:
    filed = json.loads(kilowatch("handheld", "import", str(reads), "--json").out)
    assert (filed["filed"], filed["refused"]) == (1, [])
    assert filed["batch"] in kilowatch("handheld", "pending").out
    refused = kilowatch("handheld", "approve", filed["batch"])
    assert refused.status == 1
    assert "another person" in refused.err
    taken_back = kilowatch("handheld", "refuse", filed["batch"], "--note", "typing error", "--json")
    assert json.loads(taken_back.out) == {"batch": filed["batch"], "reads": 1}
    assert "0 waiting" in kilowatch("handheld", "pending").out


def test_rows_that_are_no_reads_are_told_and_the_status_says_so(kilowatch: Invoke, reads: Path) -> None:
    reads.write_text(reads.read_text("utf-8") + "X,2026-01-05T08:00+08:00,1\n", "utf-8")
    ran = kilowatch("handheld", "import", str(reads))
    assert ran.status == 1
    assert "row 2, meter X: not in the archive" in ran.err
