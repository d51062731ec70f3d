"""Line loss as people read it: the area with a thief comes with its rise, its suspects and its days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import EVERYTHING, Scope
from pipeline.timegrid import from_numpy
from services.evaluate_area_draws import AreaDraw, draw_area
from services.evaluate_curves import read_homes
from services.line_loss import loss_recent
from services.settings import Settings
from storage.area_unjudged import unjudged_areas
from storage.database import connect
from tests.fix_dashboard import browsing
from tests.integration.test_line_loss import QUARTER, _stored
from tests.loss_files import SLICES
from tests.unit.dashboard.pages.test_bills import EN, ZH, text_of

DRAWN: AreaDraw = draw_area(read_homes(SLICES), np.random.default_rng(3), "h1", look_alike=True)
ENDS: datetime = from_numpy(DRAWN.window.starts_at[-1]) + QUARTER


@pytest.fixture(scope="module")
def url(plain_server_url: str, _plain_template: str) -> Iterator[str]:
    """An area of Swiss homes of which one steals, judged over its last 20 days."""
    from tests.fix_database import _database  # noqa: PLC0415 - as the fixture of the city does

    with _database(plain_server_url, _plain_template) as url:
        _stored(url, DRAWN)
        loss_recent(20, Settings(database_url=SecretStr(url)), ENDS)
        _file_unjudged(url)
        yield url


def _file_unjudged(url: str) -> None:
    """File an area whose supply meter was there until 2001, and one that nothing was measured of."""
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO area (id, name, zone) VALUES ('TA-EU', 'Hafen', 'Europe/Berlin'), "
            "('TA-9', '', 'Asia/Shanghai')"
        )
        connection.execute(
            "INSERT INTO service_point (id, name, customer) VALUES ('X1', '', ''), ('X2', '', '')"
        )
        connection.execute(
            "INSERT INTO area_member (area, service_point, role, sign, starts_at, ends_at) VALUES "
            "('TA-EU', 'X1', 'member', 1, NULL, NULL), ('TA-9', 'X1', 'member', 1, NULL, NULL), "
            "('TA-9', 'X2', 'supply', 1, NULL, NULL), ('TA-EU', 'X2', 'supply', 1, NULL, '2001-01-01+00')"
        )


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: ENDS + timedelta(hours=6))) as client:
        yield client


def _json(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


def test_the_area_is_ranked_with_what_it_loses_and_what_is_usual(client: httpx.Client) -> None:
    (rank,) = _json(client, "/api/losses")
    assert rank["area"] == "T"
    assert rank["risen_on"] is not None
    assert 0 < rank["judged_days"] <= rank["days"]
    # Of the days that are judged the parts make the whole.
    judged = [day for day in _json(client, "/api/losses/T")["days"] if day["loss_kwh"] is not None]
    lost, came_in = (sum(day[name] for day in judged) for name in ("loss_kwh", "energy_in_kwh"))
    assert rank["loss_percent"] == pytest.approx(100 * lost / came_in, rel=1e-4)
    assert rank["above_points"] == pytest.approx(rank["loss_percent"] - rank["usual_percent"])
    shown = text_of(client.get("/losses", headers=EN))
    assert f"{rank['loss_percent']:.2f} %" in shown
    assert rank["risen_on"] in shown
    assert "线损" in text_of(client.get("/losses", headers=ZH))


def test_one_area_tells_whom_to_look_at_and_why(client: httpx.Client) -> None:
    suspects = _json(client, "/api/losses/T")["suspects"]
    assert DRAWN.thief in [suspect["service_point"] for suspect in suspects[:3]]
    answer = client.get("/losses/T", headers=EN)
    shown = text_of(answer)
    assert "Whom to look at" in shown
    assert suspects[0]["service_point"] in shown
    assert '<ul class="reasons">' in answer.text
    raw = client.get("/api/loss-curves/T").content
    points = len(raw) // 20
    assert (points, len(raw) % 20) == (len(_json(client, "/api/losses/T")["days"]) + 1, 0)


def test_what_was_filled_in_of_a_day_is_told_on_its_side(url: str, client: httpx.Client) -> None:
    assert "filled in" not in text_of(client.get("/losses/T", headers=EN))
    with connect(url) as connection:
        connection.execute(
            "UPDATE area_day SET filled_in_kwh = 91.5, filled_kwh = 3.5 "
            "WHERE area = 'T' AND day = (SELECT max(day) FROM area_day WHERE area = 'T')"
        )
    shown = text_of(client.get("/losses/T", headers=EN))
    assert "91.5 kWh filled in" in shown
    assert shown.index("91.5 kWh filled in") < shown.index("3.5 kWh filled in")
    assert "估补 91.5 kWh" in text_of(client.get("/losses/T", headers=ZH))
    day = _json(client, "/api/losses/T")["days"][-1]
    assert (day["filled_in_kwh"], day["filled_kwh"]) == (91.5, 3.5)


def test_an_area_that_is_not_there_and_too_long_a_stretch_are_refused(client: httpx.Client) -> None:
    answer = client.get("/losses/nowhere", headers=EN)
    assert answer.status_code == 404
    assert "line_loss" in answer.text
    assert client.get("/losses?days=100000").status_code == 422


def test_losses_are_seen_only_within_the_callers_areas(url: str) -> None:
    app = create_app(url, clock=lambda: ENDS)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"U"}))
    with browsing(app) as stranger:
        assert _json(stranger, "/api/losses") == []
        assert "No line loss is stored" in text_of(stranger.get("/losses", headers=EN))
        for path in ("/losses/T", "/api/losses/T", "/api/loss-curves/T"):
            assert stranger.get(path).status_code == 404


def test_areas_without_a_loss_are_told_with_what_they_lack(url: str, client: httpx.Client) -> None:
    with connect(url) as connection:
        span = {"first": (ENDS - timedelta(days=31)).date(), "end": ENDS.date()}
        everywhere = unjudged_areas(connection, scope=EVERYTHING, **span)
        assert [(each.area, each.name, each.supplies, each.members) for each in everywhere] == [
            ("TA-9", "", 1, 1),
            ("TA-EU", "Hafen", 0, 1),
        ]
        assert unjudged_areas(connection, scope=Scope(frozenset({"T"})), **span) == []
        long_ago = unjudged_areas(connection, scope=EVERYTHING, first=date(2000, 1, 1), end=date(2000, 2, 1))
        assert [(each.area, each.supplies) for each in long_ago] == [("T", 1), ("TA-9", 1), ("TA-EU", 1)]
    shown = text_of(client.get("/losses", headers=EN))
    assert "Hafen TA-EU area TA-EU has no supply meter: file an" in shown
    assert "TA-9 Not judged yet" in shown
    assert "台区 TA-EU 没有总表" in text_of(client.get("/losses", headers=ZH))
