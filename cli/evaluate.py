"""``kilowatch evaluate``: the detectors on real data, as it is and with injected thefts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import JsonFlag, console, print_json, print_table, progress, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.evaluate_clean import CleanFigures


def evaluate(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", exists=True, file_okay=False, help="Folder of real curves; else KILOWATCH_TEST_DATA."
        ),
    ] = None,
    *,
    short: Annotated[bool, typer.Option("--short", help="One seed instead of six.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            exists=True,
            file_okay=False,
            help="A checkout of the project: its measured rates, list of alarms and page are written anew.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure false alarms on real curves, and what is found of injected thefts.

    Example: kilowatch evaluate --short
    """
    from services.evaluate import STEPS
    from services.evaluate import evaluate as measured
    from services.evaluate_page import write_figures
    from services.wiring import utc_now

    if short and write is not None:
        raise typer.BadParameter("figures that are kept come from all six seeds: leave --short out")
    with progress(STEPS) as begin:
        evaluation = measured(data, short=short, begin=begin)
    if write is not None:
        write_figures(write, evaluation, utc_now().date())
    if as_json:
        print_json(evaluation.as_json())
        return
    _print_clean(evaluation.clean)
    _print_attacks(dict(evaluation.attacks))
    _print_areas(dict(evaluation.areas))


def _print_clean(clean: Mapping[str, CleanFigures]) -> None:
    columns = ("detector", "alarms", "major", "meter-years", "at most a meter-year", "said of it")
    rows = [
        (
            name,
            figures.alarms,
            figures.major,
            rounded(figures.meter_years, 3),
            None if figures.upper95 is None else rounded(figures.upper95, 2),
            figures.status.value,
        )
        for name, figures in clean.items()
    ]
    print_table("clean run: alarms on real curves in which nothing is known to be wrong", columns, rows)


def _print_attacks(attacks: dict[str, Any]) -> None:  # Any: the numbers of the JSON form
    by_type = {"mix of h1 to h6": attacks, **attacks["by_type"]}
    columns = ("attack", "PR-AUC", "one line", f"P@{attacks['k']}", f"one line P@{attacks['k']}")
    keys = ("pr_auc", "one_line_pr_auc", "precision_at_k", "one_line_precision_at_k")
    rows = [(kind, *(f"{figures[key]:.3f}" for key in keys)) for kind, figures in by_type.items()]
    title = f"attack run: ranking by change; chance gives a PR-AUC of {attacks['prevalence']:.4f}"
    print_table(title, columns, rows)
    for at in attacks["sequential"]:
        rows = [(kind, f"{f['detected']:.0%}", f["median_delay_days"]) for kind, f in at["by_type"].items()]
        title = (
            f"{at['detector']} at {at['allowed_per_meter_year']} false alarms a meter-year"
            f" (really {at['per_meter_year']}, at most {at['upper95']})"
        )
        print_table(title, ("attack", "share found in 21 days", "median delay, days"), rows)
    if not attacks["sequential"]:
        console.print("there is no detector of sustained drops")
    columns = ("detector", *next(iter(attacks["by_detector"].values()), {}))
    rows = [
        (name, *(f"{share:.0%}" for share in shares.values()))
        for name, shares in attacks["by_detector"].items()
    ]
    print_table("share of homes with an episode in the weeks of attacks, by detector", columns, rows)


def _print_areas(areas: dict[str, Any]) -> None:  # Any: the numbers of the JSON form
    keys = ("top3", "first", "risen", "area_balance", "loss_rise", "ntl_attribution")
    beside = areas["beside_an_empty_home"]
    rows = [
        (kind, *(f"{figures[key]:.0%}" for key in keys), f"{figures['median_stolen_percent']:.2f}")
        for kind, figures in {
            "all six": areas,
            **areas["by_type"],
            "all six, twice the noise": areas["with_twice_the_noise"],
            "all six, beside an empty home": beside,
        }.items()
    ]
    columns = ("theft", "in the top 3", "first", "loss rises", *keys[-3:], "stolen, %")
    title = f"areas of {areas['members']} with one thief, {areas['draws_of_each_type']} draws of each type"
    print_table(title, columns, rows)
    honest = areas["without_thief"]
    console.print(f"{honest['cases']} of {honest['areas']} areas without a thief raised a case")
