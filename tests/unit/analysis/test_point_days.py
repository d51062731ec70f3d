"""What a point took on the day of a swap, and when its export is counted: figures written out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.area_stays import stays_of
from analysis.point_days import PointDays
from detectors.register_days import register_flows_kwh
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Registry
from pipeline.timegrid import slot_grid
from tests.fix_windows import window
from tests.loss_areas import FIRST, registry

NAN = np.nan
DAYS = 3


def _swapped(at_minute: int) -> Registry:
    """Return an archive in which B follows on A at ``P-A``, so many minutes into the second day."""
    at = FIRST + timedelta(days=1, minutes=at_minute)
    archive = registry(("A",))
    hung = [
        archive.installations[0],
        Installation(meter=MeterId("A"), service_point="P-A", ends_at=at),
        Installation(meter=MeterId("B"), service_point="P-A", starts_at=at),
    ]
    return replace(archive, meters=[*archive.meters, Meter(id=MeterId("B"))], installations=hung)


def _days(
    archive: Registry, kwh: dict[str, np.ndarray], export: dict[str, np.ndarray] | None = None
) -> PointDays:
    seen = window(slot_grid(FIRST, FIRST + timedelta(days=DAYS), 15), kwh)
    if export is not None:
        rows = np.array([export.get(str(meter), np.full(DAYS * 96, NAN)) for meter in seen.meters])
        seen = replace(seen, energies={"export_kwh": rows})
    seen = with_daily_rows(seen, archive)
    assert seen.daily is not None
    flows = register_flows_kwh(seen, seen.daily, archive)
    return PointDays(seen, seen.daily, sorted(stays_of(seen, archive)), 0.98, flows)


def _two(begin: int, until: int) -> dict[str, np.ndarray]:
    """Return a supply, A up to a slot of the second day and B from another one on, 1 kWh a slot."""
    ones = np.ones(DAYS * 96)
    one, other = ones.copy(), ones.copy()
    one[96 + until :], other[: 96 + begin] = NAN, NAN
    return {"S": ones, "A": one, "B": other}


def test_the_slot_of_a_swap_that_neither_meter_has_is_the_mean_of_the_day() -> None:
    days = _days(_swapped(9 * 60 + 7), _two(37, 36))
    assert days.known[0].tolist() == [True] * DAYS
    assert days.kwh[0].tolist() == pytest.approx([96.0] * DAYS)
    assert days.filled_kwh[0].tolist() == pytest.approx([0.0, 1.0, 0.0])


@pytest.mark.parametrize("minute", [5, 9 * 60 + 7, 23 * 60 + 55])
@pytest.mark.parametrize("exports", [False, True])
def test_a_swap_just_by_midnight_leaves_a_known_day(minute: int, exports: bool) -> None:  # noqa: FBT001
    slot = minute // 15
    zeros = np.zeros(DAYS * 96)
    kwh = _two(slot + 1, slot)
    export = {name: np.where(np.isnan(column), NAN, zeros) for name, column in kwh.items()}
    days = _days(_swapped(minute), kwh, export if exports else None)
    assert days.known[0].tolist() == [True] * DAYS
    assert days.kwh[0].tolist() == pytest.approx([96.0] * DAYS)


def test_export_of_which_every_day_lacks_a_slot_is_not_taken_for_none() -> None:
    export = np.full(DAYS * 96, 0.25)
    export[::96] = NAN
    ones = np.ones(DAYS * 96)
    days = _days(registry(("A",)), {"S": ones, "A": ones}, {"A": export})
    assert days.known.tolist() == [[False] * DAYS, [True] * DAYS]


@pytest.mark.parametrize("freezes", [[10.0, 12.4, 14.8], [10.0, 12.4, NAN]])
def test_export_that_registers_alone_tell_of_is_fed_in_and_missed_where_they_lack(
    freezes: list[float],
) -> None:
    archive = registry(("A",))
    ones = np.ones(DAYS * 96)
    seen = with_daily_rows(
        window(slot_grid(FIRST, FIRST + timedelta(days=DAYS), 15), {"S": ones, "A": ones}), archive
    )
    assert seen.daily is not None
    registers = {Quantity.ACTIVE_ENERGY_EXPORT: np.array([[NAN] * DAYS, freezes])}
    daily = replace(seen.daily, registers=registers)
    flows = register_flows_kwh(seen, daily, archive)
    days = PointDays(seen, daily, sorted(stays_of(seen, archive)), 0.98, flows)
    whole = bool(np.isfinite(freezes).all())
    assert days.known.tolist() == [[False, True, whole], [True] * DAYS]
    known = slice(1, 3 if whole else 2)
    np.testing.assert_allclose(days.kwh[0, known], 93.6)
    np.testing.assert_allclose(days.export_kwh[0, known], 2.4)


def test_an_export_register_that_stands_still_is_not_needed() -> None:
    archive = registry(("A",))
    ones = np.ones(DAYS * 96)
    seen = with_daily_rows(
        window(slot_grid(FIRST, FIRST + timedelta(days=DAYS), 15), {"S": ones, "A": ones}), archive
    )
    assert seen.daily is not None
    held = {Quantity.ACTIVE_ENERGY_EXPORT: np.array([[NAN] * DAYS, [10.0, 10.0, NAN]])}
    daily = replace(seen.daily, registers=held)
    flows = register_flows_kwh(seen, daily, archive)
    days = PointDays(seen, daily, sorted(stays_of(seen, archive)), 0.98, flows)
    assert days.known.all()
    assert days.kwh[0].tolist() == [96.0] * DAYS
