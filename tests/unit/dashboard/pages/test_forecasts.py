"""Forecasts as people read them: nearest to the contract first, the band beside what came, and the skill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import EVERYTHING, MeterId, Scope
from services.forecast import Wish, forecast_stored
from services.settings import Settings
from storage.database import connect
from storage.forecasts import list_forecasts
from tests.fix_dashboard import NOW, PLANT, browsing
from tests.unit.dashboard.pages.test_bills import EN, ZH, text_of


@pytest.fixture(scope="module")
def computed(city_url: str) -> dict[str, float | None]:
    """How much of the month so far each forecast of this day knew when it was stored."""
    settings = Settings(database_url=SecretStr(city_url))
    return {one.meter: one.month_so_far_coverage for one in forecast_stored(Wish(slots=192), settings, NOW)}


@pytest.fixture(scope="module")
def url(city_url: str, computed: dict[str, float | None]) -> str:
    """The city, with the forecasts of this day."""
    assert computed
    with connect(city_url) as connection:
        # What is agreed with the plant for the test: 100 kW, paid by demand.
        connection.execute(
            "UPDATE contract SET contract_demand_kw = 100, basic_charge = 'demand' "
            "WHERE service_point = 'SP-001'"
        )
        connection.execute(
            "UPDATE forecast AS f SET month_p90_kw = 120, month_so_far_coverage = 0.875 FROM meter AS m "
            "WHERE m.meter_id = f.meter_id AND m.id = %s",
            (PLANT,),
        )
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


def _json(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


def test_those_nearest_to_their_contract_come_first_with_the_warning(client: httpx.Client) -> None:
    found = _json(client, "/api/forecasts")
    first = found["forecasts"][0]
    assert (first["meter"], first["used_percent"], first["contract_demand_kw"]) == (PLANT, 120.0, 100.0)
    shown = text_of(client.get("/forecasts", headers=EN))
    assert f"{found['total']} forecasts" in shown
    assert "120.0 %" in shown
    assert "double charge ahead" in shown
    assert "将加倍收费" in text_of(client.get("/forecasts", headers=ZH))
    assert _json(client, "/api/forecasts?show=over")["total"] == 1
    assert _json(client, "/api/forecasts?q=nobody")["total"] == 0
    assert "No forecast is like that" in text_of(client.get("/forecasts?q=nobody", headers=EN))


def test_the_demand_so_far_is_shown_with_how_much_of_the_month_is_known(
    client: httpx.Client, computed: dict[str, float | None]
) -> None:
    # The plant's is laid down above; those of the others are stored as they came out.
    cards = {
        card["meter"]: card["month_so_far_coverage"] for card in _json(client, "/api/forecasts")["forecasts"]
    }
    assert cards == {**{meter: computed[meter] for meter in cards}, PLANT: 0.875}
    assert {share for share in cards.values() if share is not None}
    assert "known 87.5 %" in text_of(client.get("/forecasts", headers=EN))
    assert "(known 87.5 %)" in text_of(client.get(f"/forecasts/{PLANT}", headers=EN))


def test_one_meter_shows_its_band_beside_what_came(client: httpx.Client, url: str) -> None:
    shown = text_of(client.get(f"/forecasts/{PLANT}", headers=EN))
    assert "heads for 120.0 % of the contract's demand: what is above 105 % is charged double" in shown
    document = _json(client, f"/api/forecasts/{PLANT}")
    assert (document["warning"], len(document["p50"])) == ("double", 192)
    with connect(url) as connection:
        (stored,) = list_forecasts(
            connection,
            scope=EVERYTHING,
            starts_at=NOW - timedelta(days=1),
            ends_at=NOW,
            meters=[MeterId(PLANT)],
        )
    raw = client.get(f"/api/forecast-curves/{PLANT}").content
    points = len(raw) // 24
    assert (points, len(raw) % 24) == (193, 0)
    columns = np.frombuffer(raw, "<f4", 4 * points, 8 * points).reshape(4, points)
    # kWh of a quarter of an hour are a quarter of the kW.
    np.testing.assert_allclose(columns[1, :-1], np.array(stored.p50) * 4, rtol=1e-5)
    assert (columns[0, :-1] <= columns[2, :-1]).all()
    # Today from midnight to 14:15 has come, the rest not.
    assert np.isfinite(columns[3]).sum() in range(50, 59)


def test_a_meter_without_a_forecast_is_told_with_the_next_step(client: httpx.Client) -> None:
    answer = client.get("/forecasts/nobody", headers=EN)
    assert answer.status_code == 404
    assert "flow forecasting" in answer.text


def test_forecasts_are_seen_only_within_the_callers_areas(url: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"nowhere"}))
    with browsing(app) as stranger:
        assert _json(stranger, "/api/forecasts") == {"total": 0, "forecasts": []}
        for path in (f"/forecasts/{PLANT}", f"/api/forecasts/{PLANT}", f"/api/forecast-curves/{PLANT}"):
            assert stranger.get(path).status_code == 404
