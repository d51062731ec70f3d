"""Durations are counted by their upper bound, which belongs to its class."""

from __future__ import annotations

from services.durations import Durations


def test_a_bound_belongs_to_its_own_class() -> None:
    durations = Durations()
    durations.add(0.005)
    durations.add(0.0051)
    durations.add(31.0)
    assert durations.up_to["0.005"] == 1
    assert durations.up_to["0.01"] == 2
    assert durations.up_to["30"] == 2
    assert durations.up_to["+Inf"] == 3
    assert durations.sum_s == 0.005 + 0.0051 + 31.0
