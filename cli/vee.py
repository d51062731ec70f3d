"""``kilowatch vee``: validates, estimates and finalises intervals; shows findings; records edits."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import vee_energy, vee_record
from cli.output import JsonFlag, print_fields, print_json, print_table, progress

if TYPE_CHECKING:
    from services.point_energies import CheckedPoint, PointEnergy

app = typer.Typer(help="Checks, estimates and edits of intervals (数据校验与估算).", no_args_is_help=True)
app.add_typer(vee_record.app)
app.add_typer(vee_energy.app)


@app.command("run")
def run(  # noqa: PLR0913 - the options of the command
    registry: Annotated[Path, typer.Option(exists=True, help="The archive (.toml, or a folder of .csv).")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the final intervals go (.csv, .parquet).")],
    readings: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Readings (.parquet, .csv).")
    ] = None,
    intervals: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Raw intervals (.parquet, .csv).")
    ] = None,
    before: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Final intervals of an earlier run.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check intervals by sixteen rules, estimate what is missing, and keep raw and final side by side.

    With --before it tells which bills (service point and month) are no longer what they were.

    Example: kilowatch vee run --readings readings.csv --registry site.toml --out final.csv
    """
    from services.vee import STEPS, vee_files

    if readings is None and intervals is None:
        raise typer.BadParameter("give --readings, --intervals or both")
    with progress(STEPS) as begin:
        result = vee_files(
            readings=readings, intervals=intervals, registry=registry, out=out, before=before, begin=begin
        )
    letters = {
        energy: dict(sorted(Counter(finals.quality.tolist()).items()))
        for energy, finals in result.finals.items()
    }
    count = max(map(len, result.finals.values()))
    if as_json:
        for finding in result.findings:
            print_json({**asdict(finding), "starts_at": f"{finding.starts_at}Z"})
        for pair in result.checked:
            print_json({"check": _pair_as_json(pair)})
        for point in result.points:
            print_json({"point": _point_as_json(point)})
        for bill in result.bills:
            print_json({"bill": asdict(bill)})
        print_json({"intervals": count, "quality": letters, "unchecked": result.unchecked, "out": str(out)})
        return
    columns = ("rule", "meter", "energy", "starts_at", "slots", "expected", "came")
    rows = [[getattr(f, column) for column in columns] for f in result.findings]
    print_table(f"{len(rows)} findings", columns, rows)
    if result.checked:
        pairs = [_pair_as_json(pair) for pair in result.checked]
        print_table("main and check meters", list(pairs[0]), [list(pair.values()) for pair in pairs])
    if result.points:
        rows = [[p.kind, p.name, p.known_kwh, len(p.kwh), p.missing] for p in result.points]
        print_table("service points and totals", ("of", "name", "kwh", "slots", "missing"), rows)
    if result.bills:
        shown = ("service_point", "month", "energy", "before", "after", "slots")
        print_table("bills that change", shown, [[getattr(b, c) for c in shown] for b in result.bills])
    print_fields(
        {
            "final intervals": f"{count} in {out}",
            **{
                f"{energy} by quality": ", ".join(f"{letter} {slots}" for letter, slots in counted.items())
                for energy, counted in letters.items()
            },
            **{f"not checked: {rule}": f"wants {', '.join(w)}" for rule, w in result.unchecked.items()},
        }
    )


def _pair_as_json(pair: CheckedPoint) -> dict[str, object]:
    return {
        "service_point": pair.service_point,
        "main": pair.main,
        "check": pair.check,
        "main_kwh": pair.compared.main_kwh,
        "check_kwh": pair.compared.check_kwh,
        "difference_percent": pair.compared.difference_percent,
        "agrees": pair.compared.agrees,
    }


def _point_as_json(point: PointEnergy) -> dict[str, object]:
    return {
        point.kind: point.name,
        "kwh": point.known_kwh,
        "slots": len(point.kwh),
        "missing": point.missing,
    }
