"""Planted deeds for detectors that first learn for weeks what is usual: five weeks before, ten days of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import numpy as np

from pipeline.contracts import Contract
from pipeline.registry import Wiring
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
LEARNING = frozenset({"sustained_drop", "long_low_use", "repeated_curve", "shape_shift", "profile_excess"})
"""The detectors that need such a case."""

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {
        "over_capacity": Contract(service_point=POINT, capacity_kva=62.0),
        "power_factor": Contract(service_point=POINT, capacity_kva=200.0, category="industry"),
    }
)
"""What the detectors that judge by a contract need; the planted customer draws 68 kVA at most when honest."""
AS_FILED = LEARNING | CONTRACTS.keys()
"""The detectors that judge these cases by their own archive."""


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
    case = with_reactive(planted(deed, wiring=wiring))
    return with_contract(case, CONTRACTS[detector]) if detector in CONTRACTS else case


def with_reactive(case: Planted) -> Planted:
    """Return the case with its reactive energy under the names of files, too."""
    kvarh = case.window.import_kvarh
    assert kvarh is not None
    energies = {**case.window.energies, "import_kvarh": kvarh, "export_kvarh": np.zeros_like(kvarh)}
    return replace(case, window=replace(case.window, energies=energies))


def with_contract(case: Planted, contract: Contract) -> Planted:
    """Return the case with a contract in the archive."""
    return replace(case, registry=replace(case.registry, contracts=[contract]))
