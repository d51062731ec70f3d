"""A small area as its meters show it: a supply, three members, figures that can be added up by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analysis.area_losses import area_losses
from analysis.line_loss import AreaLoss
from detectors.register_days import register_flows_kwh
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import slot_grid
from tests.fix_windows import window

AREA = "T"
SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2026, 3, 2, tzinfo=SHANGHAI)
"""A Monday."""


def registry(
    members: Sequence[str] = ("A", "B", "C"), supplies: Sequence[str] = ("S",), zone: ZoneInfo = SHANGHAI
) -> Registry:
    """Return an archive in which meter ``A`` hangs at point ``P-A`` of the area."""
    meters = (*supplies, *members)
    return Registry(
        meters=[Meter(id=MeterId(name)) for name in meters],
        installations=[Installation(meter=MeterId(name), service_point=f"P-{name}") for name in meters],
        areas=[Area(id=AREA, zone=zone)],
        service_points=[ServicePoint(id=f"P-{name}", area=AREA) for name in meters],
        area_members=[
            *(AreaMember(area=AREA, service_point=f"P-{name}", role=MemberRole.SUPPLY) for name in supplies),
            *(AreaMember(area=AREA, service_point=f"P-{name}") for name in members),
        ],
    )


def hourly(
    kwh: Mapping[str, float | np.ndarray],
    days: int,
    archive: Registry,
    export: Mapping[str, float | np.ndarray] | None = None,
    *,
    first: datetime = FIRST,
) -> MeterMatrix:
    """Return the hours of local days, import and export; a number stands in every hour."""
    grid = slot_grid(first, first + timedelta(days=days), 60)
    rows = {name: np.broadcast_to(np.asarray(value, float), grid.shape) for name, value in kwh.items()}
    seen = window(grid, rows, minutes=60)
    out = np.zeros(seen.import_kwh.shape)
    for name, value in (export or {}).items():
        out[list(rows).index(name)] = value
    return with_daily_rows(replace(seen, energies={"export_kwh": out}), archive)


def losses(seen: MeterMatrix, archive: Registry) -> list[AreaLoss]:
    """Return the line losses of a window."""
    assert seen.daily is not None
    return area_losses(seen, seen.daily, archive, register_flows_kwh(seen, seen.daily, archive))
