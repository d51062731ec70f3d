"""The city of the dashboard's tests with a little of everything in both of its areas."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from psycopg.types.json import Jsonb
from pydantic import SecretStr

from analysis.line_loss import AreaDay, AreaLoss, LossVerdict, TransformerPart
from analysis.power_quality.documents import judgement_document
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reference
from analysis.technical_loss import TechnicalLoss
from pipeline.archive_records import ProtectedSupply
from pipeline.model import EVERYTHING, MeterId
from services.alarms import raise_alarms
from services.audit import Audit
from services.cases import work_out_cases
from services.forecast import Wish, forecast_stored
from services.load_months import keep_load_months
from services.order_record import Order, OrderRecord
from services.persons import Person
from services.settings import Settings
from services.settle_stored import settle_stored
from storage.area_losses import save_area_losses
from storage.asked_readings import add_asked, add_results
from storage.bills import bill_versions
from storage.database import Connection
from storage.interim_bills import save_interim
from storage.quality_judgements import JudgedMonth, save_judged_month
from storage.registry import save_registry
from tests.fix_dashboard import NOW, city
from tests.settled_plants import TARIFF

OWN, FOREIGN = "TA-02", "TA-01"
OWN_CUSTOMER, FOREIGN_CUSTOMER = "新华纺织有限公司", "华光铸造有限公司"
BILLED_MONTH, BILLED_UNTIL = "2026-10", date(2026, 10, 15)
"""The month of the bills, and the first day that their interim bills leave out."""
WISHES_BEFORE: Final = 910_000
"""So the wishes to read meters have numbers that no page shows by chance."""
PLACES: Final = (("SP-001", "M-1001", FOREIGN), ("SP-030", "M-4006", OWN))
"""A service point with a contract in each area, and its meter."""
_SEEN_HERE_TOO = """
    INSERT INTO episode (id, detector, version, meter, service_point, starts_at, ends_at, detected_at,
                         verdict, severity, score, energy_kwh, message, parameters, evidence)
    SELECT 'own-' || row_number() OVER (), detector, version, 'M-3001', NULL, starts_at, ends_at, detected_at,
           verdict, severity, score, energy_kwh, message, parameters, evidence
    FROM episode WHERE detector = 'voltage_deviation'
"""
"""The city's low voltage lies in the other area: the same at a meter of one's own."""


def fill_both_areas(connection: Connection, url: str) -> None:
    """Give both areas of the seeded city customers, findings, cases, bills and all that is worked out."""
    _enlarge(connection, url)
    settings = Settings(database_url=SecretStr(url))
    keep_load_months(settings=settings, now=NOW)
    assert list(forecast_stored(Wish(slots=96), settings, NOW))
    save_area_losses(connection, {area: (_loss(area), [_LOST]) for area in (OWN, FOREIGN)})
    connection.execute(
        "SELECT setval(pg_get_serial_sequence('asked_reading', 'asked_id'), %s)", (WISHES_BEFORE,)
    )
    for point, meter, _ in PLACES:
        document = judgement_document(_JUDGED)
        save_judged_month(
            connection,
            JudgedMonth(
                service_point=point, month=date(2026, 10, 1), meter=MeterId(meter), documents=[document]
            ),
        )
        asked = add_asked(connection, [meter], "somebody", NOW)
        add_results(connection, asked, {meter: {"meter": meter, "failure": "", "taken_at": NOW.isoformat()}})
        bill = bill_versions(connection, point, BILLED_MONTH, scope=EVERYTHING)[0]
        # Local midnight.
        ends_at = f"{BILLED_UNTIL - timedelta(days=1)}T16:00:00+00:00"
        assert save_interim(connection, {**bill.document, "ends_at": ends_at}, made_at=NOW)


def waiting_order(audit: Audit, meter: str) -> str:
    """File an order that waits for its second person, and return its id."""
    asked = datetime.now(UTC)
    record = OrderRecord(
        order=Order(
            kind="relay", url="dlt645+tcp://127.0.0.1:1/1", arguments={"order": "open", "meter": meter}
        ),
        requested_by=Person(account="pages/somebody"),
        requested_at=asked,
        expires_at=asked + timedelta(hours=8),
    )
    audit.append("requested", record.id, asked, record.details())
    return record.id


def _enlarge(connection: Connection, url: str) -> None:
    registry = city()
    points = [
        replace(point, customer=OWN_CUSTOMER) if point.id == "SP-030" else point
        for point in registry.service_points
    ]
    (contract,) = registry.contracts
    contracts = [contract, replace(contract, service_point="SP-030")]
    tariffs = [replace(TARIFF, id=str(contract.tariff))]
    filled = replace(
        registry,
        service_points=points,
        contracts=contracts,
        tariffs=tariffs,
        protected_supplies=[
            ProtectedSupply(service_point="SP-030", reason="高考保电", ends_at=NOW + timedelta(days=9))
        ],
    )
    save_registry(connection, filled)
    curve = {"unit": "V", "minutes": 15, "lines": {"voltage_a": [[NOW.isoformat(), 231.0]]}}
    connection.execute(
        "UPDATE episode SET evidence = evidence || %s WHERE detector = 'voltage_deviation'",
        (Jsonb({"voltages": curve}),),
    )
    connection.execute(_SEEN_HERE_TOO)
    work_out_cases(connection, NOW)
    raise_alarms(Settings(database_url=SecretStr(url)), NOW)
    list(settle_stored(BILLED_MONTH, settings=Settings(database_url=SecretStr(url)), now=NOW))


_LOST: Final = AreaDay(
    day=NOW.date() - timedelta(days=1),
    verdict=LossVerdict.NORMAL,
    why=None,
    energy_in_kwh=100.0,
    energy_out_kwh=96.0,
    fed_in_kwh=0.0,
    filled_kwh=0.0,
    loss_kwh=4.0,
    loss_percent=4.0,
    technical_kwh=3.0,
    unexplained_kwh=1.0,
    usual_percent=4.0,
    limit_percent=7.0,
    members=10,
    known=10,
    by_register=0,
    slot_coverage=1.0,
    missing=(),
    missing_supplies=(),
)


def _loss(area: str) -> AreaLoss:
    nothing = TechnicalLoss(fixed_kwh=0.0, per_square=0.0)
    return AreaLoss(
        area=area,
        days=[_LOST],
        technical=nothing,
        transformer=nothing,
        transformer_part=TransformerPart.BEFORE_METER,
        learnt_days=1,
        rise=None,
        judged_from=None,
        suspects=(),
    )


_JUDGED: Final = Judgement(
    check="voltage_deviation",
    subject="a",
    verdict=Compliance.COMPLIANT,
    reference=Reference(
        standard="GB/T 12325",
        edition="2008",
        clause="4.3",
        effective_from=date(2009, 5, 1),
        source="the text",
        confirmed=False,
    ),
    value=3.1,
    unit="%",
    limit=7.0,
    low_limit=-10.0,
    evidence=Evidence(n=2880, coverage=0.97, phase="a"),
)
