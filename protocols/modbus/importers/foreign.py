"""What another tool's register list says, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignField:
    """One register of the list."""

    place: str
    """Where it stands in the file, for a person."""
    name: str
    function: int | None
    """3 or 4; None where the list names another kind of register."""
    address: int
    type: str
    """Our name of the type; empty where we have none."""
    word_order: str = "ABCD"
    scale: float = 1.0
    unit: str = ""
    note: str = ""
    """Why it cannot be taken over as it stands; empty when nothing is against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMap:
    """A whole register list of one device."""

    name: str
    vendor: str = ""
    models: tuple[str, ...] = ()
    firmware: str = ""
    source: str
    address_base: int = 0
    max_registers: int | None = None
    fields: tuple[ForeignField, ...]
