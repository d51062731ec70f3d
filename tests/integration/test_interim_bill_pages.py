"""Interim bills (分次结算): on the page of their month, each on a page of its own, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import Scope
from services.settings import Settings
from services.settle_due import settle_due
from tests.fix_dashboard import browsing
from tests.settled_plants import NOON, POINT, make_interim_bills

EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
BILL = f"/bills/{POINT}/2026-03"
ELEVENTH, TWENTY_FIRST = f"{BILL}/2026-03-11", f"{BILL}/2026-03-21"


@pytest.fixture(scope="module")
def client(bills_url: str) -> Iterator[httpx.Client]:
    make_interim_bills(bills_url)
    with browsing(create_app(bills_url, clock=lambda: NOON)) as client:
        yield client


def test_interim_bills_are_shown_before_and_beside_the_months_own(
    client: httpx.Client, bills_url: str
) -> None:
    # Until the 11th 10 days of 192 kWh: 1248.00 yuan; until the 21st twice that, less the first.
    running = client.get(BILL, headers=EN)
    assert running.status_code == 200
    assert "Interim bill" in running.text
    assert running.text.count("1,248.00 CNY") == 3  # the newest one's amount, and both in the list
    assert f'href="{ELEVENTH}"' in running.text
    assert f'href="{TWENTY_FIRST}"' not in running.text
    assert "The month&#39;s bill" not in running.text
    assert client.get(f"/api{BILL}").status_code == 404

    list(settle_due(Settings(database_url=SecretStr(bills_url)), NOON))
    month = client.get(BILL, headers=ZH)
    assert "本月分次结算账单" in month.text
    assert f'href="{ELEVENTH}"' in month.text
    assert f'href="{TWENTY_FIRST}"' in month.text
    first = client.get(ELEVENTH, headers=EN)
    assert first.status_code == 200
    # 1920 kWh on its own page, of which 640 by night.
    assert "1,920.00 kWh" in first.text
    assert "640.00" in first.text
    assert f'href="{BILL}"' in first.text
    assert client.get(f"{BILL}/2026-03-12").status_code == 404

    told = client.get(f"/api{BILL}").json()["interim"]
    assert [(each["until"], each["energy_kwh"], each["amount"]) for each in told] == [
        ("2026-03-11", "1920.00", "1248.00"),
        ("2026-03-21", "3840.00", "1248.00"),
    ]
    assert client.get(f"/api{BILL}/interim").json() == {"interim": told}
    whole = client.get(f"/api{BILL}/interim/2026-03-11").json()["bill"]
    assert (whole["amount"], whole["energy_kwh"]) == ("1248.00", "1920.00")
    assert client.get(f"/api{BILL}/interim/2026-03-12").status_code == 404


def test_a_scope_elsewhere_sees_no_interim_bill(client: httpx.Client, bills_url: str) -> None:
    assert client.get(ELEVENTH).status_code == 200
    app = create_app(bills_url, clock=lambda: NOON)
    app.dependency_overrides[scope_of_request] = lambda: Scope(areas=frozenset({"south"}))
    with browsing(app) as elsewhere:
        assert elsewhere.get(ELEVENTH).status_code == 404
        assert elsewhere.get(f"/api{BILL}/interim").status_code == 404
        assert elsewhere.get(f"/api{BILL}/interim/2026-03-11").status_code == 404
