"""Forecasting (负荷预测): each night the load of two days, and the demand that the month heads for."""

from __future__ import annotations

from typing import Annotated

from prefect import flow

from flows.parameters import Days, told
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import derive, forecast
from services.meter_forecast import Model


@step
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@step
def forecast_meters(slots: int, model: Model) -> forecast.Night:
    """Forecast every meter, keep what was said, and return how many and which need somebody's attention."""
    return forecast.forecast_night(slots, model)


@flow(name="forecasting")
def forecasting(
    slots: Annotated[
        int,
        told(
            "Slots (时段数)",
            "Slots to forecast from midnight on (预测时段数)",
            ge=1,
            le=960,
        ),
    ] = forecast.DAY_AHEAD_SLOTS,
    model: Annotated[Model, told("Model (模型)", "By what the forecast is made (预测模型)")] = Model.BLEND,
    days: Days = 2,
) -> int:
    """Derive the last ``days`` days, forecast ``slots`` slots from this midnight on, and keep them."""
    derive_intervals(days)
    night = forecast_meters(slots, model)
    show(
        key="forecasting",
        rows=night.rows,
        description=f"{night.forecast} meters forecast, {night.lacking} lack history; "
        "nearest to their contract's demand first",
        page="/forecasts",
    )
    return night.forecast


scheduled(
    Scheduled(
        flow=forecasting,
        cron="52 0 * * *",
        zh="负荷预测：每晚预测两日负荷与当月最大需量。",
    )
)
