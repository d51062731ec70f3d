from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.planner import present_queries
from protocols.dlt645.version import VERSION_1997, VERSION_2007

Q = Quantity

PHASES = (Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C)
THREE_PHASE = Wiring.THREE_PHASE_FOUR_WIRE


def asked(*args: object) -> list[str]:
    return [query.what for query in present_queries(*args)]  # type: ignore[arg-type] # any arguments


def test_a_plan_does_not_hang_on_the_order_in_which_values_are_wanted() -> None:
    assert asked(PHASES, THREE_PHASE) == asked(PHASES[::-1], THREE_PHASE) == ["0201FF00"]


def test_a_plan_that_is_kept_is_not_that_of_another_edition_wiring_or_refusal() -> None:
    wanted = (Q.ACTIVE_ENERGY_IMPORT,)
    plans = [
        asked(wanted, THREE_PHASE, (), VERSION_2007),
        asked(wanted, THREE_PHASE, (), VERSION_1997),
        asked(PHASES, THREE_PHASE),
        asked(PHASES, THREE_PHASE, ("0201FF00",)),
        asked(PHASES, Wiring.ONE_PHASE),
    ]
    assert plans == [
        ["00010000"],
        ["9010"],
        ["0201FF00"],
        ["02010100", "02010200", "02010300"],
        ["02010100"],
    ]
