"""``kilowatch replay``: turns a log of raw frames (报文日志) into readings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json
from pipeline.registry import Wiring


def replay(
    log: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="One frame a line: time with offset, frame in hex."),
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the readings go (.csv, .parquet).")],
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An archive: which meter has which address."),
    ] = None,
    wiring: Annotated[
        Wiring, typer.Option(help="Of meters that the archive does not know.")
    ] = Wiring.THREE_PHASE_FOUR_WIRE,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Read the DL/T 645 answers in a log of raw frames and write their values as readings.

    Example: kilowatch replay concentrator.log --out readings.csv
    """
    from services.replay import replay_log

    report = replay_log(log, out, registry=registry, wiring=wiring)
    if as_json:
        print_json(asdict(report))
    else:
        print_fields(
            {
                "frames": report.frames,
                "answers with values": report.answers,
                f"readings in {out}": report.readings,
                **{f"left, {reason}": count for reason, count in report.left.items()},
            }
        )
        for line in report.bad:
            typer.echo(f"bad: {line}", err=True)
        if report.bad_count > len(report.bad):
            typer.echo(f"bad: {report.bad_count - len(report.bad)} more lines", err=True)
    if report.bad_count:
        raise typer.Exit(1)
