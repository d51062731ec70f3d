"""``kilowatch forecast``: the next slots of every meter, and the demand that its month heads for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.instants import instant_of
from cli.output import JsonFlag, print_json, print_table, status

if TYPE_CHECKING:
    from services.forecast import Wish

LEFT_TO_JSON = frozenset({"energy kWh", "max kW P50"})
"""What a terminal of 80 columns has no room for."""


def forecast(  # noqa: PLR0913 - a command with all its options
    *,
    intervals: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Intervals (.parquet, .csv); left out, what the database holds is forecast and kept.",
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The archive (.toml) that belongs to the intervals."),
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Readings (.parquet, .csv) with max_demand_import and its time: the month's maximum so far.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Start of the first slot, such as 2026-12-01T00:00+08:00; the end of the data in files, the "
            "present day in the database, when left out."
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(help="How many slots: at most a week of them.")] = 96,
    model: Annotated[str, typer.Option(help="How: blend, or lightgbm (extra ml).")] = "blend",
    days_off: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Days off (.toml); left out, the Chinese ones where the zone is Asia/Shanghai.",
        ),
    ] = None,
    backtest: Annotated[
        bool,
        typer.Option(
            "--backtest",
            help="Measure instead: forecast each past day from the days before it, of --intervals or of the "
            "real curves in --data; with every model that is installed.",
        ),
    ] = False,
    days: Annotated[int, typer.Option(help="For --backtest: how many past days.", min=1)] = 28,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="For --backtest: folder of real curves; else KILOWATCH_TEST_DATA.",
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="For --backtest on real curves: a checkout of the project, whose page is written anew.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Forecast (负荷预测) each meter's next slots as P10, P50, P90, and the highest demand of its month.

    Example: kilowatch forecast --intervals site.csv --registry site.toml --at 2026-12-01T00:00+08:00

    Example: kilowatch forecast --backtest --intervals site.csv --registry site.toml
    """
    from services.forecast import Wish, installed_models
    from services.meter_forecast import Model

    if (intervals is None) != (registry is None):
        raise typer.BadParameter("give --intervals and --registry together, or neither: then the database")
    if intervals is None and readings is not None:
        raise typer.BadParameter("--readings belong to --intervals and --registry")
    files = None if intervals is None or registry is None else (intervals, registry)
    if backtest:
        if files is not None and write is not None:
            raise typer.BadParameter("--write keeps what the real curves give: leave --intervals out")
        from cli.forecast_backtest import measure

        measure(
            installed_models(),
            days,
            files=files,
            data=data,
            days_off=days_off,
            write=write,
            as_json=as_json,
        )
        return
    if model not in set(Model):
        raise typer.BadParameter(f"{model!r}: there are {', '.join(Model)}", param_hint="--model")
    wish = Wish(
        at=None if at is None else instant_of(at), slots=horizon, model=Model(model), days_off=days_off
    )
    _ahead(files, wish, readings, as_json=as_json)


def _ahead(files: tuple[Path, Path] | None, wish: Wish, readings: Path | None, *, as_json: bool) -> None:
    """Print what is ahead of every meter; status 1 where one could not be forecast."""
    from services.forecast import forecast_files, forecast_stored
    from services.meter_forecast import nearest_first, row_of

    with status() as tell:
        tell("forecasting")
        found = list(forecast_stored(wish)) if files is None else forecast_files(*files, wish, readings)
    if not found:
        raise typer.BadParameter("the archive names no meter: import one, or give --intervals and --registry")
    lacking = [one for one in found if one.lacking is not None]
    if as_json:
        for one in found:
            print_json(one.as_json())
    else:
        rows = nearest_first(row_of(one) for one in found if one.lacking is None)
        begins = found[0].starts_at.isoformat()
        title = f"{wish.slots} slots from {begins}, highest demand of them and of the month"
        shown = [column for column in rows[0] if column not in LEFT_TO_JSON] if rows else ["meter"]
        print_table(title, shown, [[row[column] for column in shown] for row in rows])
        for one in found:
            for entry in one.wants:
                typer.echo(
                    f"{one.meter}: heads above 105 % of its contract; whether that is charged double: {entry}"
                )
        for one in lacking:
            typer.echo(f"{one.meter}: {one.lacking}", err=True)
    if lacking:
        typer.echo(f"{len(lacking)} of {len(found)} meters could not be forecast", err=True)
        raise typer.Exit(1)
