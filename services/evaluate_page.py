"""Keeps what an evaluation measured in a checkout: rates, list of alarms, tables of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from pipeline.errors import ConfigError
from services.evaluate import Evaluation
from services.evaluate_areas import DETECTORS as AREA_DETECTORS
from services.evaluate_clean import CleanFigures, Status, clean_run
from services.evaluate_curves import read_curves

RATES: Final = Path("detectors/data/false_alarms.json")
EPISODES: Final = Path("tests/data/clean_episodes.json")
SLICES: Final = Path("tests/data/real_slices")
PAGE: Final = Path("docs/detection.md")
BEGIN: Final = "<!-- evaluation: begin -->"
END: Final = "<!-- evaluation: end -->"


def write_figures(checkout: Path, evaluation: Evaluation, on: date) -> None:
    """Write the rates, the episodes of the clean run (whole and of the slices) and the tables of the page.

    Raises:
        ConfigError: If the folder is no checkout of the project.
    """
    missing = [
        name for name in (RATES.parent, EPISODES.parent, SLICES, PAGE) if not (checkout / name).exists()
    ]
    if missing:
        raise ConfigError(f"{checkout} is no checkout of the project: there is no {missing[0]} in it")
    _write(checkout / RATES, rates(evaluation.clean))
    slices = clean_run(read_curves(checkout / SLICES))
    _write(checkout / EPISODES, {"whole": alarms(evaluation.clean), "slices": alarms(slices)})
    page = checkout / PAGE
    page.write_text(page_with(page.read_text(encoding="utf-8"), evaluation, on), encoding="utf-8")


def rates(clean: Mapping[str, CleanFigures]) -> dict[str, dict[str, float]]:
    """Return the figures of those detectors that were measured."""
    return {
        name: {
            "alarms": figures.alarms,
            "meter_years": round(figures.meter_years, 2),
            "upper95": round(figures.upper95, 4),
        }
        for name, figures in sorted(clean.items())
        if figures.status is Status.MEASURED and figures.upper95 is not None
    }


def alarms(clean: Mapping[str, CleanFigures]) -> dict[str, list[str]]:
    """Return every alarm of the detectors that were measured, compact and in order."""
    return {
        name: list(figures.episodes)
        for name, figures in sorted(clean.items())
        if figures.status is Status.MEASURED
    }


def page_with(page: str, evaluation: Evaluation, on: date) -> str:
    """Return a page with the tables of an evaluation between its marks.

    Raises:
        ConfigError: If the page lacks the marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"the page has no {BEGIN} ... {END}")
    tables = "\n".join(_tables(evaluation))
    return (
        f"{before}{BEGIN}\n\nMeasured on {on} by `kilowatch evaluate --write .`.\n\n{tables}\n\n{END}{after}"
    )


def _tables(evaluation: Evaluation) -> Iterator[str]:
    yield "| detector | alarms | of them major | meter-years | at most a meter-year (95 %) | |"
    yield "|---|---|---|---|---|---|"
    for name, figures in evaluation.clean.items():
        bound = "-" if figures.upper95 is None else f"{figures.upper95:.2g}"
        cells = (f"`{name}`", figures.alarms, figures.major, f"{figures.meter_years:.3g}", bound)
        said = "" if figures.status is Status.MEASURED else figures.status.value
        yield f"| {' | '.join(map(str, cells))} | {said} |"
    yield ""
    yield from _source_table(evaluation.clean)
    yield ""
    yield from _attack_tables(dict(evaluation.attacks))
    yield from _area_tables(dict(evaluation.areas))


def _source_table(clean: Mapping[str, CleanFigures]) -> Iterator[str]:
    """Yield what each source gave of the detectors that were measured: alarms, major ones, meter-years."""
    measured = {name: figures for name, figures in clean.items() if figures.status is Status.MEASURED}
    # Whoever looked at most of the sources has them in the order in which they were read.
    longest_first = sorted(measured.values(), key=lambda figures: -len(figures.by_source))
    sources = list(dict.fromkeys(source for figures in longest_first for source in figures.by_source))
    yield f"| alarms (major) in meter-years | {' | '.join(sources)} |"
    yield "|---" * (len(sources) + 1) + "|"
    for name, figures in measured.items():
        shares = (figures.by_source.get(source) for source in sources)
        cells = ("-" if s is None else f"{s.alarms} ({s.major}) in {s.meter_years:.3g}" for s in shares)
        yield f"| `{name}` | {' | '.join(cells)} |"


def _attack_tables(attacks: dict[str, Any]) -> Iterator[str]:  # Any: the numbers of the JSON form
    kinds = {"mix of h1 to h6": attacks, **attacks["by_type"]}
    k = attacks["k"]
    seeds, by_seed = (", ".join(map(str, attacks[key])) for key in ("seeds", "pr_auc_by_seed"))
    yield (
        f"{attacks['homes']} homes, {k} of them attacked at a time (prevalence {attacks['prevalence']:.4f},"
        f" which is the PR-AUC of chance), seeds {seeds}; PR-AUC of the mix by seed: {by_seed}."
        f" On the {attacks['tuning_homes']} homes for tuning the mix gives"
        f" {attacks['features']['tuning_pr_auc']} (two seeds).\n"
    )
    yield f"| attack | PR-AUC | one line | precision at {k} | one line |"
    yield "|---|---|---|---|---|"
    for kind, figures in kinds.items():
        keys = ("pr_auc", "one_line_pr_auc", "precision_at_k", "one_line_precision_at_k")
        yield f"| {kind} | {' | '.join(f'{figures[key]:.2f}' for key in keys)} |"
    yield "\n| feature left out (homes for tuning) | PR-AUC of the mix |"
    yield "|---|---|"
    for feature, without in attacks["features"]["tuning_pr_auc_without"].items():
        yield f"| `{feature}` | {without:.3f} |"
    yield from _sequential_table(attacks["sequential"])
    yield from _detector_table(attacks["by_detector"])


def _sequential_table(rows: list[dict[str, Any]]) -> Iterator[str]:  # Any: see above
    if not rows:
        return
    kinds = list(rows[0]["by_type"])
    yield f"\n| false alarms allowed | limit | had, a meter-year (at most) | {' | '.join(kinds)} |"
    yield "|---" * (len(kinds) + 3) + "|"
    for row in rows:
        found = []
        for figures in row["by_type"].values():
            delay = figures["median_delay_days"]
            found.append(f"{figures['detected']:.0%}" + ("" if delay is None else f" / {delay:.0f} d"))
        had = f"{row['per_meter_year']:.2g} ({row['upper95']:.2g})"
        yield f"| {row['allowed_per_meter_year']:g} | {row['open_sum']:g} | {had} | {' | '.join(found)} |"


def _detector_table(shares: dict[str, dict[str, float]]) -> Iterator[str]:
    if not shares:
        return
    kinds = list(next(iter(shares.values())))
    yield f"\n| detector, at its defaults | {' | '.join(kinds)} |"
    yield "|---" * (len(kinds) + 1) + "|"
    for name, row in shares.items():
        yield f"| `{name}` | {' | '.join(f'{row[kind]:.0%}' for kind in kinds)} |"


def _area_tables(areas: dict[str, Any]) -> Iterator[str]:  # Any: the numbers of the JSON form
    honest, tuning, beside = areas["without_thief"], areas["tuning"], areas["beside_an_empty_home"]
    least, most = areas["theft_days"]
    yield (
        f"\nAreas of {areas['members']} homes, one thief each for the last {least} to {most} days,"
        f" {areas['draws_of_each_type']} draws of each type out of {areas['homes']} homes. Of"
        f" {honest['areas']} areas without a thief ({honest['with_an_empty_home']} of them with a home that"
        f" falls empty) {honest['cases']} raised a case. On the {areas['tuning_homes']} homes for tuning the"
        f" thief was among the first three in {tuning['top3']:.1%}.\n"
    )
    heads = ("top 3", "first", "loss seen to rise", "both", "days off", "stolen, %", *AREA_DETECTORS)
    yield f"| one thief an area | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    yield _area_row("all six", areas)
    for kind, figures in areas["by_type"].items():
        yield _area_row(kind, figures)
    yield _area_row("all six, twice the noise", areas["with_twice_the_noise"])
    yield _area_row("all six, beside a home that falls empty", beside)
    for kind, figures in beside["by_type"].items():
        yield _area_row(f"{kind}, beside a home that falls empty", figures)


def _area_row(name: str, figures: dict[str, Any]) -> str:
    shares = [figures[key] for key in ("top3", "first", "risen", "risen_and_top3")]
    off = figures["median_days_off"]
    cells = [f"{share:.0%}" for share in shares]
    cells += ["-" if off is None else f"{off:g}", f"{figures['median_stolen_percent']:.2f}"]
    cells += [f"{figures[detector]:.0%}" for detector in AREA_DETECTORS]
    return f"| {name} | {' | '.join(cells)} |"


def _write(path: Path, value: Mapping[str, object]) -> None:
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
