"""How the command prints: tables and progress for people, one JSON object a line for programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

JsonFlag: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]

console = Console()
progress_console = Console(stderr=True)
"""Progress goes to stderr, so that ``--json`` can be piped."""
EMPTY = ("", "-")
"""Cells that say nothing."""
_MOST_WIDTH = 10_000
"""Characters: what a table needs is measured without a terminal's bound."""


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar of so many steps on a terminal; call what this gives with each step as it begins."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    hidden = not progress_console.is_terminal
    with Progress(*columns, console=progress_console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=steps)
        begun = False

        def begin(step: str) -> None:
            nonlocal begun
            bar.update(task, description=step, advance=1 if begun else 0)
            begun = True

        yield begin


@contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """Show what is going on, in one line of a terminal that changes; call what this gives with each news."""
    if not progress_console.is_terminal:
        yield lambda _news: None
        return
    with progress_console.status("") as shown:
        yield shown.update


def print_json(value: object) -> None:
    """Print one JSON object on one line; times are ISO 8601."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode())


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, yielding: Collection[str] = ()
) -> None:
    """Print a table for people; a column that holds nothing is left out.

    Where its words are wider than the terminal, the rows are printed one below the other instead.

    Args:
        title: Printed above it.
        columns: Their heads.
        rows: One cell a column.
        yielding: The columns that become narrower on a narrow terminal; all but the first when left out,
            for what comes first is what one types next: a name, an address, an identifier.
    """
    cells = [[cell(value) for value in row] for row in rows]
    shown = [n for n in range(len(columns)) if not cells or any(row[n] not in EMPTY for row in cells)]
    if title:
        console.print(Text(title, style="italic"))
    table = Table(header_style="bold")
    for number in shown:
        name = columns[number]
        yields = name in yielding if yielding else number > 0
        table.add_column(name, overflow="fold", no_wrap=not yields)
    for row in cells:
        table.add_row(*(escape(row[number]) for number in shown))
    least = Measurement.get(console, console.options.update(max_width=_MOST_WIDTH), table).minimum
    if yielding or not cells or least <= console.width:
        console.print(table)
    else:
        _print_rows(
            [columns[number] for number in shown], [[row[number] for number in shown] for row in cells]
        )


def _print_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print each row as names and values under one another, what comes first above them."""
    for row in rows:
        console.print(Text.assemble(f"{columns[0]}  ", (row[0], "bold")))
        fields = Table.grid(padding=(0, 2))
        for name, value in zip(columns[1:], row[1:], strict=True):
            if value not in EMPTY:
                fields.add_row(escape(name), escape(value))
        console.print(Padding(fields, (0, 0, 0, 4)))


def print_below(text: str) -> None:
    """Print what belongs to the line above, indented and broken at words."""
    console.print(Padding(Text(text), (0, 0, 0, 4)))


def print_done(sentence: str, fields: Mapping[str, object], *, as_json: bool) -> None:
    """Print what a command did: one sentence for people, its fields for programs."""
    if as_json:
        print_json(fields)
    else:
        typer.echo(sentence)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print name and value pairs under one another."""
    table = Table.grid(padding=(0, 2))
    for name, value in fields.items():
        table.add_row(f"[bold]{escape(name)}[/bold]", escape(cell(value)))
    console.print(table)


def cell(value: object) -> str:
    """Return a value as people read it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value)) or "-"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={cell(inner)}" for key, inner in value.items())
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)


def rounded(value: float, digits: int) -> str:
    """Return a number with so many digits that count, never as a power of ten: 110, 0.34."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


_WORDS = {None: "-", True: "yes", False: "no"}
