"""A works with one meter of 8 kW day and night: everything of its sheet can be worked out by hand.

March 2026 has 96 x 31 quarters of 2 kWh, 5 952 kWh: 1 984 in valley, 992 in peak, 2 976 in flat hours. The
bill: 595.20 + 892.80 + 1 785.60 yuan of energy, 595.20 of network, 100 kVA x 25 yuan x 11/30 for all but the
20 days of the suspension, 916.67: 4 785.47 yuan, 0.804010 yuan/kWh.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from analysis.settlement.bill import Bill
from analysis.settlement.settle import settle
from pipeline.contracts import Suspension
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.registry import Registry
from reports.customers.facts import CustomerFacts, ForecastFacts, QualityMonth
from services.customer_facts import Gathered, facts_of
from services.settle_book import FileBook
from services.settle_month import billing_month
from storage.files import file_matrix
from storage.intervals import IntervalColumns
from tests.settled_plants import APRIL, METER, NOON, POINT, intervals, plant

FEBRUARY = datetime(2026, 1, 31, 16, tzinfo=UTC)
FIRST = date(2026, 3, 1)
STOP = Suspension(
    id="ZT-1",
    service_point=POINT,
    starts_at=datetime(2026, 3, 9, 16, tzinfo=UTC),
    ends_at=datetime(2026, 3, 29, 16, tzinfo=UTC),
    setpoint_w=5000.0,
)
EPISODE = Episode(
    id="e1",
    detector="suspended_load",
    version=1,
    meter=METER,
    service_point=POINT,
    starts_at=STOP.starts_at,
    ends_at=None,
    detected_at=APRIL,
    verdict=Verdict.ABNORMAL,
    severity=Severity.CRITICAL,
    score=1.0,
    energy_kwh=3832.0,
    message="episode.suspended_load",
    parameters={
        "service_point": POINT,
        "suspension": "ZT-1",
        "max_kw": 8.0,
        "limit_kw": 5.0,
        "unit": "kW",
        "energy_kwh": 3832.0,
        "days": 20,
    },
)
FORECAST = ForecastFacts(
    meter=METER,
    made_at=APRIL,
    points=[(APRIL + n * timedelta(minutes=15), 7.0, 8.0, 9.5) for n in range(96)],
    month_max_p50_kw=8.2,
    month_max_p90_kw=9.5,
)
QUALITY = QualityMonth(month="2026-03", verdict="violating", counts={"violating": 1, "compliant": 12})


def archive(**changed: object) -> Registry:
    """Return the works' archive with its suspension."""
    return replace(plant(), **{"suspensions": [STOP], **changed})  # type: ignore[arg-type]  # tables of any kind


def two_months() -> IntervalColumns:
    """Return February and March."""
    return intervals(FEBRUARY, APRIL, kvarh=0.5)


def bills(registry: Registry, columns: IntervalColumns) -> list[Bill]:
    """Return the bills of both months."""
    book = FileBook.of(None, columns, [METER])
    months = ("2026-02", "2026-03")
    return [settle(billing_month(registry, book, POINT, month, primary=frozenset())) for month in months]


def gathered(registry: Registry | None = None) -> Gathered:
    """Return what is known of the works in March."""
    registry, columns = registry or archive(), two_months()
    return Gathered(
        customer="Works",
        archive=registry,
        first=FIRST,
        now=NOON,
        matrix=file_matrix(registry, None, columns),
        bills={POINT: bills(registry, columns)},
        quality={POINT: QUALITY},
        forecasts={MeterId(METER): FORECAST},
        episodes=[EPISODE],
    )


def facts(registry: Registry | None = None) -> CustomerFacts:
    """Return the same as the sheet is made of."""
    return facts_of(gathered(registry))


def bare_facts() -> CustomerFacts:
    """Return a customer of whom nothing but a service point is filed."""
    registry = archive(contracts=[], suspensions=[], installations=[], meters=[], ratios=[])
    nothing = file_matrix(archive(), None, two_months())
    return facts_of(
        Gathered(customer="Works", archive=registry, first=FIRST, now=NOON, matrix=nothing.part(slice(0, 0)))
    )
