"""Forecasting (负荷预测): each night the load of two days, and the demand that the month heads for."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import derive, forecast
from services.meter_forecast import Model


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def forecast_meters(slots: int, model: Model) -> forecast.Night:
    """Forecast every meter, keep what was said, and return how many and which need somebody's attention."""
    return forecast.forecast_night(slots, model)


@flow(name="forecasting")
def forecasting(slots: int = forecast.DAY_AHEAD_SLOTS, model: Model = Model.BLEND, days: int = 2) -> int:
    """Derive the last ``days`` days, forecast ``slots`` slots from this midnight on, and keep them."""
    derive_intervals(days)
    night = forecast_meters(slots, model)
    create_table_artifact(
        key="forecasting",
        table=night.rows,
        description=f"{night.forecast} meters forecast, {night.lacking} lack history; "
        "nearest to their contract's demand first",
    )
    return night.forecast
