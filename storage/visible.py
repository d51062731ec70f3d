"""Which meters a caller may see: bulk queries over hypertables go through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import LiteralString

from psycopg import sql

from pipeline.model import MeterId, Scope
from storage.database import Connection

HUNG_THEN: LiteralString = """
    EXISTS (SELECT 1 FROM installation AS hung JOIN service_point AS place ON place.id = hung.service_point
            WHERE hung.meter_id = {meter} AND place.area = ANY(%(areas)s::text[])
            AND (hung.starts_at IS NULL OR hung.starts_at <= {at})
            AND (hung.ends_at IS NULL OR hung.ends_at > {at}))
"""
"""Whether the meter of a number hung in the caller's areas at an instant."""
HUNG_ONLY_THERE: LiteralString = """
    EXISTS (SELECT 1 FROM installation AS hung JOIN service_point AS place ON place.id = hung.service_point
            JOIN area AS own ON own.id = place.area
            WHERE hung.meter_id = {meter} AND place.area = ANY(%(areas)s::text[])
            AND (hung.starts_at IS NULL OR hung.starts_at < {after})
            AND (hung.ends_at IS NULL OR hung.ends_at > {first})
            AND ((hung.starts_at IS NULL OR hung.starts_at <= {first})
                 AND (hung.ends_at IS NULL OR hung.ends_at >= {after})
                 OR NOT kilowatch_hung_elsewhere(hung.meter_id, %(areas)s::text[], {first}, {after})))
"""
"""Whether it hung there and nowhere else from one instant until another: the first of some local days, and
the one after them, which may be told in the area's own zone, ``own.zone``.

Sums of a day or month in which a meter was moved belong to both places: neither sees the other's share.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleMeters:
    """The numbers of the meters that were asked for and that the scope allows."""

    number_of: Mapping[MeterId, int]
    areas: Sequence[str] | None
    """Where they must have hung; None: anywhere."""

    @property
    def numbers(self) -> list[int]:
        """The keys of their readings."""
        return list(self.number_of.values())

    @property
    def names(self) -> dict[int, MeterId]:
        """The meters' names by number."""
        return {number: name for name, number in self.number_of.items()}

    @property
    def bound(self) -> dict[str, object]:
        """What :meth:`at` and :meth:`during` want bound."""
        return {"meters": self.numbers, "areas": self.areas}

    def at(self, row: str, instant: str) -> sql.Composed:
        """Return the condition that ``row`` is of one of them, and of a time when it hung in the scope.

        Args:
            row: The alias of the table, which has ``meter_id``.
            instant: Its column that says when.
        """
        meter, at = sql.Identifier(row, "meter_id"), sql.Identifier(row, instant)
        wanted = sql.SQL("{} = ANY(%(meters)s)").format(meter)
        if self.areas is None:
            return wanted
        return wanted + sql.SQL(" AND ") + sql.SQL(HUNG_THEN).format(meter=meter, at=at)

    def during(self, row: str, *, first: LiteralString, after: LiteralString) -> sql.Composed:
        """Return the condition that ``row`` is of one of them, and of a time when it hung in the scope only.

        Args:
            row: The alias of the table, which has ``meter_id``.
            first: When that time begins, in SQL.
            after: When it has ended.
        """
        meter = sql.Identifier(row, "meter_id")
        wanted = sql.SQL("{} = ANY(%(meters)s)").format(meter)
        if self.areas is None:
            return wanted
        hung = sql.SQL(HUNG_ONLY_THERE).format(meter=meter, first=sql.SQL(first), after=sql.SQL(after))
        return wanted + sql.SQL(" AND ") + hung


def visible_meters(
    connection: Connection, meters: Sequence[MeterId] | None, *, scope: Scope, at: datetime | None = None
) -> VisibleMeters:
    """Return those of ``meters`` (None: all) that hung in an area of ``scope``, ever or ``at`` a time.

    What is told of them besides their names is to be bounded by :meth:`VisibleMeters.at`: a meter that
    was moved tells each area of its own time only.
    """
    areas = None if scope.areas is None else sorted(scope.areas)
    rows = connection.execute(
        "SELECT id, meter_id FROM meter AS m WHERE (%(meters)s::text[] IS NULL OR id = ANY(%(meters)s)) "
        "AND (%(areas)s::text[] IS NULL OR EXISTS (SELECT 1 FROM installation AS i "
        "JOIN service_point AS p ON p.id = i.service_point "
        "WHERE i.meter_id = m.meter_id AND p.area = ANY(%(areas)s) AND (%(at)s::timestamptz IS NULL "
        "OR (i.starts_at IS NULL OR i.starts_at <= %(at)s) AND (i.ends_at IS NULL OR i.ends_at > %(at)s)))) "
        "ORDER BY id",
        {"meters": None if meters is None else list(meters), "areas": areas, "at": at},
    ).fetchall()
    number_of = MappingProxyType({MeterId(name): number for name, number in rows})
    return VisibleMeters(number_of=number_of, areas=areas)
