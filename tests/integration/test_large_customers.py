"""Large customers out of a real database: listed, their sheets told, their prices judged, within a scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from analysis.settlement.bill import Bill, BillFinding, BillLine
from analysis.settlement.bill_documents import bill_document, bill_of
from pipeline.contracts import Contract
from pipeline.model import EVERYTHING, Scope, Severity, Verdict
from pipeline.registry import Area, Installation, Meter, ServicePoint
from pipeline.tariff import EnergyCharge, Tariff
from reports.customers.document import sheet_document
from services.customer_sheets import SheetWish, sheets_stored
from services.customer_stored import open_episodes
from services.customers import archive_of
from services.large_customers import DETECTOR, episode_rows, judge_prices, month_rows, write_sheets
from services.settings import Settings
from services.settle_book import FileBook
from services.settle_month import billing_month
from services.settle_stored import settle_stored
from storage.bills import save_bill
from storage.customers import CustomerFilter, Sort, customer_cards, customer_total, newest_bills
from storage.database import Connection, connect
from storage.episodes import list_episodes, save_episodes
from storage.intervals import save_intervals
from storage.registry import load_registry, save_registry
from tests.large_customers import EPISODE, FIRST, archive, two_months
from tests.settled_plants import METER, NOON, POINT

MARCH_CARDS = CustomerFilter(month=FIRST)


@pytest.fixture
def settings(any_database_url: str) -> Settings:
    return Settings(database_url=SecretStr(any_database_url))


@pytest.fixture
def stored(any_database_url: str, settings: Settings) -> Iterator[Connection]:
    """The works with its bills, and a small shop in another area."""
    known = archive()
    with connect(any_database_url) as connection:
        save_registry(
            connection,
            replace(
                known,
                meters=[*known.meters, Meter(id="M-SHOP")],  # type: ignore[arg-type]  # an id
                installations=[*known.installations, Installation(meter="M-SHOP", service_point="SHOP")],  # type: ignore[arg-type]  # an id
                service_points=[*known.service_points, ServicePoint(id="SHOP", area="south")],
                areas=[*known.areas, Area(id="south")],
                contracts=[*known.contracts, Contract(service_point="SHOP", capacity_kva=30.0)],
            ),
        )
        save_intervals(connection, two_months(), computed_at=NOON)
        for month in ("2026-02", "2026-03"):
            assert [s.bill.is_final for s in settle_stored(month, [POINT], settings, NOON)] == [True]
        save_episodes(connection, [EPISODE])
        yield connection


def test_the_list_tells_energy_price_and_open_episodes(stored: Connection) -> None:
    (card,) = customer_cards(stored, MARCH_CARDS, Sort.KWH, scope=EVERYTHING, limit=10)
    assert (card.customer, list(card.points), card.capacity_kva) == ("Works", [POINT], 100.0)
    assert (card.kwh, card.amount, card.price) == (
        Decimal("5952.00"),
        Decimal("4785.47"),
        Decimal("0.804010"),
    )
    assert (card.is_billed, card.episodes, card.severity) == (True, 1, 40)


def _amend(connection: Connection, bill: Bill) -> None:
    """File another version of the works' bill of March."""
    book = FileBook.of(None, two_months(), [METER])
    month = billing_month(load_registry(connection), book, POINT, "2026-03", primary=frozenset())
    save_bill(connection, bill_document(bill, month), made_at=NOON)


def test_the_list_adds_what_interim_bills_took(stored: Connection) -> None:
    (*_, march) = map(bill_of, newest_bills(stored, scope=EVERYTHING, first="2026-01", last="2026-12"))
    paid = BillLine(
        item="interim", quantity=Decimal(3000), unit="yuan", price=Decimal(-1), amount=Decimal(-3000)
    )
    _amend(stored, replace(march, lines=[*march.lines, paid]))
    (card,) = customer_cards(stored, MARCH_CARDS, Sort.KWH, scope=EVERYTHING, limit=10)
    assert (card.amount, card.price) == (Decimal("4785.47"), Decimal("0.804010"))


def test_a_refused_bill_is_none_in_the_list(stored: Connection) -> None:
    (*_, march) = map(bill_of, newest_bills(stored, scope=EVERYTHING, first="2026-01", last="2026-12"))
    refused = [BillFinding(code="no_reading", refuses=True)]
    _amend(stored, replace(march, lines=[], energy_kwh=Decimal(0), findings=refused))
    (card,) = customer_cards(stored, MARCH_CARDS, Sort.KWH, scope=EVERYTHING, limit=10)
    assert (card.kwh, card.is_billed, card.amount, card.price) == (None, False, None, None)


def test_a_contract_that_begins_with_the_next_month_is_none_of_this_one(stored: Connection) -> None:
    """1 April 00:00 in Shanghai is 31 March 16:00 UTC: the session's zone must not decide."""
    known = load_registry(stored)
    april = datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    of_works = [replace(c, ends_at=april) for c in known.contracts if c.service_point == POINT]
    grown = replace(of_works[-1], starts_at=april, ends_at=None, capacity_kva=800.0, category="commerce")
    save_registry(stored, replace(known, contracts=[*of_works, grown]))
    (card,) = customer_cards(stored, MARCH_CARDS, Sort.KWH, scope=EVERYTHING, limit=10)
    assert (card.capacity_kva, card.category) == (100.0, of_works[-1].category)


def test_small_ones_are_listed_when_asked_for_in_any_order(stored: Connection) -> None:
    every = replace(MARCH_CARDS, least_kva=0.0)
    assert customer_total(stored, every, scope=EVERYTHING) == 2
    for sort, first in ((Sort.CUSTOMER, "SHOP"), (Sort.KWH, "Works"), (Sort.EPISODES, "Works")):
        cards = customer_cards(stored, every, sort, scope=EVERYTHING, limit=10)
        assert cards[0].customer == first
    shop = next(card for card in cards if card.customer == "SHOP")
    assert (shop.kwh, shop.price, shop.is_billed, shop.severity) == (None, None, False, None)
    assert [
        c.customer for c in customer_cards(stored, every, Sort.KWH, scope=EVERYTHING, limit=1, offset=1)
    ] == ["SHOP"]


def test_a_search_looks_in_names_and_service_points(stored: Connection) -> None:
    for search, total in (("work", 1), ("found", 1), ("sp", 1), ("%", 0), ("shop", 0)):
        assert customer_total(stored, replace(MARCH_CARDS, search=search), scope=EVERYTHING) == total


def test_a_scope_hides_the_customers_of_other_areas(stored: Connection) -> None:
    south = Scope(frozenset({"south"}))
    every = replace(MARCH_CARDS, least_kva=0.0)
    assert [c.customer for c in customer_cards(stored, every, Sort.KWH, scope=south, limit=10)] == ["SHOP"]
    assert list(newest_bills(stored, scope=south, first="2026-01", last="2026-12")) == []
    assert len(list(newest_bills(stored, scope=EVERYTHING, first="2026-01", last="2026-12"))) == 2


@pytest.mark.usefixtures("stored")
def test_a_stored_sheet_has_the_numbers_of_the_bill_and_the_load(settings: Settings) -> None:
    (made,) = sheets_stored(SheetWish(month=FIRST), settings, NOON)
    sections = sheet_document(made.sheet)["sections"]
    assert sections["bill"][0]["facts"]["billed_yuan"]["value"] == 4785.47
    assert sections["load"][0]["facts"]["energy"]["value"] == pytest.approx(5952.0)
    (row,) = sections["suspensions"][0]["rows"]
    assert (row["kept"]["code"], row["max_kw"]) == ("kept_drawing", pytest.approx(8.0))
    assert row["window_kwh"] == pytest.approx(3840.0)
    (found,) = sections["episodes"][0]["rows"]
    assert found["detector"]["en"] == "Load during suspension"
    months = next(block for block in sections["price"] if block.get("name") == "price_months")
    assert [m["month"] for m in months["rows"]] == ["2026-03", "2026-02"]


@pytest.mark.usefixtures("stored")
def test_the_month_s_rows_lead_to_the_pages_and_sheets_are_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = month_rows(FIRST, settings, NOON)
    assert row["customer"] == "[Works](/customers/Works?month=2026-03)"
    assert row["yuan/kWh"] == "0.8040"
    database = settings.database_url
    assert database is not None
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database.get_secret_value())
    assert write_sheets(FIRST, tmp_path, pdf=False) == 1
    assert (tmp_path / "Works" / "sheet.zh.xlsx").is_file()


def test_episodes_of_a_meter_s_other_places_are_not_the_customer_s(stored: Connection) -> None:
    # The meter hung at the shop before March and came to the works then.
    known = load_registry(stored)
    at = known.installations_of(POINT)[0]
    came = datetime(2026, 2, 28, 16, tzinfo=UTC)
    moved = [replace(at, service_point="SHOP", ends_at=came), replace(at, starts_at=came)]
    own = archive_of(replace(known, installations=moved), [p for p in known.service_points if p.id == POINT])
    january = datetime(2026, 1, 10, tzinfo=UTC)
    theirs = replace(EPISODE, id="theirs", service_point="SHOP", starts_at=january)
    unplaced = replace(EPISODE, id="unplaced", service_point=None, starts_at=january)
    ours = replace(EPISODE, id="ours", service_point=None)
    save_episodes(stored, [theirs, unplaced, ours])
    assert {e.id for e in open_episodes(stored, own, EVERYTHING)} == {"e1", "ours"}


CUSTOMERS, MONTHS = 12, 9
TARIFF = Tariff(id="class", charges=(EnergyCharge(item="energy", price=Decimal("0.60")),))


def _month(number: int) -> str:
    return f"{2025 + number // 12}-{number % 12 + 1:02d}"


def _bill(point: str, number: int, price: str) -> Bill:
    starts_at = datetime(2025 + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    kwh = Decimal(10_000 + 37 * number)
    amount = (kwh * Decimal(price)).quantize(Decimal("0.01"))
    line = BillLine(item="energy", quantity=kwh, unit="kWh", price=Decimal(price), amount=amount)
    return Bill(
        service_point=point,
        month=_month(number),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=28),
        lines=[line],
        registers=[],
        energy_kwh=kwh,
        energy_by_period={"flat": kwh},
    )


def _billed(connection: Connection, wrong: str, numbers: range = range(6, 9), months: int = MONTHS) -> None:
    """File customers of one class with bills; one is billed at another price, as of July."""
    names = [f"P{n:02d}" for n in range(CUSTOMERS)]
    save_registry(
        connection,
        replace(
            archive(),
            service_points=[ServicePoint(id=name, area="north") for name in names],
            installations=[],
            suspensions=[],
            tariffs=[TARIFF],
            contracts=[
                Contract(service_point=name, capacity_kva=200.0, category="workshop", tariff="class")
                for name in names
            ],
        ),
    )
    known = load_registry(connection)
    book = FileBook.of(None, two_months(), [METER])
    for place, name in enumerate(names):
        for number in range(months):
            price = wrong if place == 4 and number in numbers else f"0.6{place:02d}"
            month = billing_month(known, book, name, _month(number), primary=frozenset())
            save_bill(connection, bill_document(_bill(name, number, price), month), made_at=NOON)


def _kept(connection: Connection) -> Sequence[tuple[str | None, Verdict, str]]:
    found = list_episodes(connection, scope=EVERYTHING, detector=DETECTOR)
    return [(s.episode.service_point, s.episode.verdict, s.episode.message) for s in found]


def test_a_wrong_price_opens_an_episode_and_a_corrected_bill_withdraws_it(
    any_database_url: str, settings: Settings
) -> None:
    with connect(any_database_url) as connection:
        _billed(connection, "0.95")
        judged = judge_prices(date(2025, 9, 1), settings, NOON)
        assert judged.bills == CUSTOMERS * MONTHS
        assert _kept(connection) == [("P04", Verdict.ABNORMAL, "episode.average_price_peers")]
        (episode,) = judged.episodes
        assert (episode.severity, episode.parameters["effect"]) == (
            Severity.MINOR,
            "the prices of the periods",
        )
        assert episode.ends_at is None
        (row,) = episode_rows(judged)
        assert row["service point"] == "P04"
        assert f"/episodes/{episode.id}" in str(row["finding"])
        # The same again changes nothing; right bills take the verdict back.
        judge_prices(date(2025, 9, 1), settings, NOON)
        assert len(_kept(connection)) == 1
        _billed(connection, "0.604")
        assert judge_prices(date(2025, 9, 1), settings, NOON).episodes == []
        assert _kept(connection) == [("P04", Verdict.NORMAL, "episode.withdrawn")]


def _alone(connection: Connection) -> None:
    """Leave nobody to be held against, so that only own months tell."""
    connection.execute("DELETE FROM bill WHERE service_point <> 'P04'")


def test_an_episode_outlives_the_months_that_it_was_held_against(
    any_database_url: str, settings: Settings
) -> None:
    with connect(any_database_url) as connection:
        # July 2025 alone, held against January to June; in April 2026 the first bills read are of March 2025.
        _billed(connection, "0.95", range(6, 7), months=16)
        _alone(connection)
        judge_prices(date(2025, 7, 1), settings, datetime(2025, 8, 2, tzinfo=UTC))
        judge_prices(date(2025, 8, 1), settings, datetime(2025, 9, 2, tzinfo=UTC))
        kept = [("P04", Verdict.ABNORMAL, "episode.average_price_own")]
        assert _kept(connection) == kept
        for year, month in ((2025, 12), (2026, 3), (2026, 4)):
            judge_prices(date(year, month, 1), settings, datetime(2026, 5, 2, tzinfo=UTC))
            assert _kept(connection) == kept


def test_an_old_month_judged_again_leaves_a_later_end(any_database_url: str, settings: Settings) -> None:
    with connect(any_database_url) as connection:
        # July to September; October is as usual again.
        _billed(connection, "0.95", range(6, 9), months=10)
        now = datetime(2025, 11, 2, tzinfo=UTC)
        for month in (10, 7):
            judge_prices(date(2025, month, 1), settings, now)
            (stored,) = list_episodes(connection, scope=EVERYTHING, detector=DETECTOR)
            episode = stored.episode
            assert (episode.parameters["month"], episode.verdict) == ("2025-09", Verdict.ABNORMAL)
            assert episode.starts_at == datetime(2025, 7, 1, tzinfo=UTC)
            assert episode.ends_at == datetime(2025, 9, 1, tzinfo=UTC) + timedelta(days=28)


def test_a_price_below_the_tariff_s_lowest_is_impossible(any_database_url: str, settings: Settings) -> None:
    with connect(any_database_url) as connection:
        _billed(connection, "0.41")
        (episode,) = judge_prices(date(2025, 9, 1), settings, NOON).episodes
        assert episode.message == "episode.average_price_impossible"
        assert episode.parameters["usual"] == 0.6


def test_hours_of_use_that_the_days_of_the_bill_contradict_are_graver(
    any_database_url: str, settings: Settings
) -> None:
    with connect(any_database_url) as connection:
        _billed(connection, "0.6")
        _swap_hours(connection, curve="peak")
        (notice,) = judge_prices(date(2025, 9, 1), settings, NOON).episodes
        assert (notice.parameters["effect"], notice.severity) == ("the hours of use", Severity.INFO)
        _swap_hours(connection, curve="valley")
        (finding,) = judge_prices(date(2025, 9, 1), settings, NOON).episodes
        assert (finding.id, finding.severity) == (notice.id, Severity.MINOR)


def _swap_hours(connection: Connection, curve: str) -> None:
    """Give every bill two prices by hours; one customer's peak share jumps, his curve shows ``curve``."""
    rows = connection.execute("SELECT service_point, month, document FROM bill WHERE version = 1").fetchall()
    for point, month, document in rows:
        is_swapped = point == "P04" and month == "2025-09"
        kwh = Decimal(document["energy_kwh"])
        peak = (kwh * Decimal("0.9" if is_swapped else "0.2")).quantize(Decimal(1))
        parts = {"peak": peak, "valley": kwh - peak}
        prices = {"peak": Decimal("1.0"), "valley": Decimal("0.61")}
        line = document["lines"][0]
        lines = [
            {**line, "period": p, "quantity": str(q), "price": str(prices[p]), "amount": str(q * prices[p])}
            for p, q in parts.items()
        ]
        day = {"day": "2025-09-01", "slots": 96, "missing": 0, "estimated": 0}
        shares = {"peak": 90.0, "valley": 10.0} if curve == "peak" else {"peak": 20.0, "valley": 80.0}
        connection.execute(
            "UPDATE bill SET document = %s WHERE service_point = %s AND month = %s",
            (
                Jsonb(
                    {
                        **document,
                        "lines": lines,
                        "energy_by_period": {p: str(q) for p, q in parts.items()},
                        "basis": {**document["basis"], "days": [{**day, "kwh": shares}]},
                    }
                ),
                point,
                month,
            ),
        )
