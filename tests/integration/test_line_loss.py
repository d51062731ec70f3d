"""Line loss of what is stored: days are kept and amended, the flow judges an area read through the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from pydantic import SecretStr

from analysis.line_loss import LossVerdict
from flows.deploy import prepare
from flows.line_loss import line_loss
from flows.remote_reading import remote_reading
from pipeline.model import EVERYTHING, Scope
from pipeline.timegrid import from_numpy
from services.evaluate_area_draws import AreaDraw, draw_area
from services.evaluate_curves import read_homes
from services.flow_settings import load_flow_settings
from services.line_loss import LossQuestion, loss_recent, loss_stored
from services.settings import Settings
from services.wiring import utc_now
from simulators.fleet.build import load_fleet
from simulators.fleet.plan import FleetPlan
from storage.area_losses import area_days_stored
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from tests.integration.served_area import ServedArea
from tests.loss_files import SLICES

QUARTER = timedelta(minutes=15)
FIRST, END = date(2017, 1, 1), date(2018, 1, 1)


def _stored(url: str, drawn: AreaDraw) -> Settings:
    window = drawn.window
    meters, slots = window.import_kwh.shape
    columns = IntervalColumns(
        meters=[meter for meter in window.meters for _ in range(slots)],
        starts_at=np.tile(window.starts_at, meters),
        minutes=np.full(meters * slots, 15, dtype=np.int16),
        quality=window.quality.ravel(),
        energies={
            "import_kwh": window.import_kwh.ravel(),
            "export_kwh": window.energies["export_kwh"].ravel(),
        },
    )
    with connect(url) as connection:
        save_registry(connection, drawn.registry)
        save_intervals(connection, columns, computed_at=from_numpy(window.starts_at[-1]) + QUARTER)
    return Settings(database_url=SecretStr(url))


@pytest.fixture
def drawn() -> AreaDraw:
    return draw_area(read_homes(SLICES), np.random.default_rng(3), "h1", look_alike=True)


def test_days_of_areas_are_kept_and_amended_under_their_day(database_url: str, drawn: AreaDraw) -> None:
    settings = _stored(database_url, drawn)
    end = from_numpy(drawn.window.starts_at[-1]) + QUARTER
    (report,) = loss_recent(10, settings, end)
    assert report.loss is not None
    assert report.loss.suspects[0].service_point == drawn.thief
    last = date(2017, 12, 17)
    with connect(database_url) as connection:
        kept = area_days_stored(connection, scope=EVERYTHING, first=FIRST, end=END)
        assert kept == {"T": list(report.days)}
        assert (len(kept["T"]), kept["T"][-1].day) == (10, last)
        assert area_days_stored(connection, scope=Scope(frozenset({"U"})), first=FIRST, end=END) == {}
        assert (
            area_days_stored(connection, scope=Scope(frozenset({"T"})), areas=["U"], first=FIRST, end=END)
            == {}
        )
        found = connection.execute(
            "SELECT judged_to, risen_on, suspects->0->>'service_point' FROM area_loss WHERE area = 'T'"
        ).fetchone()
        assert found == (last, report.loss.risen_on, drawn.thief)
    # Two earlier days come beside them; what was found by the later day stays.
    loss_recent(2, settings, end - timedelta(days=10))
    (again,) = loss_recent(10, settings, end)
    assert [day.loss_kwh for day in again.days] == [day.loss_kwh for day in report.days]
    with connect(database_url) as connection:
        rows = connection.execute("SELECT count(*), max(judged_to) FROM area_day, area_loss").fetchone()
    assert rows == (12, last)


def test_what_is_stored_gives_what_the_window_gives(database_url: str, drawn: AreaDraw) -> None:
    settings = _stored(database_url, drawn)
    now = from_numpy(drawn.window.starts_at[-1]) + QUARTER
    question = LossQuestion(first=date(2017, 12, 1), end=date(2018, 1, 1), areas=("T",))
    (report,) = loss_stored(question, settings, now)
    assert [day.day.day for day in report.days] == list(range(1, 18))
    (month,) = report.months
    assert month.change_points is not None
    net = drawn.window.import_kwh - drawn.window.energies["export_kwh"]
    first = 32 * 96  # 30 October to 30 November
    lost = net[-1, first:].sum() - net[:-1, first:].sum()
    assert month.loss_kwh == pytest.approx(lost)


def _small_area() -> FleetPlan:
    """Return the small neighbour of the area fleet: nine homes of which one is filed in the other area."""
    plan = load_fleet("area")
    meters = tuple(meter for meter in plan.meters if meter.id.startswith("N-"))
    ids = {meter.id for meter in meters}
    return replace(
        plan,
        history_days=9,
        buses=tuple(bus for bus in plan.buses if bus.id == "transformer"),
        meters=meters,
        suspensions=(),
        faults=tuple(fault for fault in plan.faults if fault.meter in ids),
    )


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_the_flow_judges_an_area_that_was_read_through_the_wire(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    with get_client(sync_client=True) as client:
        prepare(client, load_flow_settings())
    with ServedArea(database_url, _small_area(), tmp_path):
        remote_reading(backfill_days=6)
    assert line_loss(days=4) == 2
    today = utc_now().date()
    with connect(database_url) as connection:
        kept = area_days_stored(
            connection, scope=EVERYTHING, first=today - timedelta(days=9), end=today + timedelta(days=1)
        )
    days = [day for day in kept["TQ-201"] if day.loss_kwh is not None]
    assert len(days) >= 3
    # N-05 is fed here and filed in the other area: what he uses is lost, about a ninth.
    assert {day.verdict for day in days} <= {LossVerdict.HIGH, LossVerdict.NORMAL}
    assert 6.0 < np.mean([day.loss_percent for day in days if day.loss_percent is not None]) < 30.0
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["line-loss"]))
        (artifact, *_) = client.read_artifacts(artifact_filter=wanted)
    assert "TQ-201" in str(artifact.data)
