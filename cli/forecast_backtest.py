"""``kilowatch forecast --backtest``: how good the forecasts of past days would have been."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.forecast.backtest import Tally
from cli.output import print_json, print_table, status

if TYPE_CHECKING:
    from services.backtest import Measured
    from services.meter_forecast import Model


NOTHING = Tally()
"""Of a model that was not asked."""


def measure(  # noqa: PLR0913 - the options of the command
    models: Sequence[Model],
    days: int,
    *,
    files: tuple[Path, Path] | None,
    data: Path | None,
    days_off: Path | None,
    write: Path | None,
    as_json: bool,
) -> None:
    """Measure on the meters of files or on the real curves, print it, and write the page if wished for."""
    from services.backtest import backtest_curves, backtest_files
    from services.backtest_page import write_page
    from services.wiring import utc_now

    with status() as tell:
        tell("forecasting past days")
        if files is None:
            measured = backtest_curves(data, models, days, begin=tell)
        else:
            measured = list(backtest_files(*files, models, days, days_off))
    if write is not None:
        write_page(write, measured, utc_now().date())
    if as_json:
        for one in measured:
            print_json(one.as_json())
        return
    _print(measured)


def _print(measured: Sequence[Measured]) -> None:
    methods = list(dict.fromkeys(name for one in measured for name in one.backtest.by_method))
    errors, peaks, belows = [], [], []
    for one in measured:
        tallies = [one.backtest.by_method.get(name, NOTHING) for name in methods]
        errors.append([one.name, *(_figure(t.error_percent) for t in tallies)])
        peaks.append([one.name, *(_figure(t.peak_error_percent) for t in tallies)])
        last = list(one.backtest.by_method.values())[-1]
        belows.append([one.name, one.days, one.backtest.refused, *map(_figure, last.below_percent)])
    print_table("error of P50 in percent of the energy", ("of", *methods), errors)
    print_table("error of the daily maximum in percent", ("of", *methods), peaks)
    columns = ("of", "days", "refused", "P10", "P50", "P90")
    print_table(f"{methods[-1] if methods else ''}: percent of the slots below", columns, belows)


def _figure(percent: float) -> str | None:
    return None if isnan(percent) else f"{percent:.1f}"
