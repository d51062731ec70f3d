"""Which meters a caller may see: bulk queries over hypertables go through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.model import MeterId, Scope
from storage.database import Connection


@dataclass(frozen=True, slots=True)
class VisibleMeters:
    """The numbers of the meters that were asked for and that the scope allows."""

    number_of: Mapping[MeterId, int]

    @property
    def numbers(self) -> list[int]:
        """The keys of their readings."""
        return list(self.number_of.values())

    @property
    def names(self) -> dict[int, MeterId]:
        """The meters' names by number."""
        return {number: name for name, number in self.number_of.items()}


def visible_meters(
    connection: Connection, meters: Sequence[MeterId] | None, *, scope: Scope
) -> VisibleMeters:
    """Return those of ``meters`` (None: all) that were ever installed in an area of ``scope``."""
    rows = connection.execute(
        "SELECT id, meter_id FROM meter AS m WHERE (%(meters)s::text[] IS NULL OR id = ANY(%(meters)s)) "
        "AND (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM installation AS i "
        "JOIN service_point AS p ON p.id = i.service_point "
        "WHERE i.meter_id = m.meter_id AND p.area = ANY(%(areas)s))) ORDER BY id",
        {
            "meters": None if meters is None else list(meters),
            "areas": None if scope.areas is None else sorted(scope.areas),
        },
    ).fetchall()
    return VisibleMeters(MappingProxyType({MeterId(name): number for name, number in rows}))
