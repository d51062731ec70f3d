from datetime import date

import pytest

from analysis.limits import voltage_band, voltage_limit
from pipeline.model import MeterId
from pipeline.registry import Meter, Wiring


def _meter(wiring: Wiring, nominal_v: float, rated_v: float) -> Meter:
    return Meter(id=MeterId("m"), wiring=wiring, nominal_voltage_v=nominal_v, rated_voltage_v=rated_v)


@pytest.mark.parametrize(
    ("wiring", "nominal_v", "rated_v", "pt", "expected_v"),
    [
        # The numbers in volts are those that the field quotes for GB/T 12325-2008.
        (Wiring.ONE_PHASE, 220.0, 220.0, 1.0, (198.0, 235.4)),
        (Wiring.ONE_PHASE, 230.0, 230.0, 1.0, (207.0, 246.1)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 220.0, 220.0, 1.0, (204.6, 235.4)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 380.0, 220.0, 1.0, (204.0, 234.8)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 57.7, 100.0, (53.7, 61.7)),
        (Wiring.THREE_PHASE_THREE_WIRE, 100.0, 100.0, 100.0, (93.0, 107.0)),
        (Wiring.THREE_PHASE_THREE_WIRE, 10_000.0, 100.0, 100.0, (93.0, 107.0)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 10_000.0, 57.7, 100.0, (53.7, 61.8)),
        # From 35 kV on each deviation alone may be 10 %; their sum is the check's matter.
        (Wiring.THREE_PHASE_THREE_WIRE, 35_000.0, 100.0, 350.0, (90.0, 110.0)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 57.7, 1100.0, (51.9, 63.5)),
    ],
)
def test_the_band_fits_the_point(
    wiring: Wiring, nominal_v: float, rated_v: float, pt: float, expected_v: tuple[float, float]
) -> None:
    band = voltage_band(_meter(wiring, nominal_v, rated_v), pt)
    assert (band.low_v, band.high_v) == pytest.approx(expected_v, abs=0.06)


@pytest.mark.parametrize(
    ("wiring", "nominal_v", "rated_v", "pt", "expected_v"),
    [
        (Wiring.THREE_PHASE_THREE_WIRE, 100.0, 100.0, 100.0, (9_300.0, 10_700.0)),
        (Wiring.THREE_PHASE_THREE_WIRE, 10_000.0, 100.0, 100.0, (9_300.0, 10_700.0)),
        # 57.7 V behind 100:1 are 5 770 V to the neutral; behind 1100:1 it is 110 kV, where +-10 % hold.
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 57.7, 100.0, (5_366.1, 6_173.9)),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 57.7, 1100.0, (57_123.0, 69_817.0)),
        (Wiring.ONE_PHASE, 220.0, 220.0, 1.0, (198.0, 235.4)),
    ],
)
def test_in_front_of_a_transformer_the_band_is_that_of_the_line(
    wiring: Wiring, nominal_v: float, rated_v: float, pt: float, expected_v: tuple[float, float]
) -> None:
    band = voltage_band(_meter(wiring, nominal_v, rated_v), pt).in_front(pt)
    assert (band.low_v, band.high_v) == pytest.approx(expected_v, abs=0.06)
    assert band.nominal_v == pytest.approx(nominal_v * (1.0 if nominal_v > 2.5 * rated_v else pt))


@pytest.mark.parametrize("wiring", list(Wiring))
def test_every_limit_says_where_it_stands(wiring: Wiring) -> None:
    limit = voltage_limit(wiring)
    assert limit.reference.startswith("GB/T 12325-2008 4.")
    assert limit.source
    assert not limit.confirmed


@pytest.mark.parametrize(
    ("nominal_kv", "clause", "sum_percent"), [(0.0, "4.2", None), (20.0, "4.2", None), (35.0, "4.1", 10.0)]
)
def test_from_35_kv_on_the_sum_of_both_deviations_is_limited(
    nominal_kv: float, clause: str, sum_percent: float | None
) -> None:
    limit = voltage_limit(Wiring.THREE_PHASE_THREE_WIRE, nominal_kv)
    assert (limit.clause, limit.sum_percent) == (clause, sum_percent)
    assert limit.effective_from == date(2009, 5, 1)
