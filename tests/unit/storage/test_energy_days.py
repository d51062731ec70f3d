"""Energy of local days: what a scope is told of a moved meter; the sums are tested with detection."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import pytest

from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import to_numpy
from storage.area_scope import limited_to
from storage.database import Connection
from storage.energy_days import energy_days
from storage.final_edits import SlotOfEnergy, edit_final
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry

M1: Final = MeterId("M1")
FIRST: Final = date(2026, 5, 31)
MIDNIGHT: Final = datetime(2026, 5, 31, 16, tzinfo=UTC)
"""Of the first of June in Shanghai."""
NOON, HOUR = MIDNIGHT + timedelta(hours=12), timedelta(hours=1)
SLOTS: Final = [MIDNIGHT + n * HOUR for n in (-3, -2, 1, 2, 20, 25)]
"""Two on the last of May, three on the first of June, one on the second."""
A, B, AWAY, BOTH = (Scope(frozenset(names)) for names in ("A", "B", "C", "AB"))
OF_MAY, OF_JUNE, OF_NEXT = (0, 1.0, 1), (1, 20.0, 2), (2, 32.0, 1)
"""Day, energy and actual slots: one slot of May was edited, one of June is estimated."""


def archive(connection: Connection, moved_at: datetime) -> None:
    """Keep a meter that hung in A and since ``moved_at`` in B, with its intervals."""
    save_registry(
        connection,
        Registry(
            meters=[Meter(id=M1)],
            areas=[Area(id=name) for name in "ABC"],
            service_points=[ServicePoint(id=f"SP-{name}", area=name) for name in "ABC"],
            installations=[
                Installation(meter=M1, service_point="SP-A", ends_at=moved_at),
                Installation(meter=M1, service_point="SP-B", starts_at=moved_at),
            ],
        ),
    )
    save_intervals(
        connection,
        IntervalColumns(
            meters=[M1] * len(SLOTS),
            starts_at=np.array([to_numpy(at) for at in SLOTS]),
            minutes=np.full(len(SLOTS), 15, dtype=np.int16),
            quality=np.array(["A", "A", "A", "E", "A", "A"]),
            energies={"import_kwh": np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])},
        ),
        computed_at=NOON,
    )
    slot = SlotOfEnergy(meter=M1, starts_at=SLOTS[1], minutes=15, energy="import_kwh")
    edit_final(connection, slot, 99.0, author="wang", note="a test", made_at=NOON)


def told(connection: Connection, scope: Scope) -> list[tuple[int, float, int]]:
    """Return the days that have anything at all, asked with and without the database's own policies."""

    def ask() -> list[tuple[int, float, int]]:
        found = energy_days(connection, scope=scope, first=FIRST, days=3, minutes=15, meters=[M1])
        days = np.flatnonzero((found.slots[0] != 0) | np.isfinite(found.kwh[0]))
        return [(int(n), float(found.kwh[0, n]), int(found.slots[0, n])) for n in days]

    with limited_to(connection, scope):
        held = ask()
    assert ask() == held
    return held


@pytest.mark.parametrize(
    ("moved_at", "of_a", "of_b"),
    [
        (MIDNIGHT, [OF_MAY], [OF_JUNE, OF_NEXT]),
        (NOON, [OF_MAY], [OF_NEXT]),
        (MIDNIGHT - 2 * HOUR - HOUR / 2, [], [OF_JUNE, OF_NEXT]),
    ],
)
def test_a_day_is_told_to_the_area_in_which_the_meter_hung_all_of_it(
    database: Connection,
    moved_at: datetime,
    of_a: list[tuple[int, float, int]],
    of_b: list[tuple[int, float, int]],
) -> None:
    archive(database, moved_at)
    assert told(database, A) == of_a
    assert told(database, B) == of_b
    assert told(database, AWAY) == []
    assert told(database, EVERYTHING) == told(database, BOTH) == [OF_MAY, OF_JUNE, OF_NEXT]
