from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.contracts import Contract, Suspension
from pipeline.model import Episode
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.day_windows import by_slots
from tests.fix_planted import POINT, Planted
from tests.learnt_cases import LEARNT, learnt

NAME = "shape_shift"


def _found(case: Planted, registry: Registry | None = None) -> list[Episode]:
    return run(case.window, registry or case.registry, only=[NAME])


@pytest.mark.parametrize("deed", ["theft_h7", "theft_h8"])
def test_energy_moved_to_other_hours_is_found_from_its_first_day(deed: str) -> None:
    case = learnt(deed)
    (episode,) = _found(case)
    assert abs(episode.starts_at - LEARNT.starts_at) <= timedelta(days=1)
    # The week that ends with a day still has stolen days in it.
    assert episode.ends_at is not None
    assert LEARNT.ends_at - timedelta(days=2) <= episode.ends_at <= LEARNT.ends_at + timedelta(days=7)
    assert len(np.array(episode.evidence["profile_now_kwh"])) == 24


@pytest.mark.parametrize("shape", ["home", "flat", "office", "two_shift", "restaurant"])
def test_honest_customers_are_silent_the_flat_one_too(shape: str) -> None:
    assert _found(learnt(None, shape=shape)) == []


def test_the_same_shape_at_another_level_is_no_shift() -> None:
    assert _found(learnt("theft_h1")) == []


def test_it_ends_when_the_new_shape_has_become_usual() -> None:
    lasting = Window(starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at + timedelta(days=60))
    (episode,) = _found(learnt("theft_h8", window=lasting, days=84))
    assert episode.ends_at is not None
    assert timedelta(days=14) < episode.ends_at - episode.starts_at < timedelta(days=35)


def test_a_new_contract_and_a_suspension_explain_it() -> None:
    case = learnt("theft_h8")
    moved = [Contract(service_point=POINT), Contract(service_point=POINT, starts_at=LEARNT.starts_at)]
    assert _found(case, replace(case.registry, contracts=moved)) == []
    resting = Suspension(id="S1", service_point=POINT, starts_at=LEARNT.starts_at, ends_at=LEARNT.ends_at)
    assert _found(case, replace(case.registry, suspensions=[resting])) == []


def test_estimated_energy_and_five_weeks_too_few_say_nothing() -> None:
    case = learnt("theft_h8")
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert run(estimated, case.registry, only=[NAME]) == []
    assert run(by_slots(np.ones((1, 30 * 96))), Registry(), only=[NAME]) == []
