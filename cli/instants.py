"""Times on the command line: ISO 8601 with an offset, nothing guessed."""

from __future__ import annotations

from datetime import datetime

import typer


def instant_of(text: str) -> datetime:
    """Return the instant that an argument names.

    Raises:
        typer.BadParameter: If it is no time, or has no offset.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(f"expected a time with its offset like 2026-03-01T08:15+08:00, not {text!r}")
    return instant
