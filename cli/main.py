"""The ``kilowatch`` command."""

from __future__ import annotations

import typer

app = typer.Typer(name="kilowatch", no_args_is_help=True)


def main() -> None:
    """Run the command."""
    app()
