from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.contracts import Suspension, SuspensionKind
from pipeline.model import Episode
from pipeline.registry import Installation, Registry
from pipeline.timegrid import from_numpy
from tests.day_windows import by_slots
from tests.fix_planted import FAULT, planted
from tests.learnt_cases import LEARNT, learnt

NAME = "repeated_curve"
STOP = SuspensionKind.STOP


def _noise(days: int = 10) -> np.ndarray:
    """Slots of 0.3 to 0.7 kWh in whole steps of 0.01, seldom the same twice running."""
    return np.random.default_rng(5).integers(30, 70, (1, days * 96)) * 0.01


def _found(kwh: np.ndarray, step_kwh: float = 0.01) -> list[Episode]:
    return run(by_slots(kwh, step_kwh), Registry(), only=[NAME])


@pytest.mark.parametrize(("slots", "count"), [(23, 0), (24, 1)])
def test_six_hours_at_one_value_are_frozen(slots: int, count: int) -> None:
    kwh = _noise()
    kwh[0, 300 : 300 + slots] = 0.80
    found = _found(kwh)
    assert len(found) == count
    for episode in found:
        assert episode.message == "episode.frozen_curve"
        assert episode.starts_at == from_numpy(by_slots(kwh).starts_at[300])
        assert episode.parameters == {"hours": 6.0, "kw": pytest.approx(3.2)}


def test_what_is_left_on_while_service_is_suspended_may_be_constant() -> None:
    kwh = _noise()
    kwh[0, 300:400] = 0.80
    window = by_slots(kwh)
    begins = from_numpy(window.starts_at[200])
    suspension = Suspension(id="S", service_point="P", starts_at=begins, ends_at=begins + timedelta(days=1))
    archive = Registry(
        installations=[Installation(meter=window.meters[0], service_point="P")], suspensions=[suspension]
    )
    assert len(run(window, archive, only=[NAME])) == 1  # it ended before
    lasting = replace(archive, suspensions=[replace(suspension, ends_at=None)])
    assert run(window, lasting, only=[NAME]) == []


def _said_under(begins: int, ends: int | None, kind: SuspensionKind = STOP, kva: float = 0.0) -> int:
    """How many episodes a curve frozen from slot 300 to 400 makes under a suspension between two slots."""
    kwh = _noise()
    kwh[0, 300:400] = 0.80
    window = by_slots(kwh)
    times = [None if slot is None else from_numpy(window.starts_at[slot]) for slot in (begins, ends)]
    assert times[0] is not None
    suspension = Suspension(
        id="S", service_point="P", kind=kind, starts_at=times[0], ends_at=times[1], remaining_kva=kva
    )
    placed = [Installation(meter=window.meters[0], service_point="P")]
    return len(run(window, Registry(installations=placed, suspensions=[suspension]), only=[NAME]))


def test_only_a_full_stop_of_the_whole_stretch_explains_a_frozen_curve() -> None:
    assert _said_under(300, 400) == 0
    assert _said_under(300, 399) == 1
    assert _said_under(301, None) == 1
    assert _said_under(390, None) == 1
    # Who may go on drawing has a load that moves.
    assert _said_under(200, None, SuspensionKind.REDUCTION, 100.0) == 1
    assert _said_under(200, None, STOP, 100.0) == 1
    assert _said_under(200, None, SuspensionKind.CLOSED) == 1


def test_a_stop_at_the_point_where_the_meter_hung_before_explains_nothing() -> None:
    kwh = _noise()
    kwh[0, 300:400] = 0.80
    window = by_slots(kwh)
    begins, moved = (from_numpy(window.starts_at[slot]) for slot in (100, 200))
    archive = Registry(
        installations=[
            Installation(meter=window.meters[0], service_point="OLD", ends_at=moved),
            Installation(meter=window.meters[0], service_point="P", starts_at=moved),
        ],
        suspensions=[Suspension(id="S", service_point="OLD", starts_at=begins, ends_at=None)],
    )
    assert len(run(window, archive, only=[NAME])) == 1
    here = [Suspension(id="S", service_point="P", starts_at=begins, ends_at=None)]
    assert run(window, replace(archive, suspensions=here), only=[NAME]) == []


def test_what_register_differences_leave_of_rounding_is_still_equal() -> None:
    registers = np.cumsum(np.append(123.45, np.full(10 * 96, 0.37)))
    kwh = np.diff(np.round(registers, 2))[None, :]
    assert len(set(kwh[0].tolist())) > 1
    (episode,) = _found(kwh)
    assert episode.ends_at is None


def test_small_values_are_equal_by_chance() -> None:
    assert _found(np.full((1, 960), 0.19)) == []
    assert len(_found(np.full((1, 960), 0.20))) == 1


def test_nothing_and_gaps_are_not_frozen() -> None:
    kwh = _noise()
    kwh[0, 100:200] = 0.0
    kwh[0, 300:330] = 0.8
    kwh[0, [310, 320]] = np.nan
    assert _found(kwh) == []


def test_a_replayed_curve_is_found_from_its_first_slot_to_its_last() -> None:
    case = planted("replayed_curve")
    (episode,) = run(case.window, case.registry, only=[NAME])
    assert episode.message == "episode.copied_curve"
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=30)
    assert episode.ends_at is not None
    assert abs(episode.ends_at - FAULT.ends_at) <= timedelta(minutes=30)
    assert episode.evidence["days_back"] == 7.0
    assert episode.parameters["days"] == 2


def test_a_home_that_repeats_ten_days() -> None:
    case = learnt("replayed_curve", {"days_back": 14.0})
    (episode,) = run(case.window, case.registry, only=[NAME])
    assert episode.parameters["days"] == 10
    assert abs(episode.starts_at - LEARNT.starts_at) <= timedelta(minutes=30)


def test_a_constant_load_and_honest_customers_are_silent() -> None:
    for shape in ("flat", "home", "two_shift", "office"):
        case = planted(None, shape=shape)
        assert run(case.window, case.registry, only=[NAME]) == []


def test_estimating_copies_days_itself() -> None:
    kwh = _noise()
    kwh[0, 5 * 96 : 6 * 96] = kwh[0, :96]
    assert len(_found(kwh)) == 1
    window = by_slots(kwh)
    quality = window.quality.copy()
    quality[0, 5 * 96 + 40] = "E"
    assert run(replace(window, quality=quality, daily=None), Registry(), only=[NAME]) == []


def test_two_runs_of_different_days_are_two_episodes() -> None:
    kwh = _noise(12)
    kwh[0, 5 * 96 : 7 * 96] = kwh[0, : 2 * 96]
    kwh[0, 7 * 96 : 8 * 96] = kwh[0, 4 * 96 : 5 * 96]
    first, second = _found(kwh)
    assert (first.evidence["days_back"], second.evidence["days_back"]) == (5.0, 3.0)
    assert first.ends_at is not None
    assert first.ends_at <= second.starts_at
