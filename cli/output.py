"""How the command prints: tables and progress for people, one JSON object a line for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

JsonFlag: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]

console = Console()
progress_console = Console(stderr=True)
"""Progress goes to stderr, so that ``--json`` can be piped."""


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


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        # What comes first is what one types next: a name, an address, an identifier.
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    console.print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print name and value pairs under one another."""
    table = Table.grid(padding=(0, 2))
    for name, value in fields.items():
        table.add_row(f"[bold]{escape(name)}[/bold]", escape(_cell(value)))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
