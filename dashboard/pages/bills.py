"""The pages of bills (电费账单): the list, and one bill traced to its registers and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from analysis.settlement.bill_documents import bill_of as bill_in
from analysis.settlement.difference import DifferenceBill, owed_since
from dashboard.asking import Ask, Asking
from dashboard.failures import NotFoundError
from dashboard.rendering import page, reader
from dashboard.words import marked
from pipeline.tariff import Period
from reports.bill.page import Wording
from storage.bills import (
    BillCard,
    BillFilter,
    StoredBill,
    bill_cards,
    bill_months,
    bill_total,
    bill_versions,
    given_out_before,
)
from storage.interim_bills import StoredInterim, interim_bills, interim_document

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
CHART_WIDTH, CHART_HEIGHT, AXIS = 720.0, 180.0, 22.0
"""Of the chart of days, in the units of its view box; it is drawn as wide as the page."""
BAR_SHARE = 0.78
"""Of a day's width."""
LABEL_EVERY = 5
"""Days between labels of the axis."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to."""

    month: Annotated[str, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")] = ""
    point: str = ""
    state: Literal["", "final", "refused"] = ""

    def filter(self) -> BillFilter:
        """Return what storage is asked for."""
        return BillFilter(
            month=self.month or None,
            service_point=self.point.strip() or None,
            is_final=None if not self.state else self.state == "final",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One period of one day as a rectangle of the chart."""

    x: float
    y: float
    width: float
    height: float
    period: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChart:
    """Intervals by day and period (逐日分时电量)."""

    bars: Sequence[Bar]
    labels: Sequence[tuple[float, str]]
    periods: Sequence[str]
    most_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a version charges beyond one that was given out before (退补)."""

    since: int
    """Which version that was."""
    owed: DifferenceBill


@router.get("/bills", name="bills", response_class=HTMLResponse)
def show_bills(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the newest version of each bill, newest months first, refused ones before the others."""
    wanted = chosen.filter()
    total = bill_total(asking.connection, wanted, scope=asking.scope)
    cards: list[BillCard] = bill_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        limit=PAGE_LENGTH,
        offset=(page_number - 1) * PAGE_LENGTH,
    )
    return page(
        asking,
        "bills.html",
        t=_wording(asking, asking.formats.zone),
        cards=cards,
        total=total,
        months=bill_months(asking.connection, scope=asking.scope),
        chosen=chosen,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )


@router.get("/bills/{point}/{month}", name="bill", response_class=HTMLResponse)
def show_bill(
    asking: Ask, point: str, month: str, version: Annotated[int | None, Query(ge=1)] = None
) -> HTMLResponse:
    """Show one bill: its lines, where each comes from, what was found, and what became different.

    Of a month that is not billed yet the newest interim bill (分次结算) is shown.
    """
    interim = interim_bills(asking.connection, point, month, scope=asking.scope)
    if interim and version is None and not bill_versions(asking.connection, point, month, scope=asking.scope):
        return _interim_page(asking, interim[-1], interim)
    stored, versions = bill_of(asking, point, month, version)
    document = stored.document
    t = _wording(asking, ZoneInfo(document["zone"]))
    change = change_of(stored, versions)
    (card,) = bill_cards(
        asking.connection, BillFilter(month=month, service_point=point), scope=asking.scope, limit=1
    )
    return page(
        asking,
        "bill.html",
        f=reader(asking, document["zone"]),
        t=t,
        stored=stored,
        card=card,
        bill=document,
        versions=[each.version for each in versions],
        change=change,
        chart=day_chart(document, t),
        interim=interim,
    )


@router.get("/bills/{point}/{month}/{until}", name="interim_bill", response_class=HTMLResponse)
def show_interim_bill(asking: Ask, point: str, month: str, until: date) -> HTMLResponse:
    """Show an interim bill (分次结算) as it was given out, by the first day that it does not bill."""
    interim = interim_bills(asking.connection, point, month, scope=asking.scope)
    return _interim_page(asking, interim_of(interim, until), interim)


def interim_of(interim: Sequence[StoredInterim], until: date) -> StoredInterim:
    """Return the interim bill of a month that ends on a day.

    Raises:
        NotFoundError: If there is none.
    """
    found = next((each for each in interim if each.until == until), None)
    if found is None:
        raise NotFoundError(
            marked(
                "No such interim bill. They are given out for the days that interim_days of a contract names."
            )
        )
    return found


def _interim_page(asking: Asking, shown: StoredInterim, interim: Sequence[StoredInterim]) -> HTMLResponse:
    document = interim_document(asking.connection, shown)
    t = _wording(asking, ZoneInfo(shown.zone))
    billed = bill_cards(
        asking.connection, BillFilter(service_point=shown.service_point), scope=asking.scope, limit=1
    )
    return page(
        asking,
        "bill.html",
        f=reader(asking, shown.zone),
        t=t,
        stored=shown,
        card=billed[0] if billed else {"service_point": shown.service_point, "name": "", "customer": ""},
        bill=document,
        versions=[],
        is_billed=bool(
            bill_total(
                asking.connection,
                BillFilter(month=shown.month, service_point=shown.service_point),
                scope=asking.scope,
            )
        ),
        change=None,
        chart=day_chart(document, t),
        interim=interim,
    )


def bill_of(
    asking: Asking, point: str, month: str, version: int | None = None
) -> tuple[StoredBill, Sequence[StoredBill]]:
    """Return a version of a bill that the caller may see, by default the newest, and all versions.

    Raises:
        NotFoundError: If there is none.
    """
    versions = bill_versions(asking.connection, point, month, scope=asking.scope)
    found = next((each for each in versions if version in {None, each.version}), None)
    if found is None:
        raise NotFoundError(
            marked("No such bill. They are made by kilowatch settle, or by the flow settlement_run.")
        )
    return found, versions


def change_of(stored: StoredBill, versions: Sequence[StoredBill]) -> Change | None:
    """Return what a version charges beyond the one given out before it; None where there is none."""
    older = given_out_before(versions, stored.version)
    owed = owed_since(None if older is None else bill_in(older.document), bill_in(stored.document))
    return None if older is None or owed is None else Change(since=older.version, owed=owed)


def day_chart(document: Mapping[str, Any], t: Wording) -> DayChart | None:  # Any: JSON
    """Return the days of a bill as stacked bars; None where there were no intervals."""
    days = document["basis"]["days"]
    most = max((sum(day["kwh"].values()) for day in days), default=0.0)
    if most <= 0:
        return None
    step = CHART_WIDTH / len(days)
    periods = [p.value for p in reversed(Period) if any(p.value in day["kwh"] for day in days)]
    bars = []
    for place, day in enumerate(days):
        top = CHART_HEIGHT
        for period in periods:
            kwh = day["kwh"].get(period, 0.0)
            height = max(kwh, 0.0) / most * CHART_HEIGHT
            top -= height
            if height:
                title = f"{day['day']} {t.period(period)} {t.number(kwh)} kWh"
                bars.append(
                    Bar(
                        x=round(place * step, 2),
                        y=round(top, 2),
                        width=round(step * BAR_SHARE, 2),
                        height=round(height, 2),
                        period=period,
                        title=title,
                    )
                )
    labels = [
        (round((place + BAR_SHARE / 2) * step, 2), f"{date.fromisoformat(day['day']):%m-%d}")
        for place, day in enumerate(days)
        if place % LABEL_EVERY == 0
    ]
    return DayChart(bars=bars, labels=labels, periods=periods[::-1], most_kwh=most)


def _wording(asking: Asking, zone: ZoneInfo) -> Wording:
    return Wording(language=asking.formats.language, zone=zone)
