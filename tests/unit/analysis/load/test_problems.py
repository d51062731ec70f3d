from datetime import UTC, datetime

import numpy as np
import pytest

from analysis.load.problems import LoadProblemKind, fed_in_problems, without_odd_slots
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.timegrid import slot_grid

AT, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC)
NAN = np.nan
EVERY = np.ones(4, np.bool_)


def _matrix(kwh: list[float], letters: str) -> MeterMatrix:
    imported = np.array([kwh, [1.0] * 4])
    return MeterMatrix(
        meters=[MeterId("M"), MeterId("S")],
        starts_at=slot_grid(AT, END, 15),
        minutes=15,
        values={},
        import_kwh=imported,
        quality=np.array([list(letters), list("AAAA")]),
        step_kwh=np.ones(2),
        power_kw=imported,
        import_kvarh=np.ones((2, 4)),
        energies={"export_kwh": np.zeros((2, 4))},
    )


def test_energy_that_no_meter_counts_is_missing_and_named() -> None:
    found, problems = without_odd_slots(_matrix([1, -500, 1e10, 1], "AAAA"), EVERY)
    np.testing.assert_array_equal(found.import_kwh[0], [1.0, NAN, NAN, 1.0])
    assert found.quality[0].tolist() == ["A", "N", "N", "A"]
    assert found.import_kvarh is not None
    np.testing.assert_array_equal(found.import_kvarh[0], [1.0, NAN, NAN, 1.0])
    np.testing.assert_array_equal(found.energies["export_kwh"][0], [0.0, NAN, NAN, 0.0])
    assert found.import_kwh[1].tolist() == [1.0] * 4
    (problem,) = problems.pop("M")
    assert (problem.kind, problem.meter, problem.count) == (LoadProblemKind.IMPOSSIBLE_ENERGY, "M", 2)
    assert problem.en.startswith("2 intervals of M are below zero or beyond measure")
    assert problems == {}


def test_a_value_marked_as_missing_is_missing() -> None:
    found, problems = without_odd_slots(_matrix([1, 2, NAN, -1], "ANNN"), EVERY)
    np.testing.assert_array_equal(found.import_kwh[0], [1.0, NAN, NAN, NAN])
    assert [(p.kind, p.count) for p in problems["M"]] == [(LoadProblemKind.VALUE_OF_MISSING, 2)]


def test_what_lies_beside_the_span_is_not_told() -> None:
    matrix = _matrix([-1, 1, 1, 1], "AAAA")
    assert without_odd_slots(matrix, np.array([False, True, True, True])) == (matrix, {})


@pytest.mark.parametrize(("kwh", "told"), [(2.0, 0), (2.1, 1)])
def test_so_much_as_a_meter_errs_is_not_fed_in(kwh: float, told: int) -> None:
    # 1 kWh a day over two days.
    problems = list(fed_in_problems(kwh, 192, 15))
    assert len(problems) == told
    assert all("2.1 kWh flowed back" in problem.en for problem in problems)
