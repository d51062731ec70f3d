"""Measures forecasts (负荷预测回测) on the past of meters in files, and on the real curves of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.backtest import BASELINES, Backtest, Tally, Work, backtest
from analysis.forecast.history import Question
from analysis.forecast.month_backtest import MonthTally, month_backtest
from pipeline.block import MeterMatrix
from pipeline.timegrid import from_numpy, local_day, local_days
from services.evaluate_curves import Curves, read_curves
from services.forecast import MEASURED, MODELS, by_zone, days_off_of
from services.meter_forecast import Model
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.files import file_matrix, read_intervals
from storage.registry_files import read_registry

DAYS: Final = 28
"""As the reference's baselines were measured (detection reference, section 5.2)."""
SHORT_DAYS: Final = {"Swiss homes": 14}
"""Seven weeks are there of them."""
TOO_SHORT: Final = ("French home",)
"""Sources of less than five weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a backtest of one meter, sum or group of meters came to."""

    name: str
    days: int
    backtest: Backtest
    month: MonthTally | None = None
    """Of sources of months."""

    def as_json(self) -> dict[str, object]:
        """Return the form that ``--json`` prints."""
        every = self.backtest.by_method
        document: dict[str, object] = {
            "name": self.name,
            "days": self.days,
            "refused": self.backtest.refused,
            "best_baseline": self.best_baseline,
            "methods": {name: _figures(name, tally, every) for name, tally in every.items()},
        }
        if self.month is not None:
            document["month_end"] = _month_figures(self.month)
        return document

    @property
    def best_baseline(self) -> str:
        """The simple rule with the least error."""
        return min(BASELINES, key=lambda name: self.backtest.by_method[name].error_percent)


def backtest_files(
    intervals: Path, registry: Path, models: Sequence[Model], days: int = DAYS, days_off: Path | None = None
) -> Iterator[Measured]:
    """Forecast each of the last ``days`` whole days of every meter of a file from the days before it.

    Raises:
        DataError: If a file cannot be understood.
        RegistryError: With every problem of the archive.
        ConfigError: If the calendar is wrong.
    """
    archive = read_registry(registry)
    matrix = file_matrix(
        archive, None, read_intervals(intervals), primary_profiles=primary_profiles(load_settings())
    )
    kwh = np.where(matrix.quality == MEASURED, matrix.import_kwh, np.nan)
    for zone, rows in by_zone(matrix, archive, from_numpy(matrix.starts_at[-1])).items():
        asked = questions(matrix, zone, days, days_off)
        for row in rows:
            yield Measured(
                name=matrix.meters[row],
                days=len(asked),
                backtest=backtest(kwh[[row]], matrix.starts_at, asked, _works(models)),
            )


def backtest_curves(
    folder: Path | None,
    models: Sequence[Model],
    days: int = DAYS,
    begin: Callable[[str], None] = lambda _step: None,
) -> list[Measured]:
    """Measure on the real curves: each source's sum, and its meters pooled; net of what is fed back.

    Raises:
        ConfigError: If there are none in ``folder``, by default the one that the settings name.
    """
    found: list[Measured] = []
    for curves in read_curves(folder or load_settings().test_data):
        if curves.name in TOO_SHORT:
            continue
        begin(curves.name)
        found += _of_source(curves, models, min(days, SHORT_DAYS.get(curves.name, days)))
    return found


def questions(matrix: MeterMatrix, zone: ZoneInfo, days: int, days_off: Path | None = None) -> list[Question]:
    """Return one question for each of the last ``days`` local days that the matrix reaches the end of."""
    last = from_numpy(matrix.starts_at[-1]) + timedelta(minutes=matrix.minutes)
    step = timedelta(minutes=matrix.minutes)
    asked = []
    for day in local_days(from_numpy(matrix.starts_at[0]), last, zone):
        begins, ends = local_day(day, zone)
        if ends <= last:
            slots = round((ends - begins) / step)
            off = days_off_of(zone, days_off)
            asked.append(Question(at=begins, slots=slots, minutes=matrix.minutes, zone=zone, days_off=off))
    return asked[-days:]


def _of_source(curves: Curves, models: Sequence[Model], days: int) -> Iterator[Measured]:
    window, zone = curves.window, curves.registry.areas[0].zone
    net = window.import_kwh - window.energies.get("export_kwh", np.zeros_like(window.import_kwh))
    asked = questions(window, zone, days)
    groups: dict[str, NDArray[np.float64]] = {curves.name: net}
    if len(net) > 1:
        groups = {f"{curves.name}, sum of {len(net)}": net.sum(axis=0, keepdims=True)}
        # A model for each of hundreds of homes takes minutes and tells nothing more: a single home cannot be
        # forecast by anything.
        yield _measured(f"{curves.name}, each of {len(net)}", net, window, asked, [Model.BLEND])
    for name, kwh in groups.items():
        yield _measured(name, kwh, window, asked, models)


def _measured(
    name: str,
    kwh: NDArray[np.float64],
    window: MeterMatrix,
    asked: Sequence[Question],
    models: Sequence[Model],
) -> Measured:
    month = month_backtest(kwh, window.starts_at, window.minutes, asked[0].zone)
    return Measured(
        name=name,
        days=len(asked),
        backtest=backtest(kwh, window.starts_at, asked, _works(models)),
        month=month if month.asked else None,
    )


def _works(models: Sequence[Model]) -> dict[str, Work]:
    return {model.value: MODELS[model] for model in models}


def _figures(name: str, tally: Tally, every: Mapping[str, Tally]) -> dict[str, object]:
    """Return one method's figures; skill is how much of a simple rule's error it saves."""
    figures: dict[str, object] = {
        "slots": tally.slots,
        "error_percent": _rounded(tally.error_percent),
        "peak_error_percent": _rounded(tally.peak_error_percent),
    }
    if name in BASELINES:
        return figures
    return figures | {
        "skill": {
            rule: _rounded(1.0 - tally.error_percent / every[rule].error_percent, 3) for rule in BASELINES
        },
        "pinball_percent": _rounded(tally.pinball_percent),
        "below_percent": [_rounded(share) for share in tally.below_percent],
        "peaks_below_percent": [_rounded(share) for share in tally.peaks_below_percent],
    }


def _month_figures(month: MonthTally) -> dict[str, object]:
    return {
        "asked": month.asked,
        "already_reached": month.reached,
        "within_p50_percent": _rounded(100.0 * month.within_p50 / month.asked),
        "within_p90_percent": _rounded(100.0 * month.within_p90 / month.asked),
        "error_percent": _rounded(100.0 * month.wrong / month.highest),
    }


def _rounded(value: float, digits: int = 2) -> float | None:
    return round(value, digits) if np.isfinite(value) else None
