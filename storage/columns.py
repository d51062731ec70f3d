"""Which table keeps which quantity, and in which form: the seam between the vocabulary and the schema."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.model import Origin
from pipeline.quantities import QUANTITIES_OF, Group, Kind, Quantity

GROUPS_OF_TABLE: Mapping[str, frozenset[Group]] = MappingProxyType(
    {
        "register_reading": frozenset({Group.REGISTER, Group.DEMAND, Group.STATISTICS}),
        "electrical_reading": frozenset({Group.ELECTRICAL, Group.DEVICE}),
        "spectrum_reading": frozenset({Group.SPECTRUM}),
    }
)
"""The wide tables of readings."""

TABLE_OF_GROUP: Mapping[Group, str] = MappingProxyType(
    {group: table for table, groups in GROUPS_OF_TABLE.items() for group in groups}
)

QUANTITIES_OF_TABLE: Mapping[str, tuple[Quantity, ...]] = MappingProxyType(
    {
        table: tuple(q for group in Group if group in groups for q in QUANTITIES_OF[group])
        for table, groups in GROUPS_OF_TABLE.items()
    }
)
"""The quantities of each table, in the order of its columns."""

SQL_TYPE: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.COUNTER: "double precision",
        Kind.REAL: "real",
        Kind.INSTANT: "timestamp with time zone",
        Kind.SPECTRUM: "real[]",
        Kind.WORDS: "integer[]",
    }
)
"""How each kind of value stands in a column."""

NUMBER_OF_ORIGIN: Mapping[Origin, int] = MappingProxyType(
    {
        Origin.PRESENT: 0,
        Origin.DAILY_FREEZE: 1,
        Origin.SETTLEMENT_FREEZE: 2,
        Origin.LOAD_RECORD: 3,
        Origin.PUSH: 4,
        Origin.MANUAL: 5,
    }
)
"""The rows of the table ``origin``: never renumber."""

ORIGIN_OF_NUMBER: Mapping[int, Origin] = MappingProxyType({n: o for o, n in NUMBER_OF_ORIGIN.items()})


def table_of(quantity: Quantity) -> str:
    """Return the table that keeps ``quantity``."""
    return TABLE_OF_GROUP[quantity.group]
