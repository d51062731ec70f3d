"""Load statistics (负荷统计) as JSON: the list of a month, one subject's document, and its curve as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from dashboard.asked_times import MonthName
from dashboard.asking import Ask
from dashboard.curves import pack
from dashboard.pages.load import Chosen, Kind, day_curves, filter_of, subject_month
from dashboard.paging import Paged
from storage.dashboard_load import LoadCard, load_cards, load_total, months_of_load

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPage:
    """A part of the list."""

    month: str
    total: int
    subjects: Sequence[LoadCard]


@router.get("/api/load")
def api_loads(asking: Ask, paging: Paged, chosen: Annotated[Chosen, Depends()]) -> LoadPage:
    """Return a month's load of the subjects of a kind; ``coverage`` is the share of it that is known."""
    months = months_of_load(asking.connection, scope=asking.scope)
    wanted = filter_of(chosen, months, asking)
    total = load_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return LoadPage(
        month=f"{wanted.month:%Y-%m}",
        total=total,
        subjects=load_cards(
            asking.connection,
            wanted,
            chosen.sort,
            scope=asking.scope,
            limit=paging.limit,
            offset=paging.offset,
        ),
    )


@router.get("/api/load/{kind}/{subject:path}")
def api_load_subject(
    asking: Ask, kind: Kind, subject: str, month: MonthName = ""
) -> dict[str, Any]:  # Any: JSON
    """Return all statistics of one subject's month, as ``kilowatch load --json`` prints them."""
    found, _ = subject_month(asking, kind, subject, month)
    return {"month": f"{found.month:%Y-%m}", **found.detail}


@router.get("/api/load-curves/{kind}/{subject:path}", response_class=Response)
def api_load_curve(asking: Ask, kind: Kind, subject: str, month: MonthName = "") -> Response:
    """Return the day of the maximum and the mean day, kW, packed as the series of a meter are."""
    found, _ = subject_month(asking, kind, subject, month)
    return Response(pack(day_curves(found)), media_type="application/octet-stream")
