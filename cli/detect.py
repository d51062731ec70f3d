"""``kilowatch detect``: every detector on files, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, progress


def detect(
    registry: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The archive (.toml).")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the episodes go (.jsonl).")],
    readings: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Readings (.parquet, .csv).")
    ] = None,
    intervals: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Intervals (.parquet, .csv).")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run every detector over readings and intervals out of files.

    Example: kilowatch detect --intervals intervals.csv --registry site.toml --out episodes.jsonl
    """
    from services.detect_files import STEPS, detect_files

    if readings is None and intervals is None:
        raise typer.BadParameter("give --readings, --intervals or both")
    with progress(STEPS) as begin:
        episodes = detect_files(
            readings=readings, intervals=intervals, registry=registry, out=out, begin=begin
        )
    if as_json:
        for episode in episodes:
            print_json(episode)
        return
    columns = ("detector", "meter_id", "starts_at", "ends_at", "verdict", "summary")
    print_table(f"{len(episodes)} episodes", columns, [[e[c] for c in columns] for e in episodes])
