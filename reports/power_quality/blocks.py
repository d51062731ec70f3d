"""What a page of the report is made of: facts, tables, notes and charts, already in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table; ``mark`` says how it is set: ``number``, or a verdict."""

    text: str
    mark: str = ""
    span: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose heads are repeated on each page."""

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    over_head: Sequence[Cell] = ()
    """A line of wider heads above ``head``."""
    title: str = ""
    dense: bool = False
    """Many columns: set in smaller type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values under one another; ``missing`` rows say what is not known."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence; ``kind`` is ``absent`` (nothing to show and why), ``estimate``, ``formula`` or plain."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with what it shows."""

    drawing: Markup
    title: str


Block: TypeAlias = Table | Facts | Note | Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the fourteen parts."""

    number: int
    title: str
    blocks: Sequence[Block]
