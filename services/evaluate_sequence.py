"""The attack run day by day: what share of thefts each detector finds, how soon, and at what false alarms.

``SEQUENTIAL`` is judged at several settings: its limit is set on the homes for tuning so that honest weeks
give no more than an allowed rate, then the homes for reporting tell detection, delay and the rate that they
really had. All other detectors of use are judged at their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.evaluation_figures import poisson_upper
from detectors.catalogue import category, detectors
from detectors.engine import run
from detectors.wanted import cannot_run
from pipeline.model import Episode, MeterId, Verdict
from services.evaluate_attacks import DAYS_BEFORE, under_attack
from services.evaluate_clean import RECORDS, meter_years, warm_up_days
from services.evaluate_curves import HOMES_FROM, Homes, window_of_homes
from simulators.theft_attacks import ATTACKS

Floats = NDArray[np.float64]
SEQUENTIAL: Final = "sustained_drop"
LIMIT: Final = "open_sum"
"""Its limit, in its own deviations."""
OPENED: Final = "opened_on"
"""Where its evidence tells the local day on which it spoke."""
ALLOWED: Final = (0.1, 0.5, 1.0)
"""False alarms a meter-year."""
LIMITS: Final = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 25.0, 30.0, 40.0)
ATTACK_FROM: Final = HOMES_FROM + timedelta(days=DAYS_BEFORE)


def sequential_run(
    tuning: Homes, reporting: Homes, *, seeds: Sequence[int], threads: int = 1
) -> list[dict[str, object]]:
    """Return detection, delay and false alarms of the sequential detector; nothing if there is none."""
    if SEQUENTIAL not in detectors.all():
        return []
    honest = [(limit, _rate(tuning, limit, threads)) for limit in LIMITS]
    attacked = [under_attack(reporting, seed).kwh for seed in seeds]
    return [_at(allowed, honest, reporting, attacked, threads) for allowed in ALLOWED]


def detectors_run(homes: Homes, *, seed: int, threads: int = 1) -> dict[str, dict[str, float]]:
    """Return by detector of use the share of homes with an episode in the weeks of attacks, by kind.

    ``honest`` is the share of the same homes in the same weeks without any attack.
    """
    window = window_of_homes(homes).window
    cannot = {found.detector for found in cannot_run(window)} | set(RECORDS)
    able = [name for name in sorted(detectors.all()) if name not in cannot and category(name) == "usage"]
    after = {"honest": homes.kwh[:, DAYS_BEFORE:], **under_attack(homes, seed).kwh}
    shares: dict[str, dict[str, float]] = {name: {} for name in able}
    for kind, kwh in after.items():
        met: dict[str, set[MeterId]] = {name: set() for name in able}
        for episode in _episodes(homes, kwh, able, {}, threads):
            if episode.ends_at is None or episode.ends_at > ATTACK_FROM:
                met[episode.detector].add(episode.meter)
        for name in able:
            shares[name][kind] = round(len(met[name]) / len(homes.names), 3)
    return shares


def _at(
    allowed: float,
    honest: Sequence[tuple[float, float]],
    homes: Homes,
    attacked: Sequence[Mapping[str, Floats]],
    threads: int,
) -> dict[str, object]:
    """Return the figures at an allowed rate of false alarms."""
    limit = next((limit for limit, rate in honest if rate <= allowed), honest[-1][0])
    alarms, years = _honest_alarms(homes, limit, threads)
    by_type = {}
    for kind in ATTACKS:
        delays = [d for kwh in attacked for d in first_alarms(homes, kwh[kind], limit, threads).values()]
        by_type[kind] = {
            "detected": round(len(delays) / (len(homes.names) * len(attacked)), 3),
            "median_delay_days": float(np.median(delays)) if delays else None,
        }
    return {
        "allowed_per_meter_year": allowed,
        "detector": SEQUENTIAL,
        LIMIT: limit,
        "tuning_per_meter_year": round(dict(honest)[limit], 3),
        "false_alarms": alarms,
        "meter_years": round(years, 2),
        "per_meter_year": round(alarms / years, 3),
        "upper95": round(poisson_upper(alarms, years), 3),
        "by_type": by_type,
    }


def _rate(homes: Homes, limit: float, threads: int) -> float:
    alarms, years = _honest_alarms(homes, limit, threads)
    return alarms / years


def _honest_alarms(homes: Homes, limit: float, threads: int) -> tuple[int, float]:
    """Return the alarms of homes that nobody attacks, and their meter-years after the warm-up."""
    settings = {SEQUENTIAL: {LIMIT: limit}}
    found = _episodes(homes, homes.kwh[:, DAYS_BEFORE:], [SEQUENTIAL], settings, threads)
    return len(found), meter_years(window_of_homes(homes).window, warm_up_days(SEQUENTIAL))


def first_alarms(homes: Homes, after: Floats, limit: float, threads: int) -> dict[MeterId, int]:
    """Return after how many days of theft each home that was found was found; its first day gives 1.

    An alarm that had begun before the theft is a false one, and finds nothing.
    """
    first: dict[MeterId, int] = {}
    for episode in _episodes(homes, after, [SEQUENTIAL], {SEQUENTIAL: {LIMIT: limit}}, threads):
        opened = datetime.fromisoformat(str(episode.evidence[OPENED])).date()
        day = (opened - ATTACK_FROM.date()).days + 1
        if day >= 1:
            first[episode.meter] = min(day, first.get(episode.meter, day))
    return first


def _episodes(
    homes: Homes,
    after: Floats,
    names: Sequence[str],
    settings: Mapping[str, Mapping[str, float]],
    threads: int,
) -> list[Episode]:
    """Return the abnormal episodes of homes whose last weeks are ``after``; blocks of homes go to threads."""
    parts = np.array_split(np.arange(len(homes.names)), threads)

    def found(rows: NDArray[np.intp]) -> list[Episode]:
        kwh = np.concatenate([homes.kwh[rows, :DAYS_BEFORE], after[rows]], axis=1)
        curves = window_of_homes(replace(homes, names=[homes.names[row] for row in rows], kwh=kwh))
        episodes = run(curves.window, curves.registry, only=names, settings=settings)
        return [episode for episode in episodes if episode.verdict is Verdict.ABNORMAL]

    with ThreadPoolExecutor(threads) as pool:
        return [episode for part in pool.map(found, parts) for episode in part]
