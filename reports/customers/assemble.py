"""Puts the sections of a customer's sheet together, in their order."""

from __future__ import annotations

from reports.customers.facts import CustomerFacts
from reports.customers.parts.bill import bill
from reports.customers.parts.contract import contract
from reports.customers.parts.documents import documents
from reports.customers.parts.episodes import episodes
from reports.customers.parts.forecast import forecast
from reports.customers.parts.load import load
from reports.customers.parts.price import price
from reports.customers.parts.quality import quality
from reports.customers.parts.suspensions import suspensions
from reports.customers.sheet import CustomerSheet

PARTS = (contract, suspensions, load, quality, bill, price, forecast, episodes, documents)


def sheet_of(facts: CustomerFacts) -> CustomerSheet:
    """Return the sheet; a section without data is there and says what it wants."""
    return CustomerSheet(
        customer=facts.customer,
        month=facts.month,
        zone=facts.zone,
        made_at=facts.made_at,
        sections=[part(facts) for part in PARTS],
    )
