"""Orders on a bus that a collector owns: its owner carries them, and everything else is as ever."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any  # Any: each setting has its own type

import pytest

from collectors.bus import BusOwner
from collectors.lending import LineLender, lending_place
from pipeline.registry import Bus
from services.control import OrderDesk, Report
from services.control_clock import set_clock
from services.control_settings import ControlSettings
from services.order_record import Order
from services.order_sending import Result
from services.persons import Person
from services.read_back import Confirmed
from services.wiring import utc_now
from tests.threads import line_of
from tests.unit.services.obedient_meter import ObedientMeter

ADDRESS = "000000000101"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        monkeypatch.setenv("KILOWATCH_LOCK_DIR", name)
        yield Path(name)


@contextmanager
def owned(peer: str, folder: Path, *, lends: bool) -> Iterator[None]:
    """Be the collector that owns the meter's line, in a thread of its own."""
    url = f"tcp://{peer}"
    stop, ready = asyncio.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def own() -> None:
        loops.append(asyncio.get_running_loop())
        owner = BusOwner(Bus(id=url, url=url), now=utc_now, lock_dir=folder)
        owner.acquire()
        serving = asyncio.create_task(LineLender(owner, folder).serve() if lends else stop.wait())
        while lends and not lending_place(url, folder).exists():  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
        ready.set()
        await stop.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await owner.close()

    thread = threading.Thread(target=asyncio.run, args=(own(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def desk(account: str, folder: Path) -> OrderDesk:
    given: dict[str, Any] = {
        "allow_clock": True,
        "allow_writes": frozenset({"relay", "rate"}),
        "meter_passwords": "02:123456,04:123456",
        "meter_operator": "00000001",
        "audit_file": folder / "audit.jsonl",
    }
    return OrderDesk(settings=ControlSettings(**given), person=Person(account=account, host="station"))


def given(peer: str, folder: Path, kind: str, **arguments: str) -> Report:
    order = Order(kind=kind, url=f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3", arguments=arguments)
    return desk("wang", folder).approve(desk("li", folder).request(order).id)


def test_the_owner_of_the_bus_carries_an_order_and_what_is_read_back(folder: Path) -> None:
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer, owned(peer, folder, lends=True):
        report = given(peer, folder, "relay", order="open")
    assert (report.sent.result, report.sent.verdict.confirmed) == (Result.DONE, Confirmed.YES)
    events = [entry.event for entry in desk("li", folder).audit.entries()]
    assert events == ["requested", "approved", "sending", "outcome"]


def test_a_clock_is_measured_over_the_owners_line(folder: Path) -> None:
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer, owned(peer, folder, lends=True):
        done = set_clock(desk("li", folder), f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3", dry_run=True)
    assert abs(done.offset_s) < 2


def test_an_owner_that_lends_nothing_leaves_the_order_unsent_with_the_next_step(folder: Path) -> None:
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer, owned(peer, folder, lends=False):
        report = given(peer, folder, "relay", order="open")
    assert report.sent.result is Result.NOT_SENT
    assert "give the order on the host of the collector" in report.sent.detail
    assert meter.heard == []


def test_a_rate_is_not_changed_on_a_line_that_is_lent(folder: Path) -> None:
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer, owned(peer, folder, lends=True):
        report = given(peer, folder, "rate", baudrate="9600")
    assert report.sent.result is Result.NOT_SENT
    assert "stop the collector" in report.sent.detail
    assert meter.heard == []
