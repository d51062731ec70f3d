"""The area run: the thief is among the first three, and areas without one raise nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.evaluate_area_draws import draw_area
from services.evaluate_areas import areas_run, loss_of
from services.evaluate_curves import Homes, read_homes
from simulators.theft_attacks import LESS_ENERGY

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return areas_run(read_homes(SLICES), draws=4, honest_areas=8, threads=2)


def test_on_the_slice_most_thieves_are_among_the_first_three(figures: dict[str, Any]) -> None:
    assert figures["members"] == figures["homes"] == 24
    assert figures["draws"] == 24
    assert list(figures["by_type"]) == list(LESS_ENERGY)
    assert figures["top3"] >= 0.9
    assert figures["beside_an_empty_home"]["top3"] >= 0.85
    assert figures["risen_of_half_a_percent"] >= 0.9


def test_on_the_slice_areas_without_a_thief_raise_no_case(figures: dict[str, Any]) -> None:
    assert figures["without_thief"] == {
        "areas": 8,
        "with_an_empty_home": 4,
        "cases": 0,
        "rises": 0,
        "area_balance": 0,
        "loss_rise": 0,
        "ntl_attribution": 0,
    }


def test_every_member_of_a_drawn_area_is_ranked_once() -> None:
    homes = read_homes(SLICES)
    drawn = draw_area(homes, np.random.default_rng(2), "h4", look_alike=True)
    found = loss_of(drawn)
    assert [s.rank for s in found.suspects] == list(range(1, 31))
    assert {s.service_point for s in found.suspects} == {
        m.service_point for m in drawn.registry.area_members if m.service_point != "P-SUPPLY"
    }


@pytest.mark.real_data
def test_homes_for_reporting_give_what_is_published(real_data: Path) -> None:
    homes: Homes = read_homes(real_data)
    found: dict[str, Any] = areas_run(homes, draws=5, honest_areas=20, threads=2)
    assert found["members"] == 30
    assert found["draws"] == 30
    assert found["top3"] >= 0.9
    assert found["risen_and_top3"] >= 0.9
    assert found["beside_an_empty_home"]["top3"] >= 0.9
    assert found["without_thief"]["cases"] == 0
