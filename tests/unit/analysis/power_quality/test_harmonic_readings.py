"""What of a month's harmonics may be judged, phase by phase."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.harmonic_readings import (
    current_orders,
    elements,
    sound_readings,
    voltage_distortion,
    voltage_orders,
)
from pipeline.quantities import Quantity
from tests.harmonic_months import HIGHEST, every_phase, voltage_month
from tests.quality_months import POINT, SINGLE_PHASE, THREE_WIRE, month, slots, wavering

Q = Quantity
QUIET = {5: 1.0, 7: 0.8}


@pytest.mark.parametrize(
    ("point", "voltages", "currents"),
    [(POINT, "A B C", "A B C"), (SINGLE_PHASE, "A", "A"), (THREE_WIRE, "AB BC", "A C")],
)
def test_elements_are_named_for_what_they_see(point: object, voltages: str, currents: str) -> None:
    found = elements(month(point=point))  # type: ignore[arg-type] # a point of parametrize
    assert " ".join(element.voltage for element in found) == voltages
    assert " ".join(element.current for element in found) == currents


def test_orders_begin_with_the_second_and_are_not_copied() -> None:
    judged = voltage_month(every_phase(QUIET))
    found = voltage_orders(sound_readings(judged))
    assert found is not None
    assert found.orders == tuple(range(2, HIGHEST + 1))
    assert found.subject(3) == "h5"
    for rows, phase in zip(found.values, "abc", strict=True):
        column = judged.spectra[Q(f"voltage_harmonic_{phase}")]
        assert np.shares_memory(rows, column)
        assert rows[3].tolist() == column[:, 5].tolist()


def test_phases_of_unlike_length_are_filled_up_with_what_is_missing() -> None:
    judged = voltage_month(every_phase(QUIET))
    short = {**judged.spectra, Q.VOLTAGE_HARMONIC_B: judged.spectra[Q.VOLTAGE_HARMONIC_B][:, :8]}
    found = voltage_orders(sound_readings(replace(judged, spectra=short, values={})))
    assert found is not None
    assert np.isnan(found.values[1][6:]).all()
    assert not np.isnan(found.values[1][:6]).any()


def test_a_phase_that_the_meter_does_not_give_has_no_readings_and_is_told() -> None:
    found = voltage_orders(sound_readings(voltage_month({"a": QUIET, "c": QUIET})))
    assert found is not None
    assert found.phases == ("A", "B", "C")
    assert np.isnan(found.values[1]).all()
    assert [r.parameters for r in found.reasons] == [{"quantity": "voltage_harmonic_b"}]


def test_a_spectrum_of_the_fundamental_alone_is_none() -> None:
    judged = voltage_month(every_phase(QUIET))
    bare = {q: column[:, :2] for q, column in judged.spectra.items()}
    assert voltage_orders(sound_readings(replace(judged, spectra=bare))) is None
    assert current_orders(sound_readings(judged)) is None


def test_the_total_is_the_register_where_there_is_one_and_else_the_sum_of_orders() -> None:
    judged = voltage_month(every_phase({5: 3.0, 7: 4.0}))
    register = voltage_distortion(sound_readings(judged))
    summed = voltage_distortion(sound_readings(replace(judged, values={})))
    assert register is not None
    assert summed is not None
    assert [r.key for r in register.reasons] == []
    assert [r.key for r in summed.reasons] == ["thd_of_orders"]
    for own, other in zip(register.values, summed.values, strict=True):
        np.testing.assert_allclose(own, other)


def test_a_reading_without_any_order_has_no_total() -> None:
    judged = replace(voltage_month(every_phase(QUIET)), values={})
    judged.spectra[Q.VOLTAGE_HARMONIC_A][7, 2:] = np.nan
    judged.spectra[Q.VOLTAGE_HARMONIC_A][8, 6] = np.nan
    found = voltage_distortion(sound_readings(judged))
    assert found is not None
    assert np.flatnonzero(np.isnan(found.values[0][0])).tolist() == [7]


def test_spectra_read_more_rarely_are_expected_more_rarely() -> None:
    judged = voltage_month(every_phase(QUIET))
    hourly = replace(
        judged,
        spectrum_at=judged.spectrum_at[::4],
        spectrum_period_s=3600.0,
        spectra={q: column[::4] for q, column in judged.spectra.items()},
    )
    orders, total = voltage_orders(sound_readings(hourly)), voltage_distortion(sound_readings(hourly))
    assert orders is not None
    assert total is not None
    assert (orders.expected, total.expected) == (slots() // 4, slots())


def test_readings_that_must_not_be_judged_are_missing() -> None:
    columns = {Q(f"voltage_thd_{p}"): wavering(2.0, 50, seed=ord(p)) for p in "abc"}
    columns[Q.VOLTAGE_THD_B][3] = 120.0
    found = voltage_distortion(sound_readings(month(columns)))
    assert found is not None
    assert np.flatnonzero(np.isnan(found.values[1][0])).tolist() == [3]
    assert [r.key for r in found.reasons] == ["out_of_range"]
