"""A row says how a figure stands to its limit and whether its goal is met."""

from __future__ import annotations

import pytest

from services.benchmarks.rows import BenchRow, benchmarks


@pytest.mark.parametrize(("value", "holds"), [(2.0, True), (2.5, True), (2.6, False)])
def test_a_goal_is_the_least_ratio(value: float, *, holds: bool) -> None:
    row = BenchRow(what="decode", value=value, limit=10.0, goal=4.0)
    assert row.ratio == pytest.approx(10.0 / value)
    assert row.holds is holds


def test_a_figure_without_limit_or_goal_holds_nothing() -> None:
    assert BenchRow(what="decode", value=2.0).as_json() == {
        "what": "decode",
        "value": 2.0,
        "limit": None,
        "ratio": None,
        "goal": None,
        "holds": None,
    }


def test_benchmarks_are_found_by_name() -> None:
    assert "decode" in benchmarks.all()
