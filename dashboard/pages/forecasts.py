"""The pages of forecasts (负荷预测): meters nearest to their contract first, and one with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from analysis.load.levels import load_levels
from dashboard.asking import Ask, Asking
from dashboard.charts import Between, Chart, Limit, Line
from dashboard.curves import Curves, seconds_of
from dashboard.failures import NotFoundError
from dashboard.rendering import page, path_of, reader
from dashboard.search_text import SearchText
from dashboard.words import marked
from pipeline.contracts import BasicCharge
from pipeline.model import MeterId
from pipeline.timegrid import to_numpy
from services.forecast_skill import WEEK, Skill, forecast_skill
from storage.dashboard_forecasts import ForecastCard, ForecastFilter, forecast_cards, forecast_total
from storage.finals import finest_settled_series
from storage.forecasts import StoredForecast, list_forecasts

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
FRESH = timedelta(days=3)
"""An older forecast says nothing any more."""
LOOKED_BACK = timedelta(days=28)
"""Of so many days forecasts are held beside what came."""
MEASURED = "A"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to."""

    q: SearchText = ""
    show: Literal["all", "over"] = "all"

    def filter(self, asking: Asking) -> ForecastFilter:
        """Return what storage is asked for."""
        return ForecastFilter(
            since=asking.now - FRESH,
            now=asking.now,
            search=self.q,
            above_percent=double_percent() if self.show == "over" else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One meter's newest forecast, the same as slots, and how good those before it were."""

    card: ForecastCard
    forecast: StoredForecast
    skill: Skill | None


def double_percent() -> float:
    """Return the share of a contract's demand above which the excess is charged double, percent."""
    return load_levels().contract_demand.double_percent


def warning_of(card: ForecastCard) -> Literal["", "double", "perhaps"]:
    """Return whether the month heads for a double charge; ``perhaps`` where nobody filed what is paid by."""
    if card.used_percent is None or card.used_percent <= double_percent():
        return ""
    if card.basic_charge is None:
        return "perhaps"
    return "double" if card.basic_charge == BasicCharge.DEMAND else ""


@router.get("/forecasts", name="forecasts", response_class=HTMLResponse)
def show_forecasts(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the newest forecast of each meter, those nearest to their contract's demand first."""
    wanted = chosen.filter(asking)
    total = forecast_total(asking.connection, wanted, scope=asking.scope)
    return page(
        asking,
        "forecasts.html",
        cards=forecast_cards(
            asking.connection,
            wanted,
            scope=asking.scope,
            limit=PAGE_LENGTH,
            offset=(page_number - 1) * PAGE_LENGTH,
        ),
        total=total,
        chosen=chosen,
        warning_of=warning_of,
        limit_percent=double_percent(),
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )


@router.get("/forecasts/{meter}", name="forecast", response_class=HTMLResponse)
def show_forecast(asking: Ask, meter: str) -> HTMLResponse:
    """Show one meter's slots ahead as P10, P50, P90 beside what came, and its month beside the contract."""
    shown = forecast_of(asking, meter)
    f = reader(asking, shown.card.zone)
    return page(
        asking,
        "forecast.html",
        f=f,
        card=shown.card,
        skill=shown.skill,
        warning=warning_of(shown.card),
        limit_percent=double_percent(),
        chart=band_chart(shown, asking),
        looked_back=LOOKED_BACK.days,
    )


def forecast_of(asking: Asking, meter: str) -> Shown:
    """Return the newest forecast of a meter that the caller may see, and how good those before it were.

    Raises:
        NotFoundError: If there is none of these days.
    """
    wanted = ForecastFilter(since=asking.now - FRESH, now=asking.now, meter=meter)
    cards = forecast_cards(asking.connection, wanted, scope=asking.scope, limit=1)
    if not cards:
        raise NotFoundError(
            marked("No forecast of such a meter in these days. The flow forecasting makes them every night.")
        )
    (card,) = cards
    stored = list_forecasts(
        asking.connection,
        scope=asking.scope,
        starts_at=asking.now - LOOKED_BACK,
        ends_at=asking.now + FRESH,
        meters=[MeterId(meter)],
    )
    own = [one for one in stored if one.model == card.model]
    newest = next(one for one in own if one.starts_at == card.starts_at)
    return Shown(card=card, forecast=newest, skill=_skill(asking, meter, own))


def band_curves(asking: Asking, shown: Shown) -> Curves:
    """Return P10, P50, P90 and what came, mean power of each slot in kW, as steps; NaN where not known."""
    one = shown.forecast
    step = timedelta(minutes=one.minutes)
    starts = to_numpy(one.starts_at) + np.timedelta64(step) * np.arange(len(one.p50) + 1)
    came = finest_settled_series(
        asking.connection,
        scope=asking.scope,
        starts_at=one.starts_at,
        ends_at=one.starts_at + len(one.p50) * step,
        meters=[one.meter],
    )
    actual = np.full(len(starts), np.nan)
    fits = came.minutes == one.minutes
    place = ((came.starts_at[fits] - starts[0]) // np.timedelta64(step)).astype(np.int64)
    actual[place] = came.energies["import_kwh"][fits]
    per_hour = 60.0 / one.minutes
    quantiles = (("p10_kw", one.p10), ("p50_kw", one.p50), ("p90_kw", one.p90))
    said = {name: np.array([*kwh, np.nan]) for name, kwh in quantiles}
    return Curves(
        seconds=seconds_of(starts),
        columns={name: kwh * per_hour for name, kwh in (*said.items(), ("actual_kw", actual))},
    )


def band_chart(shown: Shown, asking: Asking) -> Chart:
    """Return the slots ahead as a band about its middle beside what came, and the contract's demand."""
    text, card, one = asking.formats.catalogue.gettext, shown.card, shown.forecast
    agreed = [] if card.contract_demand_kw is None else [card.contract_demand_kw]
    return Chart(
        id="band",
        title=text("Forecast and what came"),
        unit="kW",
        digits=2,
        address=path_of("api", "forecast-curves", card.meter),
        since=one.starts_at,
        until=one.starts_at + len(one.p50) * timedelta(minutes=one.minutes),
        lines=(
            Line(label=text("P10: nine of ten are above"), colour="forecast-edge", dashed=True),
            Line(label=text("P50: the middle"), colour="forecast"),
            Line(label=text("P90: nine of ten are below"), colour="forecast-edge", dashed=True),
            Line(label=text("What came"), colour="actual", step=True),
        ),
        limits=[Limit(value=kw, label=text("Contract demand")) for kw in agreed],
        between=Between(
            upper=2,
            lower=0,
            colour="forecast-band",
            label=text("P10 to P90: eight of ten are between"),
        ),
        live=True,
    )


def _skill(asking: Asking, meter: str, forecasts: Sequence[StoredForecast]) -> Skill | None:
    if not forecasts:
        return None
    came = finest_settled_series(
        asking.connection,
        scope=asking.scope,
        starts_at=min(one.starts_at for one in forecasts) - WEEK,
        ends_at=asking.now,
        meters=[MeterId(meter)],
    )
    kwh = np.where(came.quality == MEASURED, came.energies["import_kwh"], np.nan)
    return forecast_skill(forecasts, came.starts_at, kwh, asking.now)
