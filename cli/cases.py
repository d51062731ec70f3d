"""``kilowatch cases`` and ``kilowatch feedback``: whom to visit, and what was found there."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table, rounded
from pipeline.case_records import Outcome, Standing

MOST_SHOWN = 50


def cases(
    *,
    budget: Annotated[float, typer.Option("--budget", help="Cases a day that the crews can look at.")] = 10.0,
    days: Annotated[int, typer.Option("--days", min=1, help="Episodes of so many last days.")] = 180,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that wait for a second hit or were looked at.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Work out which customers are worth a visit, the most worthwhile first.

    Example: kilowatch cases --budget 5
    """
    from services.cases import case_document, work_out_cases
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        worklist = work_out_cases(connection, utc_now(), cases_a_day=budget, days=days)
    shown = [case for case in worklist.cases if every or case.standing is Standing.OPEN]
    if as_json:
        for case in shown:
            print_json(case_document(case))
        return
    waiting = sum(case.standing is Standing.WAITING for case in worklist.cases)
    columns = ("case", "place", "standing", "since", "likely", "kWh at stake", "kWh a visit", "rules")
    print_table(
        f"{len(shown)} cases, judged by {worklist.judged_by} ({worklist.results} results)",
        columns,
        [
            [
                case.id,
                case.place,
                case.standing.value,
                case.starts_at.date().isoformat(),
                f"{100 * case.probability:.0f} %",
                f"{case.energy_kwh:.1f}",
                f"{case.priority_kwh:.1f}",
                ", ".join(f"{hit.detector} {hit.weight:.2f}" for hit in case.hits),
            ]
            for case in shown[:MOST_SHOWN]
        ],
    )
    if len(shown) > MOST_SHOWN:
        typer.echo(f"and {len(shown) - MOST_SHOWN} more: --json lists all of them", err=True)
    if waiting and not every:
        typer.echo(
            f"{waiting} more wait for a second hit: at {budget:g} cases a day only detectors with at most "
            f"{rounded(worklist.budget.allowed_rate, 2)} measured false alarms a meter-year open a case "
            "alone (--all shows them)",
            err=True,
        )


def feedback(  # noqa: PLR0913 - a command with all its options
    episode: Annotated[
        str, typer.Argument(help="The id of an episode, as 'kilowatch cases --json' shows it.")
    ],
    outcome: Annotated[Outcome, typer.Argument(help="What was found on site.")],
    *,
    cause: Annotated[str, typer.Option("--cause", help="In your words: loose terminal, vacant.")] = "",
    recovered_kwh: Annotated[
        float | None, typer.Option("--recovered-kwh", min=0.0, help="Energy that was made up.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What you call yourself, for the record.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """File what was found about an episode; detectors that are often right then weigh more.

    Example: kilowatch feedback 0a1b2c3d4e5f60718293a4b5 confirmed --cause "wire before the meter"
    """
    from services.cases import give_feedback
    from services.persons import this_person
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        given = give_feedback(
            connection,
            episode,
            outcome,
            this_person(name),
            utc_now(),
            cause=cause,
            recovered_kwh=recovered_kwh,
        )
    told = {
        "episode": given.episode,
        "detector": given.detector,
        "outcome": given.outcome.value,
        "cause": given.cause,
        "recovered_kwh": given.recovered_kwh,
        "given_by": given.given_by,
        "given_at": given.given_at.isoformat(),
    }
    if as_json:
        print_json(told)
    else:
        print_fields(told)
