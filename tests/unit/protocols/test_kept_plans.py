from pipeline.quantities import Quantity
from protocols.kept_plans import PLANS_KEPT, KeptPlans
from protocols.session import Query

VOLTAGES = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B)


class Planner:
    """Plans one question for each quantity that is not refused, and counts how often it did."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, wanted: frozenset[Quantity], refused: frozenset[str]) -> list[Query]:
        self.made += 1
        return [Query(what=what, body=b"", answer_bytes=1) for what in sorted(wanted) if what not in refused]


def test_the_same_wish_is_planned_once_whatever_its_order() -> None:
    planner = Planner()
    plans = KeptPlans(planner)
    assert plans.plan(VOLTAGES, ()) == plans.plan([*VOLTAGES[::-1]], frozenset())
    assert planner.made == 1


def test_another_wish_and_another_refusal_are_planned_anew() -> None:
    plans = KeptPlans(Planner())
    assert [query.what for query in plans.plan(VOLTAGES, ())] == ["voltage_a", "voltage_b"]
    assert [query.what for query in plans.plan(VOLTAGES, {"voltage_a"})] == ["voltage_b"]
    assert [query.what for query in plans.plan(VOLTAGES[:1], ())] == ["voltage_a"]


def test_a_plan_without_questions_is_kept_as_well() -> None:
    planner = Planner()
    plans = KeptPlans(planner)
    assert plans.plan((), ()) == plans.plan((), ()) == []
    assert planner.made == 1


def test_only_so_many_plans_are_kept() -> None:
    planner = Planner()
    plans = KeptPlans(planner)
    for number in range(PLANS_KEPT + 1):
        plans.plan(VOLTAGES, {str(number)})
    plans.plan(VOLTAGES, {"0"})
    assert planner.made == PLANS_KEPT + 2
