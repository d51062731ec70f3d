from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analysis.technical_loss import (
    NO_LOSS,
    TechnicalLoss,
    has_plate,
    learnt_loss,
    transformer_loss,
    transformer_table,
)
from pipeline.archive_records import Transformer


def units(*capacities_kva: float) -> list[Transformer]:
    """Return transformers of which nothing but the size is filed."""
    return [Transformer(id=f"T{n}", capacity_kva=kva) for n, kva in enumerate(capacities_kva)]


def test_a_curve_is_learnt_from_slots_and_unknown_ones_are_left_out() -> None:
    supplied = np.array([1.0, 2.0, 3.0, np.nan])
    learnt = learnt_loss(supplied, 0.5 + 0.1 * supplied**2)
    assert learnt.fixed_kwh == pytest.approx(0.5)
    assert learnt.per_square == pytest.approx(0.1)
    # 0.5 + 0.1 * 16
    assert learnt.at(np.array([4.0])) == pytest.approx([2.1])


def test_a_400_kva_unit_at_half_load_for_a_quarter_of_an_hour() -> None:
    found = transformer_loss(units(400.0), 15)
    assert found is not None
    # P0 h = 0.570 kW x 0.25 h; Pk (S/Sn)^2 h = 4.520 kW x (200/400)^2 x 0.25 h
    assert found.fixed_kwh == pytest.approx(0.1425)
    energy = 200 * transformer_table().power_factor * 0.25
    assert found.at(np.array([energy])) == pytest.approx([0.1425 + 4.520 * 0.25 * 0.25])


def test_two_equal_units_share_the_load() -> None:
    one, two = transformer_loss(units(200.0), 60), transformer_loss(units(200.0, 200.0), 60)
    assert one is not None
    assert two is not None
    # Twice the load on twice the units: twice the loss.
    assert two.at(np.array([300.0])) == pytest.approx(2 * one.at(np.array([150.0])))


def test_what_the_plate_says_goes_before_the_table() -> None:
    (unit,) = units(400.0)
    iron = transformer_loss([replace(unit, no_load_loss_kw=0.9)], 15)
    copper = transformer_loss([replace(unit, load_loss_kw=6.0)], 15)
    assert iron is not None
    assert copper is not None
    # 0.9 kW x 0.25 h in place of 0.570 kW x 0.25 h; the copper is the table's 4.520 kW.
    full = 400 * transformer_table().power_factor * 0.25
    assert iron.fixed_kwh == pytest.approx(0.225)
    assert iron.at(np.array([full])) == pytest.approx([0.225 + 4.520 * 0.25])
    assert copper.at(np.array([full])) == pytest.approx([0.1425 + 6.0 * 0.25])
    assert not has_plate(replace(unit, load_loss_kw=6.0))


def test_a_size_that_the_table_lacks_is_told_by_its_plate_alone() -> None:
    (unit,) = units(401.0)
    assert transformer_loss([replace(unit, no_load_loss_kw=0.9)], 60) is None
    found = transformer_loss([replace(unit, no_load_loss_kw=0.9, load_loss_kw=5.0)], 60)
    assert found is not None
    assert found.fixed_kwh == pytest.approx(0.9)
    assert found.at(np.array([401 * transformer_table().power_factor])) == pytest.approx([0.9 + 5.0])


@pytest.mark.parametrize("capacities", [[], [401.0], [400.0, 401.0]])
def test_a_size_that_the_table_lacks_gives_no_estimate(capacities: list[float]) -> None:
    assert transformer_loss(units(*capacities), 15) is None


def test_what_the_transformer_takes_is_never_learnt_away() -> None:
    known = TechnicalLoss(fixed_kwh=0.3, per_square=0.01)
    supplied = np.array([1.0, 5.0, 9.0])
    assert learnt_loss(supplied, np.zeros(3), known) == known
    lines = learnt_loss(supplied, known.at(supplied) + 0.02 * supplied**2, known)
    assert lines.per_square == pytest.approx(0.03)
    assert learnt_loss(np.array([]), np.array([])) == NO_LOSS


def test_larger_units_lose_more_and_say_where_the_figures_come_from() -> None:
    ratings = transformer_table().ratings
    for smaller, larger in pairwise(ratings):
        assert smaller.capacity_kva < larger.capacity_kva
        assert smaller.no_load_w < larger.no_load_w
        assert smaller.load_w < larger.load_w
    assert "to be confirmed" in transformer_table().source
