"""The ``kilowatch`` command: one file a sub-command, gathered here."""

from __future__ import annotations

import sys

import typer

from cli import (
    accounts,
    alarms,
    bench,
    cases,
    clocks,
    collect,
    control,
    coverage,
    customers,
    dashboard,
    db,
    decode,
    demo,
    detect,
    doctor,
    evaluate,
    explain,
    flows,
    forecast,
    handheld,
    load,
    loss,
    profile,
    quality,
    read,
    rectify,
    registry,
    replay,
    scan,
    settle,
    simulate,
    vee,
    waveform,
)
from cli.logs import warn_on_stderr
from pipeline.errors import KilowatchError

FOUND_BAD_INPUT = 1
"""Exit status when input or data are bad; 0 is done, 2 is wrong usage."""

app = typer.Typer(
    name="kilowatch",
    help="Reads electricity meters (抄表), keeps every reading, and tells what is wrong.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("demo")(demo.demo)
app.command("decode")(decode.decode)
app.command("read")(read.read)
app.command("scan")(scan.scan)
app.command("replay")(replay.replay)
app.command("simulate")(simulate.simulate)
app.command("collect")(collect.collect)
app.command("clocks")(clocks.clocks)
app.command("explain")(explain.explain)
app.command("coverage")(coverage.coverage)
app.command("missing")(coverage.missing)
app.command("detect")(detect.detect)
app.command("load")(load.load)
app.command("quality")(quality.quality)
app.command("settle")(settle.settle)
app.command("customers")(customers.customers)
app.command("loss")(loss.loss)
app.command("forecast")(forecast.forecast)
app.command("evaluate")(evaluate.evaluate)
app.command("cases")(cases.cases)
app.command("feedback")(cases.feedback)
app.command("waveform")(waveform.waveform)
app.command("bench")(bench.bench)
app.command("dashboard")(dashboard.dashboard)
app.command("doctor")(doctor.doctor)
app.add_typer(accounts.app, name="accounts")
app.add_typer(db.app, name="db")
app.add_typer(registry.app, name="registry")
app.add_typer(profile.app, name="profile")
app.add_typer(flows.app, name="flows")
app.add_typer(control.app, name="control")
app.add_typer(handheld.app, name="handheld")
app.add_typer(rectify.app, name="rectify")
app.add_typer(vee.app, name="vee")
app.add_typer(alarms.app, name="alarms")


def main() -> None:
    """Run the command; a known error is one clear message and exit status 1."""
    warn_on_stderr()
    try:
        app()
    except KilowatchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(FOUND_BAD_INPUT)
