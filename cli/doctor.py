"""``kilowatch doctor``: is this machine ready, and what is to be done."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.output import JsonFlag, print_json

SIGNS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


def doctor(*, as_json: JsonFlag = False) -> None:
    """Check this machine: settings, secrets, database, broker, ports, clock; exit status 1 with a fault.

    Example: kilowatch doctor --json
    """
    from services.doctor.examine import examine
    from services.doctor.finding import Grade
    from services.doctor.machine import Machine

    faults = 0
    for finding in examine(Machine()):
        faults += finding.grade is Grade.FAULT
        if as_json:
            print_json(asdict(finding))
            continue
        typer.echo(f"{SIGNS[finding.grade]} {finding.check}: {finding.says}")
        if finding.next_step:
            typer.echo(f"        -> {finding.next_step}")
    if faults:
        raise typer.Exit(1)
