"""The list of large customers (大客户), and one customer's sheet: as on paper, with living curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from dashboard.asked_times import MonthName
from dashboard.asking import Ask, Asking
from dashboard.charts import Chart, Limit, load_chart, suspension_stretches
from dashboard.failures import NotFoundError, UnavailableError
from dashboard.pages.fleet import midnight
from dashboard.pages.meters import protections_at
from dashboard.rendering import page, reader
from dashboard.search_text import SearchText
from dashboard.words import marked
from pipeline.errors import MissingPartError
from pipeline.registry import DEFAULT_ZONE, Role
from pipeline.timegrid import last_month, local_month
from reports.customers.page import chart as drawn
from reports.customers.page import is_number, kind_of, number_columns
from reports.customers.page import page as paper
from reports.customers.table import sheet_csv
from reports.customers.telling import Telling
from reports.customers.workbook import sheet_workbook
from reports.pdf import pdf_of
from services.customer_facts import facts_of
from services.customer_list import list_csv, list_excel
from services.customer_sheets import MadeSheet, made_sheet
from services.customer_stored import gather_stored
from services.customers import customers_of
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.customers import LEAST_KVA, CustomerCard, CustomerFilter, Sort, customer_cards, customer_total
from storage.dashboard_queries import meter_cards, suspensions_of
from storage.registry import load_registry

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
MOST_CHARTS = 4
"""Load curves on one page: of so many main meters."""
MOST_EXPORTED = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to."""

    q: SearchText = ""
    month: MonthName = ""
    sort: Sort = Sort.KWH
    size: Literal["large", "all"] = "large"

    def filter(self, asking: Asking) -> CustomerFilter:
        """Return what storage is asked for."""
        least = LEAST_KVA if self.size == "large" else 0.0
        return CustomerFilter(month=month_of(self.month, asking), search=self.q, least_kva=least)


@router.get("/customers", name="customers", response_class=HTMLResponse)
def show_customers(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show customers with their month's energy, average price and open episodes."""
    wanted = chosen.filter(asking)
    total = customer_total(asking.connection, wanted, scope=asking.scope)
    return page(
        asking,
        "customers.html",
        t=_telling(asking),
        cards=customer_cards(
            asking.connection,
            wanted,
            chosen.sort,
            scope=asking.scope,
            limit=PAGE_LENGTH,
            offset=(page_number - 1) * PAGE_LENGTH,
        ),
        total=total,
        chosen=chosen,
        month=f"{wanted.month:%Y-%m}",
        sorts=[sort.value for sort in Sort],
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )


@router.get("/customer-list.{kind}", name="customer_list")
def export_customers(
    asking: Ask, chosen: Annotated[Chosen, Depends()], kind: Literal["csv", "xlsx"]
) -> Response:
    """Return the list as a file, in its order and without pages."""
    wanted = chosen.filter(asking)
    cards: Sequence[CustomerCard] = customer_cards(
        asking.connection, wanted, chosen.sort, scope=asking.scope, limit=MOST_EXPORTED
    )
    month, f = f"{wanted.month:%Y-%m}", asking.formats
    if kind == "csv":
        return _file(list_csv(cards, f.language, f.zone), "text/csv", f"customers-{month}.csv")
    return _file(list_excel(cards, month, f.language, f.zone), XLSX, f"customers-{month}.xlsx")


@router.get("/customers/{customer:path}", name="customer", response_class=HTMLResponse)
def show_customer(asking: Ask, customer: str, month: MonthName = "") -> HTMLResponse:
    """Show everything of one customer's month."""
    made = sheet_of_customer(asking, customer, month)
    sheet = made.sheet
    t = Telling(language=asking.formats.language, zone=sheet.zone)
    return page(
        asking,
        "customer.html",
        f=reader(asking, sheet.zone.key),
        t=t,
        sheet=sheet,
        facts=made.facts,
        charts=_charts(asking, made),
        protections=protections_at(asking, [known.point.id for known in made.facts.points]),
        drawn=drawn,
        kind_of=kind_of,
        is_number=is_number,
        number_columns=number_columns,
        zip=zip,
    )


@router.get("/customer-sheets/{kind}/{customer:path}", name="customer_file")
def export_customer(
    asking: Ask, customer: str, kind: Literal["csv", "xlsx", "pdf", "html"], month: MonthName = ""
) -> Response:
    """Return one customer's sheet as a file."""
    sheet, language = sheet_of_customer(asking, customer, month).sheet, asking.formats.language
    name = f"{customer}-{sheet.month}.{kind}"
    if kind == "csv":
        return _file(sheet_csv(sheet, language), "text/csv", name)
    if kind == "xlsx":
        return _file(sheet_workbook(sheet, language), XLSX, name)
    if kind == "html":
        return _file(paper(sheet, language).encode(), "text/html", name)
    try:
        return _file(pdf_of(paper(sheet, language)).raw, "application/pdf", name)
    except MissingPartError as error:
        raise UnavailableError(HTTPStatus.NOT_IMPLEMENTED, str(error)) from error


def sheet_of_customer(asking: Asking, customer: str, month: str) -> MadeSheet:
    """Return the sheet of a customer that the caller may see.

    Raises:
        NotFoundError: If there is none.
    """
    archive = load_registry(asking.connection)
    areas = asking.scope.areas
    points = [
        point
        for point in customers_of(archive).get(customer, ())
        if areas is None or (point.area is not None and point.area in areas)
    ]
    if not points:
        raise NotFoundError(marked("No such customer in the archive. Search the list of large customers."))
    gathered = gather_stored(
        asking.connection,
        archive,
        customer,
        points,
        month_of(month, asking),
        asking.now,
        scope=asking.scope,
        primary=primary_profiles(load_settings()),
    )
    return made_sheet(facts_of(gathered))


def month_of(month: str, asking: Asking) -> date:
    """Return the first day of a month of an address; the last one that is over where none is named."""
    return date.fromisoformat(f"{month}-01") if month else last_month(asking.now, DEFAULT_ZONE)


def _charts(asking: Asking, made: MadeSheet) -> list[Chart]:
    """Return the load curves of the main meters over the month."""
    charts = []
    f = reader(asking, made.facts.zone.key)
    first = month_of(made.facts.month, asking)
    since, until = local_month(first.year, first.month, f.zone)
    label = Telling(language=f.language, zone=f.zone)("contract_demand_kw")
    cards = meter_cards(
        asking.connection,
        scope=asking.scope,
        now=min(until, asking.now),
        since=midnight(asking),
        service_points=[known.point.id for known in made.facts.points],
    )
    for known in made.facts.points:
        own = [card for card in cards if card.service_point == known.point.id and card.role == Role.MAIN]
        if not own:
            continue
        agreed = None if known.contract is None else known.contract.contract_demand_kw
        limits = [] if agreed is None else [Limit(value=agreed, label=label)]
        stretches = suspension_stretches(suspensions_of(asking.connection, known.point.id), f, asking.now)
        charts += [
            load_chart(card, f, since=since, until=until, limits=limits, stretches=stretches) for card in own
        ]
    return charts[:MOST_CHARTS]


def _telling(asking: Asking) -> Telling:
    return Telling(language=asking.formats.language, zone=asking.formats.zone)


def _file(raw: bytes, kind: str, name: str) -> Response:
    """Return a file to be kept; its name may hold any letter (RFC 6266)."""
    text = kind.startswith("text/")
    return Response(
        raw,
        media_type=f"{kind}; charset=utf-8" if text else kind,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"},
    )
