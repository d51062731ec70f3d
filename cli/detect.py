"""``kilowatch detect``: every detector on files, no database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, progress

if TYPE_CHECKING:
    from detectors.wanted import CannotRun

MOST_NAMES = 4


def detect(  # noqa: PLR0913 - a command with all its options
    registry: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The archive (.toml).")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the episodes go (.jsonl).")],
    readings: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Readings (.parquet, .csv).")
    ] = None,
    intervals: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Intervals (.parquet, .csv).")
    ] = None,
    *,
    events: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Meters' event records (.parquet, .csv).")
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Parameters read from meters (.parquet, .csv)."),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The record of 'kilowatch control' orders (.jsonl)."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this detector; may be given often.")
    ] = None,
    numbers: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another number: voltage_loss.trigger_percent=70. May be given often."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run every detector over readings and intervals out of files.

    Example: kilowatch detect --intervals intervals.csv --registry site.toml --out episodes.jsonl
    """
    from services.detect_files import STEPS, detect_files

    if readings is None and intervals is None:
        raise typer.BadParameter("give --readings, --intervals or both")
    idle: list[CannotRun] = []
    with progress(STEPS) as begin:
        episodes = detect_files(
            readings=readings,
            intervals=intervals,
            registry=registry,
            out=out,
            events=events,
            parameters=parameters,
            audit=audit,
            begin=begin,
            only=only or None,
            numbers=_numbers(numbers or []),
            tell=idle.append,
        )
    for cannot in idle:
        typer.echo(f"{cannot.detector} could not run: there is no {_listed(cannot.missing)}", err=True)
    if as_json:
        for episode in episodes:
            print_json(episode)
        return
    columns = ("detector", "meter_id", "starts_at", "ends_at", "verdict", "summary")
    print_table(f"{len(episodes)} episodes", columns, [[e[c] for c in columns] for e in episodes])


def _numbers(written: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return parameters by detector and name out of ``detector.parameter=value``."""
    found: dict[str, dict[str, float]] = {}
    for text in written:
        key, equals, value = text.partition("=")
        detector, point, parameter = key.strip().partition(".")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (equals and point and parameter and math.isfinite(number)):
            raise typer.BadParameter(f"--set wants detector.parameter=number, not {text!r}")
        found.setdefault(detector, {})[parameter] = number
    return found


def _listed(names: Sequence[str]) -> str:
    """Return names for a line of text, the first of many."""
    shown = ", ".join(names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} or another of {len(names)} columns"
