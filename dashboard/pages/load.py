"""The pages of load (负荷): a month of all subjects as a list, and one subject with its curve and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from analysis.load.advice import name_of, told_formula
from dashboard.asked_times import MonthName
from dashboard.asking import Ask, Asking
from dashboard.charts import Chart, Limit, Line
from dashboard.curves import Curves
from dashboard.failures import NotFoundError
from dashboard.rendering import page, path_of, reader
from dashboard.search_text import SearchText
from dashboard.want_words import wants_of
from dashboard.words import marked
from storage.dashboard_load import LoadFilter, LoadSort, load_cards, load_total, months_of_load
from storage.load_months import LoadMonth, list_load_months

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
Kind = Literal["service_point", "meter", "area", "category", "total"]
KINDS: Mapping[str, str] = {
    "service_point": marked("Service points"),
    "meter": marked("Meters"),
    "area": marked("Areas"),
    "category": marked("Categories"),
    "total": marked("Groups"),
}
LOADINGS: Mapping[str, str] = {
    "over": marked("overloaded"),
    "heavy": marked("heavily loaded"),
    "normal": marked("normal"),
    "light": marked("lightly loaded"),
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to."""

    q: SearchText = ""
    month: MonthName = ""
    kind: Kind = "service_point"
    sort: LoadSort = LoadSort.MAXIMUM


@router.get("/load", name="load", response_class=HTMLResponse)
def show_load(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show a month's load of every subject of a kind, with what share of it is known beside each."""
    months = months_of_load(asking.connection, scope=asking.scope)
    wanted = filter_of(chosen, months, asking)
    total = load_total(asking.connection, wanted, scope=asking.scope)
    return page(
        asking,
        "load.html",
        cards=load_cards(
            asking.connection,
            wanted,
            chosen.sort,
            scope=asking.scope,
            limit=PAGE_LENGTH,
            offset=(page_number - 1) * PAGE_LENGTH,
        ),
        total=total,
        months=months,
        month=wanted.month,
        chosen=chosen,
        kinds=KINDS,
        loadings=LOADINGS,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )


@router.get("/load/{kind}/{subject:path}", name="load_subject", response_class=HTMLResponse)
def show_subject(asking: Ask, kind: Kind, subject: str, month: MonthName = "") -> HTMLResponse:
    """Show one subject's month: figures, its day of 96 points, its class of shape, and advice."""
    found, months = subject_month(asking, kind, subject, month)
    f = reader(asking, found.detail["zone"])
    return page(
        asking,
        "load_subject.html",
        f=f,
        found=found,
        detail=found.detail,
        instant=_instant,
        wants_of=partial(wants_of, f=f),
        told_formula=told_formula,
        name_of=name_of,
        months=months,
        kinds=KINDS,
        loadings=LOADINGS,
        chart=day_chart(found, asking),
    )


def filter_of(chosen: Chosen, months: Sequence[date], asking: Asking) -> LoadFilter:
    """Return what storage is asked for: the newest month where the address names none."""
    month = date.fromisoformat(f"{chosen.month}-01") if chosen.month else None
    newest = months[0] if months else asking.now.astimezone(asking.formats.zone).date().replace(day=1)
    return LoadFilter(month=month or newest, kind=chosen.kind, search=chosen.q)


def subject_month(asking: Asking, kind: str, subject: str, month: str) -> tuple[LoadMonth, Sequence[date]]:
    """Return a subject's month that the caller may see, by default the newest, and all months it has.

    Raises:
        NotFoundError: If there is none.
    """
    months = months_of_load(asking.connection, scope=asking.scope, kind=kind, subject=subject)
    wanted = date.fromisoformat(f"{month}-01") if month else next(iter(months), None)
    if wanted is None or wanted not in months:
        raise NotFoundError(marked("No load statistics of that month. The flow load_statistics makes them."))
    (found,) = list_load_months(
        asking.connection, scope=asking.scope, first=wanted, last=wanted, kinds=[kind], subjects=[subject]
    )
    return found, months


def day_curves(found: LoadMonth) -> Curves:
    """Return the mean day and the day of the maximum on one axis, kW, as steps; NaN where not known."""
    curve: Mapping[str, Any] = found.detail["curve"]  # Any: JSON
    peak = curve["peak_day"]
    if peak is None:
        return Curves(seconds=np.zeros(0), columns={"peak_day_kw": np.zeros(0), "mean_kw": np.zeros(0)})
    step = timedelta(minutes=curve["block_minutes"])
    starts = [datetime.fromisoformat(peak["starts_at"]) + n * step for n in range(len(peak["kw"]) + 1)]
    zone = ZoneInfo(found.detail["zone"])
    # The mean is by the wall clock: on a day of 23 or 25 hours a point is looked up by it.
    local = [at.astimezone(zone) for at in starts[:-1]]
    places = [(at.hour * 60 + at.minute) // (step.seconds // 60) for at in local]
    mean = [curve["mean_curve_kw"][place] for place in places]
    return Curves(
        seconds=np.array([at.timestamp() for at in starts]),
        columns={
            "peak_day_kw": np.array([*peak["kw"], None], dtype=np.float64),
            "mean_kw": np.array([*mean, None], dtype=np.float64),
        },
    )


def day_chart(found: LoadMonth, asking: Asking) -> Chart | None:
    """Return the day of the maximum beside the mean day; None where nothing is known."""
    seconds = day_curves(found).seconds
    if not len(seconds):
        return None
    text = asking.formats.catalogue.gettext
    contract = found.detail["contract"]
    agreed = [] if contract is None else [contract["contract_demand_kw"]]
    return Chart(
        id="day",
        title=text("Day of the maximum and mean day"),
        unit="kW",
        digits=2,
        address=f"{path_of('api', 'load-curves', found.kind, found.subject)}?"
        + urlencode({"month": f"{found.month:%Y-%m}"}),
        since=datetime.fromtimestamp(float(seconds[0]), tz=asking.now.tzinfo),
        until=datetime.fromtimestamp(float(seconds[-1]), tz=asking.now.tzinfo),
        lines=(
            Line(label=text("Day of the maximum"), colour="actual", step=True),
            Line(label=text("Mean of all days"), colour="phase-b"),
        ),
        limits=[Limit(value=kw, label=text("Contract demand")) for kw in agreed],
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
