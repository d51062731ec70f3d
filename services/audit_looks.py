"""The record of orders for people who look at it again and again: checked anew only when it has changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from services.audit import Audit, Entry

State: TypeAlias = tuple[int, ...] | None
"""What tells one state of a file from another, also where somebody puts its time back; None: no file."""


def known_entries(path: Path) -> Sequence[Entry]:
    """Return every line, oldest first; whoever is about to send something asks the record itself.

    Raises:
        AuditError: If a line was changed, removed or torn, or the record cannot be read.
    """
    audit = Audit(path)
    try:
        states = tuple(_state(file) for file in audit.files)
    except OSError:
        return audit.entries()  # which tells what is the matter
    return _checked(path, states)


@lru_cache(maxsize=1)
def _checked(path: Path, _states: tuple[State, ...]) -> Sequence[Entry]:
    return Audit(path).entries()


def _state(file: Path) -> State:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
