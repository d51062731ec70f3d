"""``kilowatch bench``: the figures that the design asks for, as ratios within one run."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, progress, rounded

STEPS = 4
NAMES = "api, archive, bus, dashboard, decode, detect, forecast, harmonics, ingest, mqtt, poll, scale"


def bench(
    name: Annotated[str, typer.Argument(help=f"Which benchmark: {NAMES}.")],
    *,
    meters: Annotated[
        str | None, typer.Option(help="For api, archive and scale: how many meters, such as 100,1000.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure how fast a part is, against a limit or another package in the same run.

    Example: kilowatch bench scale --meters 100,1000
    """
    from services.benchmarks.rows import benchmarks, growing

    with progress(STEPS) as begin:
        rows = benchmarks.get(name)(begin) if meters is None else growing.get(name)(begin, _sizes(meters))
    if as_json:
        print_json({"name": name, "rows": [row.as_json() for row in rows]})
        return
    cells = [
        (r.what, _figure(r.value), _figure(r.limit), _figure(r.ratio), r.goal, _word(r.holds)) for r in rows
    ]
    columns = ("what", "value", "limit", "ratio", "goal", "holds")
    print_table(name, columns, cells, yielding=("what",))


def _sizes(text: str) -> list[int]:
    sizes = text.split(",")
    if not all(size.strip().isdecimal() and int(size) for size in sizes):
        raise typer.BadParameter(
            f"{text!r}: write numbers of meters such as 100 or 100,1000", param_hint="--meters"
        )
    return [int(size) for size in sizes]


def _figure(value: float | None) -> str | None:
    return None if value is None else rounded(value, 3)


def _word(holds: bool | None) -> str | None:  # noqa: FBT001 - a value, not a switch
    return None if holds is None else "yes" if holds else "no"
