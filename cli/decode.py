"""``kilowatch decode``: explains a frame (报文) field by field."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from cli.frame_fields import EVERY_EVENT, PAYLOAD, VALUE, fields_for_people
from cli.output import JsonFlag, print_fields, print_json, print_table
from pipeline.errors import DataError, KilowatchError, WireError


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
    """Explain every frame of a line; tell whether all of it was sound."""
    from services.explain import frames_in

    try:
        pieces = frames_in(_bytes_of(line))
    except NotHexError as error:
        return _complain(error, place, as_json=as_json)
    show = _print_full_json if as_json and full else _print_json if as_json else _print_for_people
    sound = True
    for number, piece in enumerate(pieces, start=1):
        try:
            show(piece)
        except WireError as error:
            part = f"part {number} of {len(pieces)}: " if len(pieces) > 1 else ""
            sound = _complain(error, place + part, as_json=as_json)
    return sound


def _complain(error: KilowatchError, place: str, *, as_json: bool) -> bool:
    if as_json:
        print_json({"ok": False, "error": str(error)})
    else:
        typer.echo(f"error: {place}{error}", err=True)
    return False


def _print_json(raw: bytes) -> None:
    from services.explain import explain_frame

    print_json(explain_frame(raw))


def _print_full_json(raw: bytes) -> None:
    from services.explain import explain_frame_in_full, subject_of_frame

    fields, subject = explain_frame_in_full(raw), subject_of_frame(raw)
    print_json({**fields, "subject": asdict(subject)} if subject is not None else fields)


def _print_for_people(raw: bytes) -> None:
    from services.explain import explain_without_passwords, subject_of_frame

    fields, subject = explain_without_passwords(raw), subject_of_frame(raw)
    shown = fields_for_people(fields)
    if subject is not None:
        shown["identifier"] = f"{subject.identifier}  {subject.name}  {subject.zh}"
        if subject.fields:
            shown.pop(PAYLOAD if PAYLOAD in shown else VALUE, None)  # told by name below
    elif isinstance(identifier := shown.get("identifier"), str) and identifier != EVERY_EVENT:
        shown["identifier"] = f"{identifier}  not in the catalogue 目录中没有"
    print_fields(shown)
    if subject is not None and subject.fields:
        rows = [(field.zh, field.name, field.value) for field in subject.fields]
        print_table("", ("中文", "field", "value"), rows)
    typer.echo("")


def _bytes_of(line: str) -> bytes:
    try:
        return bytes.fromhex(line)
    except ValueError as error:
        raise NotHexError(f"expected bytes in hex such as 68 12 ..., not {line.strip()[:80]!r}") from error
