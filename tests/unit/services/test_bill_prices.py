from dataclasses import replace
from decimal import Decimal

from analysis.settlement.bill import BillFinding
from analysis.settlement.bill_documents import bill_document
from analysis.settlement.settle import settle
from services.bill_prices import billed_price, is_document_proven
from services.settle_book import FileBook
from services.settle_month import billing_month
from tests.large_customers import archive, two_months
from tests.settled_plants import METER, POINT

MONTH = billing_month(
    archive(), FileBook.of(None, two_months(), [METER]), POINT, "2026-03", primary=frozenset()
)
BILL = settle(MONTH)


def test_a_price_is_the_amount_by_the_energy_with_its_parts() -> None:
    price = billed_price(BILL)
    assert price is not None
    assert (price.kwh, price.price) == (Decimal("5952.00"), Decimal("0.804010"))
    assert {period: round(float(share), 4) for period, share in price.shares.items()} == {
        "peak": 0.1667,
        "flat": 0.5,
        "valley": 0.3333,
    }
    assert float(price.basic) == 916.67


def test_a_bill_without_energy_or_one_that_is_refused_has_no_price_to_judge() -> None:
    assert billed_price(replace(BILL, energy_kwh=Decimal(0))) is None
    refused = BillFinding(code="tariff_gap", refuses=True)
    assert billed_price(replace(BILL, findings=[refused])) is None


def test_the_days_of_a_stored_bill_bear_its_hours_out_or_not() -> None:
    document = bill_document(BILL, MONTH)
    assert is_document_proven(document) is True
    swapped = {**document, "energy_by_period": {"peak": "1984.00", "flat": "2976.00", "valley": "992.00"}}
    assert is_document_proven(swapped) is False
