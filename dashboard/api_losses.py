"""Line loss (线损) as JSON: areas ranked, one area's days and suspects, and its curve as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from dashboard.asking import Ask
from dashboard.curves import pack
from dashboard.pages.losses import USUAL_DAYS, Days, area_of, loss_curves, ranks_of
from dashboard.paging import Paged
from dashboard.rendering import reader
from services.line_loss_documents import day_row
from services.loss_ranking import LossRank, loss_ranks

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLoss:
    """One area: its rank's figures, what is technical of one slot, whom to look at, and its days."""

    rank: LossRank
    technical: Mapping[str, Any] | None  # Any: JSON
    suspects: Sequence[Mapping[str, Any]]  # Any: JSON
    days: Sequence[Mapping[str, Any]]  # Any: JSON


@router.get("/api/losses")
def api_losses(asking: Ask, paging: Paged, days: Days = USUAL_DAYS) -> Sequence[LossRank]:
    """Return areas and feeders, those whose loss has risen first, then by how far it is above the usual."""
    return paging.part_of(ranks_of(asking, days))


@router.get("/api/losses/{area:path}")
def api_loss(asking: Ask, area: str, days: Days = USUAL_DAYS) -> ApiLoss:
    """Return one area's days, the newest last, with why some of them cannot be judged."""
    own, found = area_of(asking, area, days)
    (rank,) = loss_ranks({area: own}, {} if found is None else {area: found})
    return ApiLoss(
        rank=rank,
        technical=None if found is None else found.technical,
        suspects=[] if found is None else found.suspects,
        days=[day_row(day, asking.formats.language) for day in own],
    )


@router.get("/api/loss-curves/{area:path}", response_class=Response)
def api_loss_curve(asking: Ask, area: str, days: Days = USUAL_DAYS) -> Response:
    """Return loss, usual loss and limit of each day, %, packed as the series of a meter are."""
    own, found = area_of(asking, area, days)
    zone: ZoneInfo = reader(asking, None if found is None else found.zone).zone
    return Response(pack(loss_curves(own, zone)), media_type="application/octet-stream")
