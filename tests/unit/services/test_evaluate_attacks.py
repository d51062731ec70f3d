"""The attack run: its draws, its split, and that the ranking still finds what is injected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.evaluate_attacks import MIX, SEEDS, attack_run, number_attacked, parted, under_attack
from services.evaluate_curves import Homes, read_homes
from simulators.theft_attacks import ATTACKS, LESS_ENERGY

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


@pytest.fixture(scope="module")
def homes() -> Homes:
    return read_homes(SLICES)


@pytest.fixture(scope="module")
def figures(homes: Homes) -> dict[str, Any]:
    return dict(attack_run(homes, seeds=SEEDS[:2], threads=2))


def test_homes_for_tuning_are_never_homes_for_reporting(homes: Homes) -> None:
    tuning, reporting = parted(homes)
    assert set(tuning.names).isdisjoint(reporting.names)
    assert sorted([*tuning.names, *reporting.names]) == sorted(homes.names)
    # The side of a home follows from its own name, whichever others are there.
    fewer = homes.part(np.arange(len(homes.names)) % 3 > 0)
    assert set(parted(fewer)[0].names) <= set(tuning.names)


def test_every_home_is_attacked_once_and_a_twentieth_at_a_time(homes: Homes) -> None:
    under = under_attack(homes, seed=1)
    k = number_attacked(homes)
    assert k == 2
    draws = list(under.draws(k))
    assert {int(chosen.sum()) for chosen in draws} == {k}
    assert (np.sum(draws, axis=0) == 1).all()


def test_the_mix_takes_every_kind_that_takes_energy(homes: Homes) -> None:
    under = under_attack(homes, seed=1)
    taken = {
        kind
        for kind in ATTACKS
        for mixed, own in zip(under.kwh[MIX], under.kwh[kind], strict=True)
        if (mixed == own).all()
    }
    assert taken == set(LESS_ENERGY)


def test_a_seed_gives_the_same_attacks_again(homes: Homes) -> None:
    one, again, other = (under_attack(homes, seed) for seed in (1, 1, 2))
    assert (one.kwh["h5"] == again.kwh["h5"]).all()
    assert (one.order == again.order).all()
    assert (one.kwh["h5"] != other.kwh["h5"]).any()


def test_the_ranking_finds_injected_thefts_and_beats_one_line(figures: dict[str, Any]) -> None:
    assert figures["homes"] == 24
    assert figures["prevalence"] == pytest.approx(1 / 24, abs=1e-4)
    assert figures["pr_auc"] > 0.95
    assert figures["pr_auc"] > figures["one_line_pr_auc"]
    assert figures["precision_at_k"] > 0.9


def test_figures_are_told_by_type_with_the_blind_spots(figures: dict[str, Any]) -> None:
    assert list(figures["by_type"]) == list(ATTACKS)
    # One line sees no theft that only moves energy; nothing is said of those that nobody finds.
    assert figures["by_type"]["h7"]["one_line_pr_auc"] < 0.3 < figures["by_type"]["h7"]["pr_auc"]
    assert figures["by_type"]["h8"]["pr_auc"] < figures["by_type"]["h1"]["pr_auc"]


@pytest.mark.real_data
def test_homes_for_reporting_give_what_is_published(real_data: Path) -> None:
    found: dict[str, Any] = dict(attack_run(read_homes(real_data), threads=2))
    assert found["pr_auc"] > 0.97
    assert found["pr_auc"] > found["one_line_pr_auc"] + 0.05
    assert min(found["pr_auc_by_seed"]) > 0.95
