"""``kilowatch scan``: finds the meters on a line (搜表)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.logs import leave_to_output
from cli.output import JsonFlag, print_json, print_table, status


def scan(
    url: Annotated[
        str,
        typer.Argument(
            help="dlt645+tcp://HOST:PORT, dlt645+serial:///dev/ttyUSB0 (tries every rate and parity unless "
            "?baudrate= is given) or modbus+tcp://HOST:PORT, with ?framing=rtu behind a serial server"
        ),
    ],
    units: Annotated[
        str, typer.Option(help="Modbus addresses to look at, FIRST-LAST: each silent one takes a time-out.")
    ] = "1-32",
    *,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Look behind clean answers too: takes minutes.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Find the meters on a line, their edition of the protocol and the profile to read them with.

    Example: kilowatch scan dlt645+tcp://127.0.0.1:8600
    """
    from services.scan import require_meters
    from services.scan import scan as scan_line

    leave_to_output("kilowatch.collectors.bus")
    with status() as tell:
        report = scan_line(url, units=_range(units), thorough=thorough, tell=tell)
    if as_json:
        for meter in report.meters:
            print_json(asdict(meter))
        require_meters(report)
        return
    require_meters(report)
    rows = [
        (
            m.address,
            f"{m.protocol} {m.version or ''}",
            m.profile,
            None if m.clock_offset_s is None else round(m.clock_offset_s),
            "; ".join(m.deviations),
            m.remark,
        )
        for m in report.meters
    ]
    columns = ("address", "protocol", "profile", "clock offset s", "deviates", "remark")
    title = f"{len(rows)} found, {report.questions} questions; {report.diagnosis}"
    print_table(title, columns, rows, yielding=("clock offset s", "deviates", "remark"))
    typer.echo("Read one of them now:")
    for meter in report.meters:
        typer.echo(f"  kilowatch read '{meter.url}'")


def _range(text: str) -> tuple[int, int]:
    from services.scan import LAST_UNIT

    first, _, last = text.partition("-")
    try:
        units = int(first), int(last or first)
    except ValueError:
        raise typer.BadParameter(f"write FIRST-LAST such as 1-32, not {text!r}") from None
    if not 1 <= units[0] <= units[1] <= LAST_UNIT:
        raise typer.BadParameter(f"units are 1 to {LAST_UNIT}, first-last, not {text!r}")
    return units
