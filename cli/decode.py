"""``kilowatch decode``: explains a frame (报文) field by field."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table
from pipeline.errors import DataError, WireError

EITHER_EDITION = 0
"""The version of a frame that both editions of DL/T 645 know."""


class NotHexError(DataError):
    """A line that is no bytes in hex."""


def decode(
    frame: Annotated[
        list[str],
        typer.Argument(metavar="HEX...", help="A frame in hex, spaces allowed; - reads one frame a line."),
    ],
    *,
    full: Annotated[
        bool,
        typer.Option("--full", help="With --json: also names, units, named bits and the parts of orders."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Explain a DL/T 645-2007/1997 or Modbus frame.

    Example: kilowatch decode 68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16
    """
    lines = _lines_of_stdin() if frame == ["-"] else iter([("", " ".join(frame))])
    results = [_decode_line(line, place, as_json=as_json, full=full) for place, line in lines]
    if not all(results):
        raise typer.Exit(1)


def _lines_of_stdin() -> Iterator[tuple[str, str]]:
    """Yield where each line stands that holds anything, and the line."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.strip():
            # What is no text is no hex either, and must not end the lines behind it.
            yield f"line {number}: ", line.decode("ascii", "replace")


def _decode_line(line: str, place: str, *, as_json: bool, full: bool) -> bool:
    from services.explain import explain_frame, explain_frame_in_full, subject_of_frame

    try:
        raw = _bytes_of(line)
        fields = explain_frame(raw) if as_json and not full else explain_frame_in_full(raw)
    except (NotHexError, WireError) as error:
        if as_json:
            print_json({"ok": False, "error": str(error)})
        else:
            typer.echo(f"error: {place}{error}", err=True)
        return False
    subject = subject_of_frame(raw) if full or not as_json else None
    if as_json:
        print_json({**fields, "subject": asdict(subject)} if subject is not None else fields)
        return True
    shown = _for_people(fields)
    if subject is None:
        print_fields(shown)
    else:
        # The values come by name below; what a program takes is in --json.
        shown = {key: value for key, value in shown.items() if key not in ("di", "value")}
        print_fields(shown | {"identifier": f"{subject.identifier}  {subject.name}  {subject.zh}"})
        rows = [(field.zh, field.name, field.value) for field in subject.fields]
        if rows:
            print_table("", ("中文", "field", "value"), rows)
    typer.echo("")
    return True


def _for_people(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields with the function's code as the standards write it, and its name beside it."""
    shown = {key: value for key, value in fields.items() if key != "function_name"}
    if isinstance(code := fields.get("function"), int):
        shown["function"] = f"{code:02X}H {fields.get('function_name', '')}".rstrip()
    if fields.get("version") == EITHER_EDITION:
        shown["version"] = "1997 and 2007 alike"
    return shown


def _bytes_of(line: str) -> bytes:
    try:
        return bytes.fromhex(line)
    except ValueError as error:
        raise NotHexError(f"expected bytes in hex such as 68 12 ..., not {line.strip()[:80]!r}") from error
