"""What is told of the meters of some areas beside where they hang now: what was while they hung there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, LiteralString

from psycopg import sql

from storage.visible import HUNG_THEN

_OWN_DAYS: LiteralString = """
    , own_day AS (
        SELECT c.meter_id, c.day, c.quantity_group, c.status, c.cause, c.reads, c.newest_slot_at, m.zone
        FROM coverage_day AS c JOIN placed AS m USING (meter_id)
        WHERE c.day >= %(now)s::date - 1 AND c.day <= %(now)s::date + 1
          AND (m.hung_since IS NULL OR m.hung_since <= c.day::timestamp AT TIME ZONE m.zone)
        UNION ALL
        -- A day in which the meter came here is counted slot by slot, and so is one before it.
        SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status,
               coalesce(c.cause, ''), count(*)::int, max(c.slot_at), m.zone
        FROM placed AS m JOIN coverage AS c USING (meter_id)
        WHERE m.hung_since > (%(now)s::date - 1)::timestamp AT TIME ZONE m.zone
          -- Wide enough for the days of any zone; it keeps other chunks out.
          AND c.slot_at >= %(now)s - INTERVAL '3 days' AND c.slot_at <= %(now)s + INTERVAL '3 days'
          AND (c.slot_at AT TIME ZONE m.zone)::date BETWEEN %(now)s::date - 1 AND %(now)s::date + 1
          AND m.hung_since > (c.slot_at AT TIME ZONE m.zone)::date::timestamp AT TIME ZONE m.zone
          AND {hung}
        GROUP BY 1, 2, 3, 4, 5, m.zone
    )
"""
_OWN_SLOTS: LiteralString = "(m.hung_since IS NULL OR c.slot_at >= m.hung_since OR {hung})"
_OWN_EPISODES: LiteralString = """(
    e.service_point = m.service_point
    OR e.service_point IS NULL AND (m.hung_since IS NULL OR e.starts_at >= m.hung_since OR {hung})
    OR e.service_point IN (SELECT p.id FROM service_point AS p WHERE p.area = ANY(%(areas)s::text[]))
)"""
_OF_ALL: Final[Mapping[str, sql.Composable]] = MappingProxyType(
    {
        "hung_since": sql.SQL("NULL::timestamptz"),
        "days": sql.SQL(""),
        "coverage_day": sql.SQL("coverage_day"),
        "zoned_days": sql.SQL("coverage_day AS c JOIN meter AS z USING (meter_id)"),
        "own_slots": sql.SQL("true"),
        "episodes": sql.SQL("episode AS e"),
        "own_episodes": sql.SQL("true"),
    }
)


def own_time(areas: Sequence[str] | None) -> Mapping[str, sql.Composable]:
    """Return the parts of questions about ``placed AS m`` that keep to the time when meters hung in areas.

    Args:
        areas: Where they must have hung; None: anywhere, and nothing is added to the questions.

    Returns:
        ``hung_since``: of an installation in force, as :data:`storage.dashboard_queries._PLACED` has it.
        ``days``: makes what ``coverage_day`` then names: the ledger's sums of the local days around now. A
        day in which a meter came is summed up from that instant on.
        ``zoned_days``: the same as ``c`` with the ``zone`` of each meter.
        ``own_slots``: whether ``coverage AS c`` is of it.
        ``own_episodes``: whether one of ``episodes``, ``episode AS e``, is: a finding about a meter alone
        belongs to the place where the meter hung when it began.
    """
    if areas is None:
        return _OF_ALL
    hung = sql.SQL(HUNG_THEN)
    slot = hung.format(meter=sql.SQL("c.meter_id"), at=sql.SQL("c.slot_at"))
    found = hung.format(meter=sql.SQL("m.meter_id"), at=sql.SQL("e.starts_at"))
    return {
        "hung_since": sql.SQL("i.starts_at"),
        "days": sql.SQL(_OWN_DAYS).format(hung=slot),
        "coverage_day": sql.SQL("own_day"),
        # Policies hide from the planner how few rows a join has: each less is worth much.
        "zoned_days": sql.SQL("own_day AS c"),
        "own_slots": sql.SQL(_OWN_SLOTS).format(hung=slot),
        "episodes": sql.SQL("placed AS m JOIN episode AS e ON e.meter = m.id"),
        "own_episodes": sql.SQL(_OWN_EPISODES).format(hung=found),
    }
