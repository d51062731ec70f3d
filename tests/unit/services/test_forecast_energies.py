"""What a forecast stands on where meters were swapped, deducted, or taken down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, Role
from pipeline.timegrid import slot_grid
from services.forecast_energies import is_gone, joined, known_share, point_alone, with_predecessors
from tests.fix_windows import window

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SWAP = BEGIN + timedelta(minutes=30)
AT = BEGIN + timedelta(hours=1)
NAN = float("nan")
OLD, NEW, SUB = MeterId("OLD"), MeterId("NEW"), MeterId("SUB")


def placed(
    meter: MeterId, role: Role = Role.MAIN, since: datetime | None = None, to: datetime | None = None
) -> Installation:
    return Installation(meter=meter, service_point="P", role=role, starts_at=since, ends_at=to)


def archive(*installations: Installation) -> Registry:
    return Registry(
        meters=[Meter(id=meter) for meter in dict.fromkeys(i.meter for i in installations)],
        installations=list(installations),
    )


def matrix(kwh: dict[str, list[float]]) -> MeterMatrix:
    rows = {name: np.array(values) for name, values in kwh.items()}
    return window(slot_grid(BEGIN, AT, 15), rows)


SWAPPED = (placed(OLD, to=SWAP), placed(NEW, since=SWAP))


def test_the_newer_meter_has_the_energies_of_both() -> None:
    seen = joined(matrix({"OLD": [1.0, 2.0, NAN, NAN], "NEW": [NAN, NAN, 3.0, 4.0]}), archive(*SWAPPED), AT)
    assert seen.import_kwh[1].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert seen.quality[1].tolist() == ["A"] * 4
    np.testing.assert_array_equal(seen.import_kwh[0], [1.0, 2.0, NAN, NAN])


def test_a_check_meter_does_not_count_and_a_deducted_one_leaves_each_meter_its_own() -> None:
    kwh = {"OLD": [1.0, 2.0, NAN, NAN], "NEW": [NAN, NAN, 3.0, 4.0], "SUB": [0.5] * 4}
    check = archive(*SWAPPED, placed(SUB, Role.CHECK))
    assert joined(matrix(kwh), check, AT).import_kwh[1].tolist() == [1.0, 2.0, 3.0, 4.0]
    deducted = archive(*SWAPPED, placed(SUB, Role.SUBTRACT, to=SWAP))
    np.testing.assert_array_equal(joined(matrix(kwh), deducted, AT).import_kwh[1], [NAN, NAN, 3.0, 4.0])


def test_a_meter_whose_predecessor_is_not_there_keeps_its_own() -> None:
    alone = joined(matrix({"NEW": [NAN, NAN, 3.0, 4.0]}), archive(*SWAPPED), AT)
    np.testing.assert_array_equal(alone.import_kwh[0], [NAN, NAN, 3.0, 4.0])
    assert with_predecessors(archive(*SWAPPED), [NEW], AT) == [NEW, OLD]
    assert with_predecessors(archive(*SWAPPED), [OLD], AT) == [OLD]


@pytest.mark.parametrize("beside", [(), (placed(OLD), placed(SUB, Role.SUBTRACT))])
def test_what_a_meter_drew_at_another_customer_is_left_out(beside: tuple[Installation, ...]) -> None:
    elsewhere = Installation(meter=NEW, service_point="Q", ends_at=SWAP)
    moved = archive(*beside, elsewhere, placed(NEW, since=SWAP + timedelta(minutes=1)))
    seen = joined(matrix({"NEW": [9.0, 9.0, 3.0, 4.0]}), moved, AT)
    # The slot in which it was fitted is partly before: unknown.
    np.testing.assert_array_equal(seen.import_kwh[0], [NAN, NAN, NAN, 4.0])
    assert seen.quality[0].tolist() == ["N", "N", "N", "A"]
    before = joined(matrix({"NEW": [9.0, 9.0, 3.0, 4.0]}), moved, BEGIN)
    np.testing.assert_array_equal(before.import_kwh[0], [9.0, 9.0, NAN, NAN])


def test_a_point_with_two_meters_at_a_time_is_measured_by_none_alone() -> None:
    assert point_alone(archive(*SWAPPED), NEW, AT) == "P"
    assert point_alone(archive(*SWAPPED), OLD, AT) is None
    assert point_alone(archive(placed(OLD), placed(NEW)), NEW, AT) is None
    assert point_alone(archive(*SWAPPED), OLD, BEGIN) == "P"


def test_a_meter_is_gone_once_it_was_taken_down_and_never_if_it_was_never_filed() -> None:
    assert is_gone(archive(*SWAPPED), OLD, SWAP)
    assert not is_gone(archive(*SWAPPED), OLD, BEGIN)
    assert not is_gone(archive(*SWAPPED), NEW, AT)
    assert not is_gone(archive(), OLD, AT)


def test_the_share_is_that_of_the_span_and_not_of_what_was_given() -> None:
    grid = slot_grid(BEGIN, AT, 15)
    known = np.array([True, False, True, True])
    assert known_share(known, grid, 15, (BEGIN, AT)) == pytest.approx(0.75)
    assert known_share(known, grid, 15, (BEGIN - timedelta(hours=1), AT)) == pytest.approx(3 / 8)
    assert known_share(known, grid, 15, (AT, AT)) is None
