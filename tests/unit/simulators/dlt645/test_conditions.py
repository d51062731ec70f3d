import pytest

from pipeline.events import EventKind
from pipeline.registry import Wiring
from simulators.dlt645.conditions import STANDARD_THRESHOLDS, Condition, Ratings, conditions, unbalance
from tests.unit.simulators.dlt645.bench import NOW, Load, Q

FOUR_WIRE = Wiring.THREE_PHASE_FOUR_WIRE


def found(wiring: Wiring = FOUR_WIRE, *, kw: float = 3.0, **shown: float) -> frozenset[Condition]:
    ratings = Ratings(voltage_v=100.0 if wiring is Wiring.THREE_PHASE_THREE_WIRE else 220.0)
    return conditions(Load(kw, **shown).read(NOW), wiring, ratings, STANDARD_THRESHOLDS)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({}, set()),
        ({"voltage_b": 160.0}, {(EventKind.VOLTAGE_LOSS, "b"), (EventKind.UNDERVOLTAGE, "b")}),
        ({"voltage_b": 172.0}, set()),
        ({"voltage_c": 265.0}, {(EventKind.OVERVOLTAGE, "c")}),
        (
            {"voltage_a": 20.0, "current_a": 0.0},
            {
                (EventKind.PHASE_BREAK, "a"),
                (EventKind.VOLTAGE_UNBALANCE, ""),
                (EventKind.CURRENT_UNBALANCE, ""),
            },
        ),
        (
            {"current_c": 0.0},
            {
                (EventKind.CURRENT_LOSS, "c"),
                (EventKind.CURRENT_BREAK, "c"),
                (EventKind.CURRENT_UNBALANCE, ""),
            },
        ),
        ({f"voltage_{phase}": 0.0 for phase in "abc"}, {(EventKind.ALL_VOLTAGE_LOSS, "")}),
        ({"active_power_a": -0.5}, {(EventKind.REVERSE_FLOW, "a")}),
        ({"active_power_a": 16.0}, {(EventKind.OVERLOAD, "a")}),
    ],
)
def test_each_thing_wrong_is_named_with_its_phase(shown: dict[str, float], expected: set[Condition]) -> None:
    assert found(FOUR_WIRE, **shown) == expected


def test_over_current_and_its_neighbours_unbalance() -> None:
    assert (EventKind.OVERCURRENT, "a") in found(current_a=73.0)
    assert (EventKind.OVERCURRENT, "a") not in found(current_a=71.0)


def test_a_three_wire_meter_has_no_phase_b_to_lose() -> None:
    healthy = {"voltage_ab": 100.0, "voltage_bc": 100.0}
    wiring = Wiring.THREE_PHASE_THREE_WIRE
    assert found(wiring, kw=0.3, **healthy) == frozenset()
    assert {phase for _, phase in found(wiring, kw=0.3, **{**healthy, "voltage_bc": 40.0})} == {"c"}


def test_a_single_phase_meter_looks_at_one_phase() -> None:
    assert found(Wiring.ONE_PHASE, voltage_b=0.0, current_c=0.0) == frozenset()


def test_without_power_there_is_nothing_else_to_see() -> None:
    nothing = conditions({}, FOUR_WIRE, Ratings(), STANDARD_THRESHOLDS)
    assert nothing == {(EventKind.POWER_DOWN, "")}


def test_a_single_phase_without_load_has_no_broken_current() -> None:
    assert found(Wiring.ONE_PHASE, kw=0.0) == frozenset()


def test_unbalance_is_what_the_smallest_lacks_of_the_greatest() -> None:
    assert unbalance([80.0, 90.0, 100.0]) == pytest.approx(0.2)
    assert unbalance([0.0, 0.0, 0.0]) == 0
    assert Q.VOLTAGE_A in Load().read(NOW)
