"""Findings of validation, raw beside final intervals, and edits of one meter as JSON (数据校验与估算)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query

from dashboard.api_coverage import Stretch
from dashboard.asking import Ask
from dashboard.curves import seconds_of
from dashboard.pages.meters import meter_card
from dashboard.paging import Paged
from pipeline.model import MeterId
from storage.final_edits import Edit, edits
from storage.finals import final_series
from storage.vee_findings import StoredFinding, findings

router = APIRouter(tags=["api"])
MINUTES = 15

Energy = Literal[
    "import_kwh",
    "export_kwh",
    "import_kvarh",
    "export_kvarh",
    "q1_kvarh",
    "q2_kvarh",
    "q3_kvarh",
    "q4_kvarh",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFinal:
    """One slot of one energy, raw and final side by side; the energy's name says the unit."""

    starts_at: datetime
    raw: float | None
    raw_quality: str
    final: float | None
    quality: str
    method: str
    """How it was made; empty where the raw one stands."""
    reason: str
    author: str


@router.get("/api/meters/{meter}/findings")
def api_findings(  # noqa: PLR0913 - one question with all that bounds it
    asking: Ask,
    paging: Paged,
    meter: str,
    span: Annotated[Stretch, Depends()],
    *,
    rule: Annotated[list[str] | None, Query(description="only these rules")] = None,
    gone: Annotated[bool, Query(description="also what a later run no longer found")] = False,
) -> Sequence[StoredFinding]:
    """Return what the rules of validation found, newest first."""
    meter_card(asking, meter)
    found = findings(
        asking.connection,
        scope=asking.scope,
        starts_at=span.since,
        ends_at=span.until,
        meters=[MeterId(meter)],
        rules=rule,
        gone=gone,
    )
    return paging.part_of(found)


@router.get("/api/meters/{meter}/finals")
def api_finals(
    asking: Ask,
    paging: Paged,
    meter: str,
    span: Annotated[Stretch, Depends()],
    energy: Energy = "import_kwh",
) -> Sequence[ApiFinal]:
    """Return raw and final intervals of 15 minutes side by side, on the primary side."""
    meter_card(asking, meter)
    found = final_series(
        asking.connection,
        scope=asking.scope,
        starts_at=span.since,
        ends_at=span.until,
        minutes=MINUTES,
        meters=[MeterId(meter)],
        energy=energy,
    )
    seconds = seconds_of(found.starts_at)
    return [
        ApiFinal(
            starts_at=datetime.fromtimestamp(float(seconds[row]), UTC),
            raw=_known(found.raw_amounts[row]),
            raw_quality=str(found.raw_quality[row]),
            final=_known(found.amounts[row]),
            quality=str(found.quality[row]),
            method=found.method[row],
            reason=found.reason[row],
            author=found.author[row],
        )
        for row in paging.part_of(range(len(found)))
    ]


@router.get("/api/meters/{meter}/edits")
def api_edits(asking: Ask, paging: Paged, meter: str) -> Sequence[Edit]:
    """Return who edited which final value and why, newest first."""
    meter_card(asking, meter)
    return paging.part_of(edits(asking.connection, scope=asking.scope, meters=[MeterId(meter)]))


def _known(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
