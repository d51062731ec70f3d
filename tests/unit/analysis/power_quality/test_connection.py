"""Faults of the connection that look like bad supply."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.connection import connection, phase_of
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.events import EventKind, MeterEvent
from pipeline.quality_texts import reason_text
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, POINT, THREE_WIRE, month

Q = Quantity
PHASES = (Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C)


def at(*volts: float, current_c: float | None = None) -> PointMonth:
    """One reading of three phases."""
    values: dict[Quantity, Columns] = {q: np.array([v]) for q, v in zip(PHASES, volts, strict=True)}
    if current_c is not None:
        values[Q.CURRENT_C] = np.array([current_c])
    return month(values)


def told(given: PointMonth) -> list[tuple[str, object]]:
    return [(r.key, r.parameters.get("phase")) for r in connection(given).reasons]


def test_a_supply_is_connected() -> None:
    found = connection(at(220.0, 221.0, 205.0))
    assert (found.lost, found.reasons) == ({}, ())
    assert not found.dark.any()
    assert not found.any_lost.any()


@pytest.mark.parametrize(
    ("current", "expected"),
    [(None, "lost_phase"), (0.0, "lost_phase"), (0.5, "lost_phase"), (0.51, "blown_fuse")],
)
def test_current_without_voltage_tells_a_blown_fuse(current: float | None, expected: str) -> None:
    given = at(220.0, 221.0, 3.0, current_c=current)
    assert told(given) == [(expected, "C")]
    assert connection(given).any_lost.tolist() == [True]


def test_a_current_of_unknown_rating_tells_nothing() -> None:
    given = replace(at(220.0, 221.0, 3.0, current_c=20.0), point=replace(POINT, rated_current_a=None))
    assert told(given) == [("lost_phase", "C")]


def test_a_supply_that_is_low_or_gone_on_all_phases_loses_none() -> None:
    assert told(at(120.0, 125.0, 122.0)) == []
    found = connection(at(0.0, 3.0, 0.0))
    assert (found.dark.tolist(), found.reasons) == ([True], ())


def test_a_phase_on_earth_leaves_all_phases_of_an_unearthed_network_out() -> None:
    """Full earth fault of a 10 kV network: 0 and twice the root of three times 5774 V."""
    earthed = dict(zip(PHASES, map(np.array, ([0.0], [10_000.0], [10_000.0])), strict=True))
    point = replace(POINT, nominal_v=5_774.0, nominal_kv=10.0)
    given = month(earthed, point=point)
    assert told(given) == [("earth_fault", None)]
    assert [mask.tolist() for mask in connection(given).lost.values()] == [[True]] * 3
    # In a network of 0.38 kV the neutral is earthed: that is an overvoltage, and one phase lost.
    low = month(earthed, point=replace(point, nominal_kv=0.38))
    assert told(low) == [("lost_phase", "A")]
    assert list(connection(low).lost) == [Q.VOLTAGE_A]


def test_a_three_wire_meter_is_judged_by_its_lines() -> None:
    given = month({Q.VOLTAGE_AB: np.array([10_000.0]), Q.VOLTAGE_BC: np.array([100.0])}, point=THREE_WIRE)
    assert told(given) == [("lost_phase", "BC")]


def lines(ab: float, bc: float, **more: float) -> PointMonth:
    """One reading of a three-wire meter of 10 kV."""
    values = {Q.VOLTAGE_AB: ab, Q.VOLTAGE_BC: bc, **{Q(name): value for name, value in more.items()}}
    return month({q: np.array([value]) for q, value in values.items()}, point=THREE_WIRE)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lines(5_000.0, 5_010.0), "lost_phase_b"),
        (lines(4_500.0, 5_500.0), "lost_phase_b"),
        (lines(5_000.0, 5_000.0, current_a=0.5, current_c=0.5), "lost_phase_b"),
        (lines(5_000.0, 5_000.0, current_a=20.0, current_c=0.0), "blown_fuse_b"),
        (lines(5_000.0, 5_000.0, current_c=20.0), "blown_fuse_b"),
        (lines(5_000.0, 5_000.0, voltage_ca=0.0), "lost_phase_b"),
    ],
)
def test_two_lines_that_share_the_third_have_lost_their_common_phase(
    given: PointMonth, expected: str
) -> None:
    found = connection(given)
    assert told(given) == [(expected, None)]
    assert reason_text(expected, found.reasons[0].parameters, "zh").startswith("三相三线")
    assert found.reasons[0].parameters["minutes"] == 15
    assert all(found.lost[q].tolist() == [True] for q in (Q.VOLTAGE_AB, Q.VOLTAGE_BC))


@pytest.mark.parametrize(
    "given",
    [
        lines(3_900.0, 4_500.0),
        lines(6_100.0, 5_500.0),
        lines(4_400.0, 5_500.0),
        lines(np.nan, 5_000.0),
        lines(8_000.0, 8_000.0),
        lines(5_000.0, 5_000.0, voltage_ca=5_000.0),
        at(110.0, 110.0, 110.0),
    ],
)
def test_lines_that_are_otherwise_low_are_low(given: PointMonth) -> None:
    assert connection(given).lost == {}
    assert connection(given).reasons == ()


def test_with_the_third_line_there_each_half_is_lost_by_itself() -> None:
    given = lines(5_000.0, 5_000.0, voltage_ca=10_000.0)
    assert told(given) == [("lost_phase", "AB"), ("lost_phase", "BC")]


@pytest.mark.parametrize("key", ["blown_fuse", "lost_phase"])
def test_a_lost_line_is_not_called_a_phase(key: str) -> None:
    assert reason_text(key, {"phase": "AB", "minutes": 15}, "zh").startswith("AB 电压缺失 15 分钟")


def test_a_reversed_order_is_the_meters_own_record() -> None:
    event = MeterEvent(
        kind=EventKind.VOLTAGE_REVERSE_SEQUENCE, number=1, starts_at=BEGIN + timedelta(hours=3)
    )
    assert told(month(events=[event])) == [("voltage_reverse_sequence", None)]


def test_a_month_without_voltages_has_no_faults() -> None:
    found = connection(month())
    assert found.any_lost.tolist() == found.dark.tolist() == []


def test_a_quantity_names_its_phase() -> None:
    assert (phase_of(Q.VOLTAGE_A), phase_of(Q.VOLTAGE_AB)) == ("A", "AB")


@pytest.mark.parametrize(("volts", "lost"), [(0.0, []), (np.nan, []), (2_000.0, [("lost_phase", "CA")])])
def test_a_third_line_that_a_meter_answers_0_for_is_not_lost(
    volts: float, lost: list[tuple[str, object]]
) -> None:
    values = {
        Q.VOLTAGE_AB: np.array([10_000.0]),
        Q.VOLTAGE_BC: np.array([9_990.0]),
        Q.VOLTAGE_CA: np.array([volts]),
    }
    assert told(month(values, point=THREE_WIRE)) == lost


def test_a_line_of_an_element_that_is_0_is_lost() -> None:
    values = {Q.VOLTAGE_AB: np.array([10_000.0]), Q.VOLTAGE_BC: np.array([0.0])}
    assert told(month(values, point=THREE_WIRE)) == [("lost_phase", "BC")]
