"""The side that a meter's values stand on: most show secondary ones, some profiles primary ones already."""

from __future__ import annotations

from functools import cache

from analysis.limits import voltage_band
from pipeline.registry import Meter
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.dashboard_queries import MeterCard


@cache
def primary_names() -> frozenset[str]:
    """Return the profiles whose values are primary ones already."""
    return primary_profiles(load_settings())


def ratio_of(card: MeterCard) -> float:
    """Return what the energies that a meter shows are multiplied by to become primary ones."""
    return 1.0 if card.profile in primary_names() else (card.ct or 1.0) * (card.pt or 1.0)


def band_shown(meter: Meter, *, pt: float | None, profile: str | None) -> tuple[float, float]:
    """Return the permitted band of the supply voltage on the side that the meter shows, V."""
    band = voltage_band(meter, pt or 1.0)
    if profile in primary_names():
        band = band.in_front(pt or 1.0)
    return band.low_v, band.high_v
