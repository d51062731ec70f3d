"""Levels of bills as data."""

from __future__ import annotations

from decimal import Decimal

from analysis.settlement.bill_levels import tie_out_levels


def test_the_levels_are_exact_and_say_where_they_are_from() -> None:
    levels = tie_out_levels()
    assert (levels.register_steps, levels.told_share, levels.refused_share) == (
        2,
        Decimal("0.001"),
        Decimal("0.10"),
    )
    assert levels.source
    assert not levels.confirmed
