"""The flows on a real Prefect server: scheduled by cron, found by module path, and doing their work."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from prefect import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

from flows.deploy import DEPLOYMENT, deploy_to, deployments, prepare
from flows.final_intervals import final_intervals
from flows.forecasting import forecasting
from flows.large_customers import large_customers
from flows.load_monitoring import load_monitoring
from flows.load_statistics import load_statistics
from flows.remote_reading import remote_reading
from flows.schedule import FLOWS
from flows.voltage_quality import voltage_quality
from pipeline.model import EVERYTHING
from services.flow_settings import load_flow_settings
from services.wiring import utc_now
from simulators.fleet.build import build_fleet
from simulators.fleet.serving import serve_fleet
from simulators.fleet.wire import slave_maker
from storage.asked_readings import add_asked, asked_meters, asked_reading
from storage.database import connect
from storage.registry import save_registry
from tests.small_lab import small_lab

GIVE_UP_S = 120.0


class ServedLab:
    """The lab fleet on an event loop of its own, for flows that run in this process."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._ready, self._over = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        fleet = build_fleet(small_lab(), utc_now())
        served = await serve_fleet(fleet, host="127.0.0.1", make_slave=slave_maker(fleet))
        with connect(self._url) as connection:
            save_registry(connection, served.registry)
        self._ready.set()
        await asyncio.to_thread(self._over.wait)
        await served.close()

    def __enter__(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)


def check_asked(url: str) -> None:
    """What a person asks for is read at once, and what each meter said stands beside the wish."""
    with connect(url) as connection:
        meters = [meter for (meter,) in connection.execute("SELECT id FROM meter ORDER BY id").fetchall()]
        number = add_asked(connection, meters, "somebody", utc_now())
    totals = remote_reading(meters=meters, asked=number, asked_by="somebody")
    assert totals == {"meters": len(meters), "read": 4, "missing": len(meters) - 4}
    with connect(url) as connection:
        asked = asked_reading(connection, number)
        assert asked is not None
        told = asked_meters(connection, asked, scope=EVERYTHING)
    assert sum("taken_at" in (each.told or {}) for each in told) == 4
    assert all(each.told is not None for each in told)


@pytest.mark.usefixtures("prefect_server")
def test_every_flow_is_deployed_by_module_path_and_gets_scheduled_runs() -> None:
    names = set(FLOWS.all())
    assert names == {deployment.flow_name for deployment in deployments(load_flow_settings())}
    deploy_to("field")
    ours = DeploymentFilter(name=DeploymentFilterName(any_=[DEPLOYMENT]))
    with get_client(sync_client=True) as client:
        for stored in client.read_deployments(deployment_filter=ours):
            name = client.read_flow(stored.flow_id).name
            assert stored.entrypoint == f"flows.{name}.{name}"
        until = time.monotonic() + GIVE_UP_S
        waiting = set(names)
        while waiting and time.monotonic() < until:
            time.sleep(0.5)
            runs = client.read_flow_runs(deployment_filter=ours, limit=200)
            scheduled = {run.flow_id for run in runs if run.state_name == "Scheduled"}
            waiting = {name for name in names if client.read_flow_by_name(name).id not in scheduled}
    assert waiting == set()


def linked_pages() -> set[tuple[str, str]]:
    """The links that runs have left, by key."""
    with get_client(sync_client=True) as client:
        left = client.read_artifacts(limit=200)
    # Prefect keeps a link as Markdown: [text](address).
    return {(str(a.key), str(a.data).rpartition("(")[2].rstrip(")")) for a in left if a.type == "markdown"}


@pytest.mark.usefixtures("prefect_server")
def test_reading_backfill_and_daily_figures_go_through_the_flows(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    monkeypatch.setenv("KILOWATCH_DASHBOARD_URL", "https://kilowatch.grid.example/")
    with get_client(sync_client=True) as client:
        prepare(client, load_flow_settings())
    with ServedLab(database_url):
        totals = remote_reading(backfill_days=2)
        assert totals["buses"] == 2
        assert (totals["read"], totals["missing"], totals["failures"]) == (4, 0, 0)
        # Three meters with memory: two days of quarters, and the two midnights between and before.
        assert totals["records"] >= 3 * 2 * 96
        assert remote_reading(buses=["lab-rs485"], backfill_days=1)["records"] <= 3
        check_asked(database_url)
    assert load_monitoring(days=2) > 0
    assert load_statistics() >= 3
    assert voltage_quality(days=2) > 0
    final_intervals(days=2)
    # Nobody is billed yet, so that no price stands out.
    assert large_customers(sheet_folder=str(tmp_path / "sheets"), pdf=False) == 0
    # Two days of history are too few: every meter is counted and none is guessed.
    assert forecasting(days=2) == 0
    assert linked_pages() >= {
        ("remote-reading-page", "https://kilowatch.grid.example/meters"),
        ("load-monitoring-page", "https://kilowatch.grid.example/load"),
        ("voltage-quality-page", "https://kilowatch.grid.example/quality"),
        ("forecasting-page", "https://kilowatch.grid.example/forecasts"),
    }
    with connect(database_url) as connection:
        days = connection.execute(
            "SELECT count(*), bool_and(max_kw >= mean_kw AND mean_kw >= min_kw) FROM load_day "
            "WHERE coverage > 0"
        ).fetchone()
        months = connection.execute("SELECT count(*) FROM load_month WHERE max_kw > 0").fetchone()
        rates = connection.execute("SELECT count(*) FROM voltage_day WHERE qualified_share > 0.9").fetchone()
        finals = connection.execute("SELECT count(*) FROM interval_final WHERE quality <> 'N'").fetchone()
    assert finals is not None
    assert finals[0] >= 3 * 96
    assert days is not None
    assert days[0] >= 3
    assert days[1]
    assert months is not None
    assert months[0] >= 3
    assert rates is not None
    assert rates[0] >= 3
