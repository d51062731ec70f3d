"""Writes what a backtest measured into the page of the documentation, as tables between two marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from analysis.forecast.backtest import BASELINES
from analysis.forecast.month_backtest import MonthTally
from pipeline.errors import ConfigError
from services.backtest import Measured

PAGE: Final = Path("docs/forecast.md")
BEGIN: Final = "<!-- backtest: begin -->"
END: Final = "<!-- backtest: end -->"


def write_page(checkout: Path, measured: Sequence[Measured], on: date) -> None:
    """Write the tables of the page in a checkout anew.

    Raises:
        ConfigError: If the folder is no checkout of the project, or the page lacks the marks.
    """
    path = checkout / PAGE
    if not path.is_file():
        raise ConfigError(f"{checkout} is no checkout of the project: there is no {PAGE} in it")
    page = path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"{path} has no {BEGIN} ... {END}")
    said = f"Measured on {on} by `kilowatch forecast --backtest --write .`."
    tables = "\n".join(_tables(measured))
    path.write_text(f"{before}{BEGIN}\n\n{said}\n\n{tables}\n\n{END}{after}", encoding="utf-8")


def _tables(measured: Sequence[Measured]) -> Iterator[str]:
    methods = list(dict.fromkeys(name for one in measured for name in one.backtest.by_method))
    yield f"| error of P50, % of the energy | days (refused) | {' | '.join(methods)} |"
    yield "|---" * (len(methods) + 2) + "|"
    for one in measured:
        errors = {name: tally.error_percent for name, tally in one.backtest.by_method.items()}
        yield f"| {one.name} | {one.days} ({one.backtest.refused}) | {_marked(errors, methods)} |"
    yield f"\n| error of the daily maximum, % | {' | '.join(methods)} |"
    yield "|---" * (len(methods) + 1) + "|"
    for one in measured:
        errors = {name: tally.peak_error_percent for name, tally in one.backtest.by_method.items()}
        yield f"| {one.name} | {_marked(errors, methods)} |"
    yield (
        "\n| model | of | skill against the best rule | pinball loss, % | slots below P10/P50/P90, %"
        " | maxima below P50/P90, % |"
    )
    yield "|---" * 6 + "|"
    for name in (method for method in methods if method not in BASELINES):
        yield from (_quality(name, one) for one in measured if name in one.backtest.by_method)
    yield (
        "\n| month-end maximum | asked | already reached | no higher than P50, % | no higher than P90, %"
        " | error of P50, % |"
    )
    yield "|---" * 6 + "|"
    for one in measured:
        if one.month is not None:
            yield _month(one.name, one.month)


def _marked(percents: Mapping[str, float], methods: Sequence[str]) -> str:
    """Return the cells of a line, the best of it in bold."""
    best = min(percents.values())
    shown = {
        name: f"**{value:.1f}**" if value == best else f"{value:.1f}" for name, value in percents.items()
    }
    return " | ".join(shown.get(name, "-") for name in methods)


def _month(name: str, month: MonthTally) -> str:
    within = (f"{100.0 * count / month.asked:.0f}" for count in (month.within_p50, month.within_p90))
    error = 100.0 * month.wrong / month.highest
    return f"| {name} | {month.asked} | {month.reached} | {' | '.join(within)} | {error:.1f} |"


def _quality(name: str, one: Measured) -> str:
    tally = one.backtest.by_method[name]
    rule = one.backtest.by_method[one.best_baseline]
    skill = 1.0 - tally.error_percent / rule.error_percent
    below = "/".join(f"{share:.0f}" for share in tally.below_percent)
    peaks = "/".join(f"{share:.0f}" for share in tally.peaks_below_percent)
    return (
        f"| `{name}` | {one.name} | {skill:+.1%} ({one.best_baseline}) |"
        f" {tally.pinball_percent:.2f} | {below} | {peaks} |"
    )
