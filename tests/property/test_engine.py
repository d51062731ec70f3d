"""The engine keeps its promises for every detector that there is, on windows that nobody thought of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from detectors.catalogue import about, detectors, parameters_of
from detectors.engine import reconcile, run
from detectors.wanted import wanted
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract, Suspension, SuspensionKind
from pipeline.model import Episode, MeterId, Verdict
from pipeline.registry import Installation, Meter, Registry, Wiring
from tests.fix_windows import grid

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
DAYS = 5
METERS = [MeterId(f"m{number}") for number in range(6)]
STARTS_AT = grid(BEGIN, DAYS)
REGISTRY = Registry(
    meters=[Meter(id=meter, wiring=list(Wiring)[number % 3]) for number, meter in enumerate(METERS)],
    installations=[Installation(meter=meter, service_point=f"P{meter}") for meter in METERS],
    contracts=[
        Contract(service_point=f"P{meter}", capacity_kva=100.0, ends_at=BEGIN + timedelta(days=number))
        for number, meter in enumerate(METERS)
    ],
    suspensions=[
        Suspension(
            id=f"S{meter}",
            service_point=f"P{meter}",
            kind=list(SuspensionKind)[number % 3],
            starts_at=BEGIN + timedelta(days=1),
            ends_at=BEGIN + timedelta(days=4),
        )
        for number, meter in enumerate(METERS)
    ],
)
each_detector = pytest.mark.parametrize("name", sorted(detectors.all()))
each_detector_of_data = pytest.mark.parametrize(
    "name", sorted(name for name in detectors.all() if not about(name).needs.is_archive_alone)
)
few = settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.generate))


windows = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.03, 0.5]))
"""The seed of a window and the share of gaps in it."""


@cache
def _window(seed: int, gaps: float) -> MeterMatrix:
    """Levels that jump between nothing, the usual and far too much, with gaps and every quality letter."""
    random = np.random.default_rng(seed)
    shape = len(METERS), len(STARTS_AT)

    def levels(usual: float) -> np.ndarray:
        runs = random.choice([0.0, 0.5, 0.9, 1.0, 1.0, 1.1, 3.0], size=(shape[0], shape[1] // 24))
        values = np.repeat(runs, 24, axis=1) * usual * random.normal(1.0, 0.01, shape)
        values[random.random(shape) < gaps] = np.nan
        return values

    kwh = np.abs(levels(1.0))
    letters = np.where(np.isnan(kwh), "N", random.choice(list("AAAAEFSV"), size=shape))
    needs = wanted()
    usual = {q: 220.0 if q.value.startswith("voltage") else 5.0 for q in needs.quantities}
    return MeterMatrix(
        meters=METERS,
        starts_at=STARTS_AT,
        minutes=15,
        values={q: levels(level).astype(np.float32) for q, level in usual.items()},
        import_kwh=kwh,
        quality=letters,
        step_kwh=np.full(len(METERS), 0.01),
        power_kw=levels(4.0),
        energies={name: np.abs(levels(0.2)) for name in needs.energies},
        registers={
            q: np.cumsum(np.abs(np.nan_to_num(levels(1.0))), axis=1)
            for q in (*needs.registers, *needs.day_registers)
        },
    )


def _found(window: MeterMatrix, name: str, registry: Registry = REGISTRY, threads: int = 1) -> list[Episode]:
    return run(window, registry, only=[name], threads=threads)


def _mixed(window: MeterMatrix, order: list[int]) -> MeterMatrix:
    return replace(
        window,
        meters=[METERS[row] for row in order],
        values={q: column[order] for q, column in window.values.items()},
        import_kwh=window.import_kwh[order],
        quality=window.quality[order],
        step_kwh=window.step_kwh[order],
        power_kw=window.power_kw[order],
        energies={name: column[order] for name, column in window.energies.items()},
        registers={q: column[order] for q, column in window.registers.items()},
    )


@each_detector
@few
@given(seed=windows, order=st.permutations(range(len(METERS))))
def test_shuffled_meters_blocks_and_threads_change_nothing(
    name: str, seed: tuple[int, float], order: list[int]
) -> None:
    window = _window(*seed)
    usual = _found(window, name)
    assert _found(_mixed(window, list(order)), name) == usual
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detectors.engine.BLOCK_METERS", 2)
        assert _found(window, name, threads=2) == usual


@each_detector
@few
@given(seed=windows)
def test_running_again_amends_nothing(name: str, seed: tuple[int, float]) -> None:
    window = _window(*seed)
    found = _found(window, name)
    assert len({episode.id for episode in found}) == len(found)
    span = BEGIN, BEGIN + timedelta(days=DAYS)
    assert reconcile(_found(window, name), found, examined=span) == found


@each_detector
@few
@given(seed=windows, cut=st.integers(1, DAYS - 1))
def test_late_data_leaves_no_episode_behind(name: str, seed: tuple[int, float], cut: int) -> None:
    window = _window(*seed)
    span = BEGIN, BEGIN + timedelta(days=DAYS)
    known = _found(window_up_to(window, cut * 96), name)
    found = _found(window, name)
    stored = {episode.id: episode for episode in known}
    stored |= {episode.id: episode for episode in reconcile(found, known, examined=span)}
    open_now = [e for e in stored.values() if e.verdict is not Verdict.NORMAL]
    assert len(open_now) == len(found)


@each_detector
@few
@given(seed=windows)
def test_its_defaults_by_hand_change_nothing(name: str, seed: tuple[int, float]) -> None:
    window = _window(*seed)
    by_hand = {name: {p.name: p.default for p in parameters_of(detectors.get(name))}}
    assert run(window, REGISTRY, only=[name], settings=by_hand) == _found(window, name)


@each_detector_of_data
@few
@given(seed=windows)
def test_without_an_actual_value_nothing_is_abnormal(name: str, seed: tuple[int, float]) -> None:
    window = _window(*seed)
    estimated = replace(
        window,
        quality=np.where(np.isnan(window.import_kwh), "N", "E"),
        values={},
        registers={},
        power_kw=np.full_like(window.power_kw, np.nan),
    )
    assert [e for e in _found(estimated, name) if e.verdict is Verdict.ABNORMAL] == []


@each_detector
@few
@given(seed=windows)
def test_infinities_and_half_an_archive_are_no_error(name: str, seed: tuple[int, float]) -> None:
    window = _window(*seed)
    broken = replace(
        window,
        values={q: np.where(column > column.mean(), np.inf, column) for q, column in window.values.items()},
    )
    half = replace(REGISTRY, meters=REGISTRY.meters[:3], contracts=(), installations=())
    for episode in (*_found(broken, name), *_found(window, name, half)):
        assert episode.starts_at <= episode.detected_at


def window_up_to(window: MeterMatrix, slots: int) -> MeterMatrix:
    """Return what of a window was known earlier: the rest is still on its way."""
    later = slice(slots, None)

    def known(column: np.ndarray) -> np.ndarray:
        column = column.copy()
        column[:, later] = np.nan
        return column

    quality = window.quality.copy()
    quality[:, later] = "N"
    return replace(
        window,
        values={q: known(column) for q, column in window.values.items()},
        import_kwh=known(window.import_kwh),
        quality=quality,
        power_kw=known(window.power_kw),
        energies={name: known(column) for name, column in window.energies.items()},
        registers={q: known(column) for q, column in window.registers.items()},
    )
