"""Bills out of a real database: made once, again when registers change, with the difference; scopes hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, DivisionByZero
from typing import NoReturn

import pytest
from pydantic import SecretStr

from analysis.settlement.bill import Bill
from analysis.settlement.billing_month import BillingMonth
from pipeline.errors import ConfigError
from pipeline.model import EVERYTHING, MeterId, Origin, Scope, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Role
from pipeline.tariff import EnergyCharge, Step, StepsOver, Tariff
from services.settings import Settings
from services.settle import NOT_MADE, YEAR_UNKNOWN
from services.settle_again import rerate_stored
from services.settle_book import NEAR, StoredBook
from services.settle_due import row_of, settle_due
from services.settle_stored import settle_stored
from storage.bills import (
    BillFilter,
    bill_cards,
    bill_months,
    bill_total,
    bill_versions,
    billed_kwh,
    billed_register,
)
from storage.database import Connection, connect
from storage.interim_bills import interim_bills
from storage.intervals import save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.settled_plants import (
    APRIL,
    CLOSING,
    MARCH,
    METER,
    NOON,
    OPENING,
    PLANT,
    POINT,
    intervals,
    plant,
    reading,
)


@pytest.fixture
def settings(any_database_url: str) -> Settings:
    return Settings(database_url=SecretStr(any_database_url))


@pytest.fixture
def stored(any_database_url: str) -> Iterator[Connection]:
    with connect(any_database_url) as connection:
        yield connection


def fill(connection: Connection, readings: Sequence[Snapshot], archive: Registry = PLANT) -> None:
    save_registry(connection, archive)
    save_intervals(connection, intervals(), computed_at=NOON)
    ReadingWriter(connection).write(readings)


def test_a_bill_is_kept_once_and_again_when_a_register_came(stored: Connection, settings: Settings) -> None:
    fill(stored, [reading(MARCH, OPENING)])
    (first,) = settle_stored("2026-03", settings=settings, now=NOON)
    assert (first.version, first.is_new, first.bill.is_final) == (1, True, True)
    assert first.bill.energy_kwh == Decimal("5952.00")
    assert [f.code for f in first.bill.findings] == ["register_estimated"]

    (same,) = settle_stored("2026-03", settings=settings, now=NOON + timedelta(days=1))
    assert (same.version, same.is_new, same.change) == (1, False, None)

    # The freeze comes two days late and shows 0.2 kWh more at the meter: 4 kWh.
    ReadingWriter(stored).write([reading(APRIL, CLOSING + 0.2)])
    (again,) = rerate_stored(settings=settings, now=NOON + timedelta(days=2))
    assert (again.version, again.is_new) == (2, True)
    assert again.change is not None
    assert again.change.energy_kwh == Decimal("4.00")
    assert again.change.amount == again.bill.amount - first.bill.amount > 0
    assert again.bill.findings == ()
    (unchanged,) = rerate_stored(settings=settings, now=NOON + timedelta(days=3))
    assert not unchanged.is_new

    versions = bill_versions(stored, POINT, "2026-03", scope=EVERYTHING)
    assert [version.version for version in versions] == [2, 1]
    assert versions[0].document["amount"] == f"{again.bill.amount:f}"
    (card,) = bill_cards(stored, BillFilter(), scope=EVERYTHING, limit=10)
    assert (card.version, card.amount, card.amount_before) == (2, again.bill.amount, first.bill.amount)
    assert (card.name, card.customer, card.area) == ("Foundry", "Works", "north")


def test_what_is_owed_is_told_against_the_version_given_out_not_a_refused_one(
    stored: Connection, settings: Settings
) -> None:
    fill(stored, [reading(MARCH, OPENING)])
    (given_out,) = settle_stored("2026-03", settings=settings, now=NOON)
    save_registry(stored, plant(tariffs=[replace(PLANT.tariffs[0], starts_at=NOON)]))
    (refused,) = rerate_stored(settings=settings, now=NOON)
    assert (refused.version, refused.bill.is_final, refused.change) == (2, False, None)
    (card,) = bill_cards(stored, BillFilter(), scope=EVERYTHING, limit=10)
    assert card.amount_before is None
    # What was given out still counts: for the year, and as the register that April opens with.
    assert billed_kwh(stored, POINT, first="2026-03", until="2026-04", scope=EVERYTHING) == {
        "2026-03": Decimal("5952.00")
    }
    assert billed_register(stored, POINT, METER, APRIL, scope=EVERYTHING) == Decimal("1297.60")

    save_registry(stored, PLANT)
    ReadingWriter(stored).write([reading(APRIL, CLOSING + 0.2)])
    (mended,) = rerate_stored(settings=settings, now=NOON)
    assert mended.change is not None
    assert (mended.version, mended.change.energy_kwh) == (3, Decimal("4.00"))
    assert mended.change.amount == mended.bill.amount - given_out.bill.amount
    (card,) = bill_cards(stored, BillFilter(), scope=EVERYTHING, limit=10)
    assert card.amount_before == given_out.bill.amount


def test_bills_in_two_currencies_have_no_difference(stored: Connection, settings: Settings) -> None:
    fill(stored, [reading(MARCH, OPENING)])
    list(settle_stored("2026-03", settings=settings, now=NOON))
    save_registry(stored, plant(tariffs=[replace(PLANT.tariffs[0], currency="EUR")]))
    (again,) = rerate_stored(settings=settings, now=NOON)
    assert (again.version, again.bill.currency, again.change) == (2, "EUR", None)
    (card,) = bill_cards(stored, BillFilter(), scope=EVERYTHING, limit=10)
    assert card.amount_before is None


def test_bills_are_seen_only_within_the_callers_areas(stored: Connection, settings: Settings) -> None:
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)])
    list(settle_stored("2026-03", settings=settings, now=NOON))
    for scope, seen in ((Scope(frozenset({"north"})), 1), (Scope(frozenset({"south"})), 0)):
        assert bill_total(stored, BillFilter(), scope=scope) == seen
        assert len(bill_cards(stored, BillFilter(), scope=scope, limit=10)) == seen
        assert len(bill_versions(stored, POINT, "2026-03", scope=scope)) == seen
        assert len(bill_months(stored, scope=scope)) == seen
    assert bill_total(stored, BillFilter(is_final=False), scope=EVERYTHING) == 0
    assert bill_total(stored, BillFilter(month="2026-02"), scope=EVERYTHING) == 0


def test_a_month_that_is_not_over_has_no_bill(stored: Connection, settings: Settings) -> None:
    fill(stored, [reading(MARCH, OPENING)])
    assert list(settle_stored("2026-04", settings=settings, now=NOON)) == []


def test_the_flow_bills_what_is_due_and_tells_of_new_versions(stored: Connection, settings: Settings) -> None:
    fill(stored, [reading(MARCH, OPENING)])
    (due,) = settle_due(settings, NOON)
    assert row_of(due) == {
        "service point": POINT,
        "month": "2026-03",
        "until": "",
        "state": "final",
        "version": 1,
        "kWh": "5,952.00",
        "amount": f"{due.bill.amount:,.2f} CNY",
        "difference": "",
        "findings": "register_estimated",
    }
    ReadingWriter(stored).write([reading(APRIL, CLOSING + 0.4, Origin.DAILY_FREEZE)])
    # Long after its settlement day a bill that is stored is still made again.
    later = [settled for settled in settle_due(settings, NOON + timedelta(days=40)) if settled.is_new]
    assert [(settled.bill.month, settled.version) for settled in later if settled.change] == [("2026-03", 2)]


def test_the_flow_bills_the_last_closed_month_however_long_it_stood_still(
    stored: Connection, settings: Settings
) -> None:
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)])
    (due,) = settle_due(settings, NOON + timedelta(days=20))
    assert (due.bill.month, due.version, due.bill.is_final) == ("2026-03", 1, True)
    (same,) = settle_due(settings, NOON + timedelta(days=21))
    assert not same.is_new


def test_interim_bills_are_given_out_once_and_the_month_takes_them_off(
    stored: Connection, settings: Settings
) -> None:
    thrice = replace(PLANT.contracts[0], interim_days=(11, 21))
    fill(stored, [reading(MARCH, OPENING)], plant(contracts=[thrice]))
    assert [s for s in settle_due(settings, MARCH + timedelta(days=9)) if s.month.energy_only] == []

    eleventh = MARCH + timedelta(days=10)
    (first,) = (s for s in settle_due(settings, eleventh) if s.month.energy_only)
    # 10 days of 192 kWh: a third valley (8 h), a sixth peak (4 h), a half flat, and 0.1 for the network.
    # 640 x 0.3 + 320 x 0.9 + 960 x 0.6 + 1920 x 0.1 = 192 + 288 + 576 + 192
    assert (first.bill.energy_kwh, first.bill.amount, first.is_new) == (
        Decimal(1920),
        Decimal("1248.00"),
        True,
    )
    assert row_of(first)["until"] == "2026-03-11"
    assert [s for s in settle_due(settings, eleventh) if s.month.energy_only] == []

    (second,) = (s for s in settle_due(settings, eleventh + timedelta(days=10)) if s.month.energy_only)
    # Of 20 days 2 x 1248, of which the first 1248 are taken off.
    assert (second.bill.energy_kwh, second.bill.amount) == (Decimal(3840), Decimal("1248.00"))
    kept = interim_bills(stored, POINT, "2026-03", scope=EVERYTHING)
    assert [(bill.ends_at, bill.amount) for bill in kept] == [
        (eleventh, Decimal("1248.00")),
        (eleventh + timedelta(days=10), Decimal("1248.00")),
    ]
    assert interim_bills(stored, POINT, "2026-03", scope=Scope(frozenset({"south"}))) == []

    (month,) = (s for s in settle_due(settings, NOON) if s.bill.month == "2026-03")
    # 31 days of 124.80 and 100 kVA at 25 a month, less both.
    assert month.bill.amount == Decimal("3868.80") + Decimal("2500.00") - 2 * Decimal("1248.00")
    assert sum(line.amount for line in month.bill.lines if line.item == "interim") == Decimal("-2496.00")
    (same,) = (s for s in settle_due(settings, NOON) if s.bill.month == "2026-03")
    assert (same.version, same.is_new) == (1, False)


def test_an_interim_bill_that_is_refused_is_not_given_out_and_tried_again(
    stored: Connection, settings: Settings
) -> None:
    thrice = replace(PLANT.contracts[0], interim_days=(11, 21))
    unknown = replace(thrice, tariff="TT")
    fill(stored, [reading(MARCH, OPENING)], plant(contracts=[unknown]))
    eleventh = MARCH + timedelta(days=10)
    (refused,) = (s for s in settle_due(settings, eleventh) if s.month.energy_only)
    assert (refused.bill.is_final, refused.is_new) == (False, False)
    assert interim_bills(stored, POINT, "2026-03", scope=EVERYTHING) == []
    save_registry(stored, plant(contracts=[thrice]))
    due = [s for s in settle_due(settings, eleventh + timedelta(days=11)) if s.month.energy_only]
    assert [s.bill.amount for s in due] == [Decimal("1248.00"), Decimal("1248.00")]


def test_a_contract_whose_tariff_is_unknown_is_refused_by_the_flow(
    stored: Connection, settings: Settings
) -> None:
    unknown = replace(PLANT.contracts[0], tariff="TT")
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)], plant(contracts=[unknown]))
    (due,) = settle_due(settings, NOON)
    assert due.version == 1
    assert "tariff_gap" in {f.code for f in due.bill.findings if f.refuses}


def test_months_outside_all_contracts_are_billed_only_where_they_are_wanted_or_stored(
    stored: Connection, settings: Settings
) -> None:
    ended = replace(PLANT.contracts[0], ends_at=MARCH)
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)], plant(contracts=[ended]))
    assert list(settle_due(settings, NOON)) == []
    assert list(settle_stored("2026-03", settings=settings, now=NOON)) == []
    (wanted,) = settle_stored("2026-03", [POINT], settings=settings, now=NOON)
    assert "contract_gap" in {f.code for f in wanted.bill.findings if f.refuses}
    assert [settled.is_new for settled in settle_due(settings, NOON)] == [False]


def test_terms_that_cannot_be_refuse_one_bill_and_end_no_run(
    stored: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)])

    def failing(month: BillingMonth) -> Bill:
        raise DivisionByZero(month.month)

    monkeypatch.setattr("services.settle.settle", failing)
    (refused,) = settle_due(settings, NOON)
    assert (refused.version, refused.is_new, refused.bill.is_final) == (None, False, False)
    assert row_of(refused)["findings"] == NOT_MADE
    assert bill_total(stored, BillFilter(), scope=EVERYTHING) == 0


def test_steps_over_a_year_count_the_bills_of_its_earlier_months(
    stored: Connection, settings: Settings
) -> None:
    stepped = Tariff(
        id="T",
        charges=(EnergyCharge(item="energy", price=Decimal("0.5")),),
        steps=(Step(above_kwh=Decimal(6000), added=Decimal("0.05")),),
        steps_over=StepsOver.YEAR,
    )
    fitted = datetime(2026, 1, 31, 16, tzinfo=UTC)
    placed = replace(
        PLANT.installations[0], starts_at=fitted, opening={"active_energy_import": OPENING - 200.0}
    )
    contracts = [replace(PLANT.contracts[0], basic_charge=None)]
    archive = plant(tariffs=[stepped], installations=[placed], contracts=contracts)
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING)], archive)
    (alone,) = settle_stored("2026-03", settings=settings, now=NOON)
    assert [(f.code, f.refuses) for f in alone.bill.findings if f.code == YEAR_UNKNOWN] == [
        (YEAR_UNKNOWN, True)
    ]
    (february,) = settle_stored("2026-02", settings=settings, now=NOON)
    assert february.bill.energy_kwh == Decimal("4000.00")
    (march,) = settle_stored("2026-03", settings=settings, now=NOON)
    assert march.bill.is_final
    step = next(line for line in march.bill.lines if line.item == "step_2")
    assert step.quantity == Decimal("3952.00")  # 4 000 + 5 952 - 6 000


def test_a_month_opens_with_the_estimate_that_the_one_before_closed_with(
    stored: Connection, settings: Settings
) -> None:
    may = APRIL + timedelta(days=30)
    fill(stored, [reading(MARCH, OPENING)])
    (march,) = settle_stored("2026-03", settings=settings, now=NOON)
    # April used 6 000 kWh by its intervals; the register of 1 May shows 20 kWh more than both months'.
    save_intervals(stored, intervals(APRIL, may, kwh=6000 / 2880), computed_at=NOON)
    ReadingWriter(stored).write([reading(may, CLOSING + 301.0)])
    (april,) = settle_stored("2026-04", settings=settings, now=may + timedelta(hours=12))
    (closed,), (opened,) = march.bill.registers, april.bill.registers
    assert opened.opening == closed.closing
    assert march.bill.energy_kwh + april.bill.energy_kwh == Decimal("11972.00")


def test_what_is_asked_for_and_not_there_is_named(stored: Connection, settings: Settings) -> None:
    save_registry(stored, plant(tariffs=[]))
    with pytest.raises(ConfigError, match=r"name T, of which there is no \[\[tariff\]\]"):
        list(settle_stored("2026-03", settings=settings, now=NOON))
    with pytest.raises(ConfigError, match="Q: no such service point in the archive"):
        list(settle_stored("2026-03", ["Q"], settings=settings, now=NOON))
    with pytest.raises(ConfigError, match="Q: no such service point in the archive"):
        list(rerate_stored(wanted=["Q"], settings=settings, now=NOON))


def test_a_sub_meter_of_another_customer_is_taken_off(stored: Connection, settings: Settings) -> None:
    sub = MeterId("SUB")
    archive = plant(
        meters=[*PLANT.meters, replace(PLANT.meters[0], id=sub)],
        installations=[
            *PLANT.installations,
            replace(PLANT.installations[0], meter=sub, role=Role.SUBTRACT),
        ],
    )
    readings = [reading(MARCH, OPENING), reading(APRIL, CLOSING)]
    readings += [reading(MARCH, 0.0, meter=sub), reading(APRIL, 952.0, meter=sub)]
    fill(stored, readings, archive)
    save_intervals(stored, intervals(meter=sub, kwh=952 / 2976), computed_at=NOON)
    (settled,) = settle_stored("2026-03", settings=settings, now=NOON)
    assert settled.bill.energy_kwh == Decimal("5000.00")
    assert {pair.meter for pair in settled.bill.registers} == {METER, sub}
    assert settled.bill.tie_out is not None
    assert settled.bill.tie_out.holds


def test_what_several_steps_of_a_bill_look_at_is_asked_once(
    stored: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stored, [reading(MARCH, OPENING), reading(APRIL, CLOSING), reading(APRIL + NEAR, CLOSING + 0.4)])
    book = StoredBook(connection=stored, scope=EVERYTHING)
    wide = book.readings(METER, APRIL - NEAR, APRIL + NEAR + timedelta(microseconds=1))
    month = book.intervals([METER], MARCH, APRIL)
    day = book.intervals([METER], MARCH, MARCH + timedelta(days=1))

    def asked(*_: object, **__: object) -> NoReturn:
        raise AssertionError("asked again")

    monkeypatch.setattr("services.settle_book.reading_series", asked)
    monkeypatch.setattr("services.settle_book.settled_series", asked)
    narrow = book.readings(METER, APRIL - NEAR, APRIL + NEAR)
    assert (len(wide), len(narrow)) == (2, 1)
    assert narrow.values[Quantity.ACTIVE_ENERGY_IMPORT].tolist() == [CLOSING]
    assert book.intervals([METER], MARCH, APRIL) is month
    assert (len(month), len(day)) == (31 * 96, 96)
    for other in ((MARCH, MARCH + NEAR), (APRIL, APRIL + 2 * NEAR)):
        with pytest.raises(AssertionError, match="asked again"):
            book.readings(METER, *other)


@pytest.mark.usefixtures("prefect_server")
def test_the_flow_makes_new_versions_only(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.settlement_run import settlement_run  # noqa: PLC0415 - Prefect reads its settings at import

    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setattr("services.settle_due.utc_now", lambda: NOON)
    with connect(database_url) as connection:
        fill(connection, [reading(MARCH, OPENING), reading(APRIL, CLOSING)])
    assert settlement_run() == 1
    assert settlement_run() == 0
