"""Forecasts (负荷预测) as JSON: the list, one meter's slots and how good they were; its band as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dashboard.asking import Ask
from dashboard.curves import pack
from dashboard.pages.forecasts import Chosen, band_curves, forecast_of, warning_of
from dashboard.paging import Paged
from services.forecast_skill import Skill
from storage.dashboard_forecasts import ForecastCard, forecast_cards, forecast_total

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPage:
    """A part of the list."""

    total: int
    forecasts: Sequence[ForecastCard]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiForecast:
    """One meter's newest forecast; slots in kWh, None where a slot has none."""

    card: ForecastCard
    warning: str
    """``double``: heads for a double charge; ``perhaps`` where nobody filed what the contract pays by."""
    p10: Sequence[float | None]
    p50: Sequence[float | None]
    p90: Sequence[float | None]
    skill: Skill | None


@router.get("/api/forecasts")
def api_forecasts(asking: Ask, paging: Paged, chosen: Annotated[Chosen, Depends()]) -> ForecastPage:
    """Return the newest forecast of each meter, those nearest to their contract's demand first."""
    wanted = chosen.filter(asking)
    total = forecast_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return ForecastPage(
        total=total,
        forecasts=forecast_cards(
            asking.connection, wanted, scope=asking.scope, limit=paging.limit, offset=paging.offset
        ),
    )


@router.get("/api/forecasts/{meter}")
def api_forecast(asking: Ask, meter: str) -> ApiForecast:
    """Return one meter's slots ahead, the month's maximum, and how good its forecasts were of late."""
    shown = forecast_of(asking, meter)
    p10, p50, p90 = (
        [value if value == value else None for value in quantile]  # noqa: PLR0124 - NaN is not itself
        for quantile in (shown.forecast.p10, shown.forecast.p50, shown.forecast.p90)
    )
    return ApiForecast(
        card=shown.card, warning=warning_of(shown.card), p10=p10, p50=p50, p90=p90, skill=shown.skill
    )


@router.get("/api/forecast-curves/{meter}", response_class=Response)
def api_forecast_curve(asking: Ask, meter: str) -> Response:
    """Return P10, P50, P90 and what came, kW, packed as the series of a meter are."""
    curves = band_curves(asking, forecast_of(asking, meter))
    return Response(pack(curves), media_type="application/octet-stream")
