"""What stands in the way of a balance is named with its place, and costs nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from analysis.loss_problems import LossProblem, ProblemKind, impossible_slots, loss_problems
from pipeline.archive_records import AreaMember
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, Role
from tests.loss_areas import AREA, FIRST, hourly, registry

KWH: dict[str, float | np.ndarray] = {"S": 10.0, "A": 4.0, "B": 3.0, "C": 2.5}


def _of(
    archive: Registry, seen: MeterMatrix | None = None, asked: tuple[str, ...] = ()
) -> list[tuple[ProblemKind, str | None]]:
    found = loss_problems(seen or hourly(KWH, 2, archive), archive, asked)
    return [(problem.kind, problem.service_point) for problem in found]


def test_a_sound_area_has_none() -> None:
    assert _of(registry()) == []


def test_an_area_wants_a_supply_meter_and_members() -> None:
    archive = registry(supplies=())
    assert _of(archive) == [(ProblemKind.NO_SUPPLY_METER, None)]
    assert _of(registry(members=()), hourly({"S": 1.0}, 2, registry())) == [(ProblemKind.NO_MEMBERS, None)]
    empty = replace(registry(), area_members=())
    assert _of(empty) == []
    assert _of(empty, asked=(AREA,)) == [(ProblemKind.NO_SUPPLY_METER, None), (ProblemKind.NO_MEMBERS, None)]


def test_a_point_wants_a_meter_with_energies() -> None:
    archive = registry()
    without = replace(archive, installations=[i for i in archive.installations if i.meter != "B"])
    assert _of(without) == [(ProblemKind.NO_METER, "P-B")]
    check_alone = replace(
        without,
        installations=[
            *without.installations,
            Installation(meter=MeterId("B"), service_point="P-B", role=Role.CHECK),
        ],
    )
    assert _of(check_alone) == [(ProblemKind.NO_METER, "P-B")]
    assert _of(archive, hourly(KWH | {"B": np.nan}, 2, archive)) == [(ProblemKind.NO_ENERGY, "P-B")]


def test_energies_below_zero_are_counted() -> None:
    archive = registry()
    below = np.full(48, 3.0)
    below[5:8] = -0.5
    seen = hourly(KWH | {"B": below}, 2, archive)
    (problem,) = loss_problems(seen, archive)
    assert problem == LossProblem(
        kind=ProblemKind.IMPOSSIBLE_ENERGY, area=AREA, service_point="P-B", meters=("B",), count=3
    )
    assert impossible_slots(seen).sum() == 3
    beyond = hourly(KWH | {"S": np.inf}, 2, archive)
    assert _of(archive, beyond) == [(ProblemKind.IMPOSSIBLE_ENERGY, "P-S")]
    backwards = hourly(KWH, 2, archive, export={"A": np.full(48, -1.0)})
    assert _of(archive, backwards) == [(ProblemKind.IMPOSSIBLE_ENERGY, "P-A")]


def test_what_a_customer_without_filed_generation_feeds_in_is_named() -> None:
    archive = registry()
    seen = hourly(KWH, 2, archive, export={"C": 0.5, "S": 3.0})
    (problem,) = loss_problems(seen, archive)
    assert (problem.kind, problem.service_point, problem.kwh) == (ProblemKind.FED_IN_UNFILED, "P-C", 24.0)
    filed = replace(archive, contracts=[Contract(service_point="P-C", generation=True)])
    assert _of(filed, hourly(KWH, 2, filed, export={"C": 0.5})) == []
    # A meter's own error.
    assert _of(archive, hourly(KWH, 2, archive, export={"C": 0.02})) == []


def test_filed_generation_of_which_no_export_is_read_is_named() -> None:
    archive = registry()
    filed = replace(archive, contracts=[Contract(service_point="P-C", generation=True)])
    seen = hourly(KWH, 2, archive)
    assert _of(filed, seen) == []
    unread = seen.energies["export_kwh"].copy()
    unread[seen.meters.index(MeterId("C"))] = np.nan
    unread_c = replace(seen, energies={"export_kwh": unread})
    for window in (replace(seen, energies={}), unread_c):
        assert _of(filed, window) == [(ProblemKind.FED_IN_UNKNOWN, "P-C")]
        assert _of(archive, window) == []
    assert seen.daily is not None
    held = {Quantity.ACTIVE_ENERGY_EXPORT: np.where(np.arange(4)[:, None] == 3, [[5.0, 6.0]], np.nan)}
    assert _of(filed, replace(unread_c, daily=replace(seen.daily, registers=held))) == []


def test_memberships_that_overlap_are_named() -> None:
    archive = registry()
    at = FIRST + timedelta(days=1)
    again = AreaMember(area=AREA, service_point="P-A", starts_at=at)
    twice = replace(archive, area_members=[*archive.area_members, again])
    assert _of(twice) == [(ProblemKind.COUNTED_TWICE, "P-A")]
    moved = [replace(m, ends_at=at) if m.service_point == "P-A" else m for m in archive.area_members]
    assert _of(replace(archive, area_members=[*moved, again])) == []
    elsewhere = AreaMember(area="U", service_point="P-A")
    both = replace(archive, area_members=[*archive.area_members, elsewhere])
    assert (ProblemKind.IN_TWO_AREAS, "P-A") in _of(both)
    left = replace(archive, area_members=[*moved, replace(elsewhere, starts_at=at)])
    assert (ProblemKind.IN_TWO_AREAS, "P-A") not in _of(left)
