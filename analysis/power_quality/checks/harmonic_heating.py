"""What the harmonics of the load do to a transformer: K factor (K 系数) and derating (降容).

No standard limits it: these are figures, not verdicts. They are told of the readings of high load, for at low
load a large K heats nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.harmonic_indices import EDDY_EXPONENT, EDDY_SHARE, Floats, k_range, rating_share
from analysis.power_quality.block_values import block_values
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_amperes import fundamental_amperes
from analysis.power_quality.harmonic_readings import (
    PhaseColumns,
    current_distortion,
    current_orders,
    sound_readings,
)
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.probability import LEAST_READINGS
from analysis.waveform.indices import k_factor

NAME: Final = "harmonic_heating"
HIGH_LOAD: Final = 0.75
"""Readings whose current is at least this share of the month's 95 % value are of high load (own)."""
UNKNOWN_TO: Final = 25
"""The highest order that a total is taken to hold where none is known: the last of GB/T 14549 table 2."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return the K factor and the derating of the worst phase; nothing without harmonics of the current."""
    sound = sound_readings(month)
    orders = current_orders(sound)
    if orders is not None:
        # A spectrum that was not read is no current without distortion.
        loaded = _loaded(sound, orders) & _read(orders)
        if loaded.sum() >= LEAST_READINGS:
            return _of_orders(orders, loaded)
    total = current_distortion(sound)
    return [] if total is None else _of_total(total, _loaded(sound, total))


def _of_orders(orders: PhaseColumns, loaded: NDArray[np.bool_]) -> list[Judgement]:
    places = np.array(orders.orders, np.intp)
    # An order that a phase does not give adds nothing: the figures are then too small, not too large.
    contents = np.nan_to_num(np.stack([rows.T for rows in orders.values]))
    highest = orders.orders[-1]
    with_fundamental = np.insert(contents, 0, 100.0, axis=-1)
    k = np.where(loaded, k_factor(with_fundamental, highest), np.nan)
    lost = np.where(loaded, 100.0 * (1.0 - rating_share(contents, places)), np.nan)
    to = Reason(key="k_of_high_load", parameters={"highest": highest, "percent": round(100 * HIGH_LOAD)})
    assumed = Reason(
        key="rating_assumed",
        parameters={"eddy_percent": round(100 * EDDY_SHARE), "exponent": EDDY_EXPONENT},
    )
    return [
        _figure("k_factor", orders, k, "1", to),
        _figure("derating", orders, lost, "%", assumed, to),
    ]


def _of_total(total: PhaseColumns, loaded: NDArray[np.bool_]) -> list[Judgement]:
    thd = np.where(loaded, np.concatenate(total.values), np.nan)
    if np.isnan(thd).all():
        return []
    found = _figure("k_factor", total, thd, "1")
    between = k_range(found.value or 0.0, UNKNOWN_TO)
    told = {
        "thd": float(f"{found.value:.3g}"),
        "lowest": round(between.lowest, 2),
        "six_pulse": round(between.six_pulse, 2),
        "highest": round(between.highest, 1),
        "order": UNKNOWN_TO,
    }
    return [
        Judgement(
            check=NAME,
            subject=found.subject,
            verdict=Compliance.NOT_APPLICABLE,
            unit="1",
            evidence=found.evidence,
            reasons=(Reason(key="k_unknown", parameters=told),),
            figures={"lowest": between.lowest, "six_pulse": between.six_pulse, "highest": between.highest},
        )
    ]


def _loaded(sound: Consistency, columns: PhaseColumns) -> NDArray[np.bool_]:
    """Tell which readings of which phase are of high load, shape (phases, n)."""
    amperes = fundamental_amperes(sound, columns.at)
    high = block_values([amperes], columns.expected).value[0]
    with np.errstate(invalid="ignore"):
        return np.asarray((amperes >= HIGH_LOAD * high[:, None]) & (amperes > 0.0))


def _read(columns: PhaseColumns) -> NDArray[np.bool_]:
    """Tell which readings of which phase have any order, shape (phases, n)."""
    return np.stack([np.isfinite(rows).any(axis=0) for rows in columns.values])


def _figure(subject: str, columns: PhaseColumns, values: Floats, unit: str, *reasons: Reason) -> Judgement:
    """Return the 95 % value of the worst phase."""
    found = block_values([values], int(np.isfinite(values).sum(axis=1).max()))
    phase = int(np.nanargmax(found.value))
    high, mean = found.value[0].tolist(), found.mean[0].tolist()
    return Judgement(
        check=NAME,
        subject=subject,
        verdict=Compliance.NOT_APPLICABLE,
        value=high[phase],
        unit=unit,
        evidence=Evidence(
            n=int(found.n[0, phase]), rank=int(found.rank[0, phase]), phase=columns.phases[phase]
        ),
        reasons=reasons,
        figures={
            "phases": {
                name: {"p95": of_high, "mean": of_mean}
                for name, of_high, of_mean in zip(columns.phases, high, mean, strict=True)
                if np.isfinite(of_high)
            }
        },
    )


checks.register(NAME)(Check(name=NAME, part=10, judge=judge))
