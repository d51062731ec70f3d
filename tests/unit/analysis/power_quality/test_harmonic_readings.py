"""What of a month's harmonics may be judged, phase by phase."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.harmonic_readings import (
    current_orders,
    elements,
    nearest,
    sound_readings,
    voltage_distortion,
    voltage_orders,
)
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity
from tests.harmonic_months import HIGHEST, every_phase, load_month, voltage_month
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


def with_volts(judged: PointMonth, **volts: Columns) -> PointMonth:
    """Return a month with voltages by phase beside what it has."""
    return replace(judged, values={**judged.values, **{Q(f"voltage_{p}"): c for p, c in volts.items()}})


def test_harmonics_of_a_voltage_that_is_lost_are_missing_and_its_reasons_told() -> None:
    """A fuse blown from reading 100 to 139: what C still shows says nothing of the supply."""
    supplied = wavering(220.0, slots())
    lost = supplied.copy()
    lost[100:140] = 9.0
    judged = with_volts(voltage_month(every_phase(QUIET)), a=supplied, b=supplied + 1.0, c=lost)
    judged = replace(judged, values={**judged.values, Q.CURRENT_C: wavering(20.0, slots())})
    for columns in (voltage_distortion(sound_readings(judged)), voltage_orders(sound_readings(judged))):
        assert columns is not None
        a, _, c = columns.values
        assert np.flatnonzero(np.isnan(c[0])).tolist() == list(range(100, 140))
        assert not np.isnan(a).any()
        assert columns.expected == slots()
        (told,) = columns.reasons
        assert (told.key, told.parameters["phase"], told.parameters["minutes"]) == ("blown_fuse", "C", 600)


def test_a_voltage_that_is_lost_all_month_is_not_absent() -> None:
    supplied = wavering(220.0, slots())
    judged = with_volts(voltage_month(every_phase(QUIET)), a=supplied, b=supplied, c=supplied / 100.0)
    found = voltage_distortion(sound_readings(judged))
    assert found is not None
    assert np.isnan(found.values[2]).all()
    assert [r.key for r in found.reasons if r.parameters.get("quantity") == "voltage_thd_c"] == ["lost_phase"]


def test_without_supply_no_harmonics_are_expected() -> None:
    """30 readings of hourly spectra lie among 120 of 15 minutes that show no voltage at all."""
    volts = wavering(220.0, slots())
    volts[400:520] = 0.0
    judged = with_volts(voltage_month(every_phase(QUIET)), a=volts, b=volts, c=volts)
    hourly = replace(
        judged,
        spectrum_at=judged.spectrum_at[::4] + np.timedelta64(20, "s"),
        spectrum_period_s=3600.0,
        spectra={q: column[::4] for q, column in judged.spectra.items()},
    )
    total, orders = voltage_distortion(sound_readings(hourly)), voltage_orders(sound_readings(hourly))
    assert total is not None
    assert orders is not None
    assert (total.expected, orders.expected) == (2880 - 120, 720 - 30)
    assert np.flatnonzero(total.dark).tolist() == list(range(400, 520))
    assert np.flatnonzero(orders.dark).tolist() == list(range(100, 130))
    assert np.isnan(total.values[0][0, 400:520]).all()
    assert np.isnan(orders.values[0][3, 100:130]).all()
    assert [r.key for r in total.reasons] == [r.key for r in orders.reasons] == ["no_supply"]


def test_a_lost_voltage_leaves_the_current_and_a_dark_month_leaves_nothing() -> None:
    load = load_month(dict.fromkeys("abc", 60.0), every_phase({5: 5.0}), point=POINT)
    supplied = wavering(220.0, slots())
    judged = with_volts(load, a=supplied, b=supplied, c=supplied / 100.0)
    lost, dark = current_orders(sound_readings(judged)), np.zeros(slots())
    assert lost is not None
    assert not any(np.isnan(rows).any() for rows in lost.values)
    assert lost.reasons == ()
    found = current_orders(sound_readings(with_volts(load, a=dark, b=dark, c=dark)))
    assert found is not None
    assert found.expected == 0
    assert all(np.isnan(rows).all() for rows in found.values)


def test_a_spectrum_belongs_to_the_reading_nearest_to_it() -> None:
    times = np.array([0, 10, 20], dtype="datetime64[us]")
    place, near = nearest(times, np.array([4, 6, 15, 16, 40], dtype="datetime64[us]"), 10e-6)
    assert place.tolist() == [0, 1, 1, 2, 2]
    assert near.tolist() == [True, True, True, True, False]
    assert nearest(times[:0], times, 1.0)[1].tolist() == [False] * 3
