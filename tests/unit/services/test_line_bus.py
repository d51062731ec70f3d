"""Whoever opens a line by hand takes it under the collector's name, so that one of them waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.host_lock import HostLock
from pipeline.errors import BusBusyError, StorageError
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Registry
from services.ask_meter import ask_events, ask_identifiers
from services.line_bus import bus_name
from services.read_meter import read_meter_at
from services.scan import scan
from storage.database import connect
from storage.registry import save_registry

LINE = "tcp://127.0.0.1:8600"
METER = f"dlt645+{LINE}/000000000101?timeout_s=0.1"


@pytest.fixture(autouse=True)
def locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def archive(plain_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    buses = [
        Bus(id="line-7", url=f"{LINE}?framing=rtu"),
        Bus(id="line-8", url="serial:///dev/ttyUSB0?baudrate=2400&parity=E"),
    ]
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(buses=buses))
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    return plain_database_url


def test_without_an_archive_a_line_is_its_own_name_at_any_rate() -> None:
    assert bus_name(LINE) == LINE
    assert bus_name("serial:///dev/ttyUSB0?baudrate=9600") == "serial:///dev/ttyUSB0"


@pytest.mark.usefixtures("archive")
def test_a_line_of_the_archive_has_its_bus_s_name_whatever_its_options() -> None:
    assert bus_name(LINE) == "line-7"
    assert bus_name("serial:///dev/ttyUSB0?baudrate=9600") == "line-8"
    assert bus_name("serial:///dev/ttyUSB1") == "serial:///dev/ttyUSB1"


def test_an_archive_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", "postgresql://127.0.0.1:1/nothing")
    with pytest.raises(StorageError, match="no connection to the database"):
        bus_name(LINE)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    "use",
    [
        lambda: read_meter_at(METER, frozenset({Quantity.VOLTAGE_A})),
        lambda: ask_identifiers(METER, ["04000409"]),
        lambda: ask_events(METER),
        lambda: scan(f"dlt645+{LINE}", tell=lambda _news: None),
        lambda: scan(f"modbus+{LINE}?timeout_s=0.1", units=(1, 1), tell=lambda _news: None),
    ],
    ids=["read", "read -i", "read --events", "scan", "scan of Modbus"],
)
def test_nobody_opens_a_line_that_the_collector_owns(use: Callable[[], object], locks: Path) -> None:
    collector = HostLock("line-7", locks)
    collector.acquire()
    try:
        with pytest.raises(BusBusyError, match="bus line-7 belongs to process"):
            use()
    finally:
        collector.release()
