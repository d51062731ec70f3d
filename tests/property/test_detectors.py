"""Detectors keep their promises for any load curve."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.engine import reconcile
from detectors.usage.suspended_load import SuspendedLoad
from pipeline.contracts import Suspension
from pipeline.model import Episode, MeterId, Verdict
from pipeline.registry import Installation, Registry
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REGISTRY = Registry(
    installations=(Installation(meter=MeterId("m"), service_point="P"),),
    suspensions=(Suspension(id="S", service_point="P", starts_at=BEGIN, ends_at=BEGIN + timedelta(days=1)),),
)
STARTS_AT = grid(BEGIN - timedelta(days=1), 3)

curves = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.05, 0.1, 5.0, float("nan")]), st.integers(1, 60), st.sampled_from("AAAE")
    ),
    min_size=1,
    max_size=30,
)


def _found(curve: list[tuple[float, int, str]]) -> tuple[list[Episode], np.ndarray, np.ndarray]:
    kwh = np.concatenate([np.full(n, value) for value, n, _ in curve])
    letters = np.concatenate([np.full(n, letter) for _, n, letter in curve])
    kwh = np.resize(kwh, len(STARTS_AT))
    letters = np.where(np.isnan(kwh), "N", np.resize(letters, len(STARTS_AT)))
    matrix = window(STARTS_AT, {"m": kwh}, quality={"m": letters})
    return list(SuspendedLoad().detect(matrix, REGISTRY)), kwh, letters


@given(curves)
@settings(max_examples=200, deadline=None)
def test_a_suspension_has_at_most_one_episode_and_it_says_what_the_slots_say(
    curve: list[tuple[float, int, str]],
) -> None:
    found, kwh, letters = _found(curve)
    inside = slice(97, 191)  # the suspension's day without its first and last slot
    surely = (kwh[inside] == 5.0) & (letters[inside] == "A")
    pairs = surely[1:] & surely[:-1]
    assert len(found) <= 1
    if pairs.any():
        assert found[0].verdict is Verdict.ABNORMAL
        counted = surely & (np.append(pairs, values=False) | np.insert(pairs, 0, values=False))
        assert found[0].energy_kwh == counted.sum() * 5.0
    elif (letters[inside] != "A").any():
        assert found[0].verdict is Verdict.UNKNOWN
    else:
        assert found == []


@given(st.lists(curves, min_size=2, max_size=4))
@settings(max_examples=50, deadline=None)
def test_running_again_over_other_data_never_doubles_an_episode(
    runs: list[list[tuple[float, int, str]]],
) -> None:
    known: dict[str, Episode] = {}
    for curve in runs:
        found, _, _ = _found(curve)
        stored = reconcile(
            found, known.values(), examined=(BEGIN - timedelta(days=1), BEGIN + timedelta(days=2))
        )
        known |= {episode.id: episode for episode in stored}
        open_cases = [e for e in known.values() if e.verdict is not Verdict.NORMAL]
        assert [e.id for e in open_cases] == [e.id for e in found]
        assert reconcile(found, known.values()) == [known[e.id] for e in found]
