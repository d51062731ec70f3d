from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.archive_records import Transformer
from pipeline.contracts import Suspension, SuspensionKind
from pipeline.registry import Registry
from pipeline.timegrid import slot_grid
from services.load_capacity import area_capacity_kva, point_capacity_kva

AT = datetime(2026, 3, 1, tzinfo=UTC)
HALF, END = AT.replace(minute=30), AT.replace(hour=1)
BEFORE, LATER = AT.replace(month=1), AT.replace(month=6)
SLOTS = slot_grid(AT, END, 15)
NAN = np.nan


def _unit(name: str, kva: float | None = 200.0, since: datetime | None = None) -> Transformer:
    return Transformer(id=name, service_point="P", capacity_kva=kva, starts_at=since)


def _rest(
    *units: str, remaining: float = 0.0, since: datetime = BEFORE, until: datetime | None = None
) -> Suspension:
    return Suspension(
        id="S",
        service_point="P",
        kind=SuspensionKind.REDUCTION,
        starts_at=since,
        ends_at=until,
        remaining_kva=remaining,
        transformers=units,
    )


def _kva(units: list[Transformer], *suspensions: Suspension) -> list[float] | None:
    found = point_capacity_kva(Registry(transformers=units, suspensions=suspensions), "P", SLOTS)
    return None if found is None else found.tolist()


@pytest.mark.parametrize(
    ("since", "kva"),
    [(None, [400.0] * 4), (BEFORE, [400.0] * 4), (HALF, [200.0, 200.0, 400.0, 400.0]), (LATER, [200.0] * 4)],
)
def test_a_unit_counts_since_it_came_into_service(since: datetime | None, kva: list[float]) -> None:
    assert _kva([_unit("T1"), _unit("T2", since=since)]) == kva


@pytest.mark.parametrize(
    ("rest", "kva"),
    [
        (_rest("T2", remaining=200.0), [200.0] * 4),
        (_rest("T2", since=HALF), [400.0, 400.0, 200.0, 200.0]),
        (_rest("T2", until=HALF), [200.0, 200.0, 400.0, 400.0]),
        (_rest(remaining=250.0), [250.0] * 4),
        (_rest(remaining=1000.0), [400.0] * 4),
        (_rest(), [NAN] * 4),
        (_rest("T1", "T2", since=HALF), [400.0, 400.0, NAN, NAN]),
    ],
)
def test_what_rests_is_taken_off(rest: Suspension, kva: list[float]) -> None:
    np.testing.assert_array_equal(_kva([_unit("T1"), _unit("T2")], rest), kva)


def test_a_unit_without_a_capacity_leaves_it_unknown_once_it_runs() -> None:
    assert _kva([_unit("T1"), _unit("T2", kva=None)]) is None
    assert _kva([_unit("T1"), _unit("T2", kva=None, since=LATER)]) == [200.0] * 4
    assert _kva([_unit("T1", since=LATER)]) is None
    assert _kva([]) is None


def test_an_area_has_the_units_filed_for_it() -> None:
    registry = Registry(
        transformers=[
            Transformer(id="A1", area="A", capacity_kva=400.0),
            Transformer(id="A2", area="A", capacity_kva=100.0, starts_at=HALF),
            _unit("T1"),
        ]
    )
    found = area_capacity_kva(registry, "A", SLOTS)
    assert found is not None
    assert found.tolist() == [400.0, 400.0, 500.0, 500.0]
