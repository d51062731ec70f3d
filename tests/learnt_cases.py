"""Planted deeds for detectors that first learn for weeks what is usual: five weeks before, ten days of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from pipeline.registry import Contract, Wiring
from simulators.physics.window import Window
from tests.fix_planted import POINT, START, Planted, planted

LEARNT_DAYS = 35
LEARNT = Window(
    starts_at=START + timedelta(days=LEARNT_DAYS), ends_at=START + timedelta(days=LEARNT_DAYS + 10)
)
"""A Monday at midnight, to the Thursday of the week after."""
DAYS = 49
VALUES: Mapping[str, Mapping[str, float | str]] = MappingProxyType(
    {"theft_h2": {"kw": 0.8}, "theft_h3": {"kw": 0.8}}
)
"""Where the deed's usual numbers are too little or too much for a home of 6 kW."""
LEARNING = frozenset({"sustained_drop", "long_low_use", "repeated_curve"})
"""The detectors that need such a case."""


def learnt(
    deed: str | None,
    values: Mapping[str, float | str] = MappingProxyType({}),
    *,
    shape: str = "home",
    window: Window = LEARNT,
    days: int = DAYS,
) -> Planted:
    """Return a home, or another customer of 6 kW, with a deed done to it after five honest weeks."""
    return planted(
        deed,
        {**VALUES.get(deed or "", {}), **values},
        wiring=Wiring.ONE_PHASE,
        window=window,
        days=days,
        shape=shape,
        peak_kw=6.0,
        ct=1.0,
    )


def case_for(detector: str, deed: str, wiring: Wiring) -> Planted:
    """Return the case in which a detector must find a deed, as long as it needs."""
    if detector in LEARNING:
        return learnt(deed)
    return planted(deed, wiring=wiring)


def with_contract(case: Planted, contract: Contract | None = None) -> Planted:
    """Return the case with a contract in the archive."""
    return replace(
        case, registry=replace(case.registry, contracts=[contract or Contract(service_point=POINT)])
    )
