"""A large export is worked off in pieces of like size, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.export import METER_DAYS, Wanted
from storage.database import Connection
from storage.registry import save_registry

FROM = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def meters(database: Connection) -> list[str]:
    names = [f"M{n:03d}" for n in range(50)]
    save_registry(
        database,
        Registry(
            meters=[Meter(id=MeterId(name)) for name in names],
            areas=[Area(id="A"), Area(id="B")],
            service_points=[ServicePoint(id=name, area="AB"[n % 2]) for n, name in enumerate(names)],
            installations=[Installation(meter=MeterId(name), service_point=name) for name in names],
        ),
    )
    return names


def pieces(
    database: Connection, days: float, scope: Scope = EVERYTHING
) -> list[tuple[list[str], datetime, datetime]]:
    @contextmanager
    def borrow() -> Iterator[Connection]:
        yield database

    wanted = Wanted(scope=scope, starts_at=FROM, ends_at=FROM + timedelta(days=days))
    return [(list(map(str, names)), begins, until) for names, begins, until in wanted.pieces(borrow)]


@pytest.mark.parametrize("days", [0.001, 1, 7, 30, 31, 90, 1000])
def test_pieces_cover_every_meter_and_instant_once_and_none_is_large(
    database: Connection, meters: list[str], days: float
) -> None:
    found = pieces(database, days)
    assert sorted({name for names, _, _ in found for name in names}) == meters
    for name in meters[:3]:
        own = [(begins, until) for names, begins, until in found if name in names]
        assert own[0][0] == FROM
        assert own[-1][1] == FROM + timedelta(days=days)
        assert all(one[1] == other[0] for one, other in pairwise(own))
    for names, begins, until in found:
        assert len(names) * ((until - begins) / timedelta(days=1)) <= METER_DAYS


def test_pieces_hold_no_meter_outside_the_callers_areas(database: Connection, meters: list[str]) -> None:
    found = pieces(database, 31, Scope(areas=frozenset({"B"})))
    assert [name for names, _, _ in found for name in names] == meters[1::2]
