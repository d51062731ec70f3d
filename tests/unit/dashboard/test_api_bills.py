"""Bills as JSON: the list, one bill with everything it is traced by, the difference of versions."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from tests.fix_dashboard import browsing
from tests.settled_plants import NOON, POINT, make_bills


@pytest.fixture(scope="module")
def client(bills_url: str) -> Iterator[httpx.Client]:
    make_bills(bills_url)
    with browsing(create_app(bills_url, clock=lambda: NOON)) as client:
        yield client


def test_the_list_has_the_newest_versions(client: httpx.Client) -> None:
    page = client.get("/api/bills").json()
    assert page["total"] == 2
    bill, february = page["bills"]
    assert (february["month"], february["is_final"]) == ("2026-02", False)
    assert (bill["service_point"], bill["month"], bill["version"]) == (POINT, "2026-03", 2)
    assert (bill["energy_kwh"], bill["is_final"]) == ("5956.00", True)
    assert client.get("/api/bills?final=false").json()["total"] == 1
    assert client.get("/api/bills?month=2026-3").status_code == 422


def test_one_bill_has_its_registers_and_its_difference(client: httpx.Client) -> None:
    answer = client.get(f"/api/bills/{POINT}/2026-03").json()
    assert (answer["version"], answer["versions"]) == (2, [2, 1])
    bill, change = answer["bill"], answer["change"]
    (pair,) = bill["registers"]
    assert (pair["closing"]["value"], pair["closing"]["source"]) == ("1297.80", "settlement_freeze")
    assert change["energy_kwh"] == "4.00"
    first = client.get(f"/api/bills/{POINT}/2026-03?version=1").json()
    assert first["change"] is None
    # Every line's difference adds up to that of the bills.
    assert sum(float(line["amount"]) for line in change["lines"]) == pytest.approx(
        float(bill["amount"]) - float(first["bill"]["amount"])
    )
    assert float(change["amount"]) == pytest.approx(float(bill["amount"]) - float(first["bill"]["amount"]))
