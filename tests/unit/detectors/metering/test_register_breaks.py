from datetime import UTC, datetime

import numpy as np
import pytest

from detectors.metering.register_breaks import Break, breaks_of, suspects, together
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter
from tests.fix_windows import grid

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
IMPORT, REACTIVE = Quantity.ACTIVE_ENERGY_IMPORT, Quantity.REACTIVE_ENERGY_IMPORT
METER = Meter(id=MeterId("m"), digits=4)
NAN = float("nan")


def _breaks(*values: float, quantity: Quantity = IMPORT, most_kw: float = 80.0) -> list[Break]:
    times = grid(BEGIN, len(values) / 96)
    return breaks_of(times, np.array(values), quantity, METER, most_kw)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ((100, 101, 102, 103), []),
        ((100, 101, 50, 102, 103), []),
        ((100, 101, 0, 0, 102, 103), []),
        ((9998, 9999, 0.5, 1.5), []),
        ((100, 101, 0, 1, 2), ["reset"]),
        ((100, 101, 50, 51, 52), ["swap"]),
        ((100, 101, 500, 501, 502), ["jump"]),
        ((100, 101, 500, 610, 611), []),
        ((100, 200, 300, 400, 401), []),
        ((100, 101, 50, 51, 103, 104), ["dip"]),
        ((100, 101, 50, 51, 52, 900, 901), ["swap", "jump"]),
        ((100, 101, 50), []),
    ],
)
def test_what_a_register_did_is_told_by_its_neighbours(values: tuple[float, ...], kinds: list[str]) -> None:
    assert [b.kind for b in _breaks(*values)] == kinds


def test_a_break_holds_its_three_readings() -> None:
    (found,) = _breaks(100, 101, NAN, 50, 51)
    assert (found.before, found.after, found.confirmed) == pytest.approx((101, 50, 51))
    times = grid(BEGIN, 5 / 96)
    assert (found.begins, found.ends, found.confirmed_at) == (times[1], times[3], times[4])
    assert found.following == 1


def test_what_no_register_of_its_digits_can_show_is_left_out() -> None:
    assert _breaks(100, 101, 123456, 102, -5, 103) == []


def test_only_rows_that_fall_or_grow_too_fast_are_suspect() -> None:
    column = np.array([[1, NAN, 2, 3], [1, 2, NAN, 1], [1, 2, 60, 61], [NAN, NAN, NAN, NAN]])
    limit = np.full((4, 1), 20.0)
    assert suspects(column, limit, np.full((4, 1), 0.05)) == [1, 2]


def test_registers_of_one_meter_that_break_together_are_one_event() -> None:
    active, reactive = _breaks(100, 101, 0, 1, 2), _breaks(70, 71, 72, 0, 1, 2, quantity=REACTIVE)
    assert [[b.quantity for b in g] for g in together([*reactive, *active], 60.0)] == [[IMPORT, REACTIVE]]
    assert len(list(together([*reactive, *active], 10.0))) == 2
