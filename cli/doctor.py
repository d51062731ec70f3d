"""``kilowatch doctor``: is this machine ready, and what is to be done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json

SIGNS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


def doctor(
    meter: Annotated[
        str | None, typer.Option(help="Ask this meter. Default: one meter of each bus that nobody reads.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check this machine: settings, secrets, database, broker, ports, clock, meters; exit status 1: a fault.

    A bus that a running collector has is left alone: what it read last is told instead.

    Example: kilowatch doctor --json

    Example: kilowatch doctor --meter M-1001
    """
    from services.doctor.examine import examine
    from services.doctor.finding import Grade
    from services.doctor.machine import Machine

    faults = 0
    for finding in examine(Machine(meter=meter)):
        faults += finding.grade is Grade.FAULT
        if as_json:
            print_json(asdict(finding))
            continue
        typer.echo(f"{SIGNS[finding.grade]} {finding.check}: {finding.says}")
        if finding.next_step:
            typer.echo(f"        -> {finding.next_step}")
    if faults:
        raise typer.Exit(1)
