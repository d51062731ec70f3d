"""One area (台区): how its meters stand, what feeds it, its line loss, its voltages and open episodes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard import area_words
from dashboard.asking import Ask
from dashboard.failures import NotFoundError
from dashboard.glance import area_glances
from dashboard.messages import told
from dashboard.meter_list import MeterOrder, MeterQuestion, narrowed
from dashboard.pages.fleet import LOSS_DAYS, stated_meters
from dashboard.rendering import page
from dashboard.sides import band_shown
from dashboard.words import marked
from pipeline.model import MeterId, Scope
from pipeline.registry import Meter, Wiring
from storage.area_losses import area_days_stored
from storage.area_places import PresentVoltage, present_voltages, supply_meters, transformers_of
from storage.area_quality import area_months
from storage.dashboard_episodes import EpisodeFilter, episode_cards

router = APIRouter(include_in_schema=False)
MOST_METERS = 15
MOST_EPISODES = 10
MOST_VOLTAGES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedVoltage:
    """A meter's newest voltages beside the band that they must keep (GB/T 12325)."""

    voltage: PresentVoltage
    low_v: float
    high_v: float

    @property
    def outside(self) -> bool:
        """Whether one of them is outside now; a hint, for a verdict counts minutes of a month."""
        return self.voltage.lowest_v < self.low_v or self.voltage.highest_v > self.high_v


@router.get("/areas/{area:path}", name="area", response_class=HTMLResponse)
def show_area(asking: Ask, area: str) -> HTMLResponse:
    """Show one area at the present instant."""
    meters = stated_meters(asking, area=area)
    if not meters:
        raise NotFoundError(marked("No such area with meters. Choose one on the overview."))
    connection, now = asking.connection, asking.now
    local = now.astimezone(asking.formats.zone).date()
    losses = area_days_stored(
        connection,
        scope=asking.scope,
        first=local - timedelta(days=LOSS_DAYS),
        end=local + timedelta(days=1),
        areas=[area],
    )
    (glance,) = area_glances(meters, losses)
    listed = narrowed(meters, MeterQuestion(sort=MeterOrder.STATE))
    wanted = EpisodeFilter(is_open=True)
    episodes = episode_cards(connection, wanted, scope=Scope(frozenset({area})), limit=MOST_EPISODES)
    voltages = [_judged(v) for v in present_voltages(connection, area, scope=asking.scope, now=now)]
    return page(
        asking,
        "area.html",
        glance=glance,
        area_words=area_words,
        states=listed.states,
        meters=listed.meters[:MOST_METERS],
        losses=list(reversed(losses.get(area, ()))),
        supplies=supply_meters(connection, area, now=now),
        transformers=transformers_of(connection, area),
        voltages=sorted(voltages, key=lambda v: not v.outside)[:MOST_VOLTAGES],
        measured=len(voltages),
        is_judged=bool(area_months(connection, area, scope=asking.scope)),
        outside=sum(voltage.outside for voltage in voltages),
        episodes=[told(card, asking.formats) for card in episodes],
    )


def _judged(voltage: PresentVoltage) -> JudgedVoltage:
    meter = Meter(
        id=MeterId(voltage.meter),
        wiring=Wiring(voltage.wiring),
        rated_voltage_v=voltage.rated_voltage_v,
        nominal_voltage_v=voltage.nominal_voltage_v,
    )
    low_v, high_v = band_shown(meter, pt=voltage.pt, profile=voltage.profile)
    return JudgedVoltage(voltage=voltage, low_v=low_v, high_v=high_v)
