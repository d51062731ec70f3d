import numpy as np

from detectors.area.drop_columns import DropColumns
from detectors.area.drop_regression import Learner

GROUPS, DAYS, HOURS, CHANNELS = 2, 9, 24, 3


def _columns() -> DropColumns:
    random = np.random.default_rng(6)
    supply, phase = random.normal(size=(2, GROUPS, DAYS, HOURS))
    load = random.normal(size=(GROUPS, DAYS, HOURS, CHANNELS))
    known = random.random(load.shape) > 0.1
    u = (
        0.5
        + 0.9 * supply[..., None]
        + 0.2 * phase[..., None]
        + 0.3 * load
        + random.normal(0, 0.01, load.shape)
    )
    return DropColumns(
        chosen=[np.arange(CHANNELS)] * GROUPS,
        u=np.where(known, u, 0.0),
        load=np.where(known, load, 0.0),
        supply=supply,
        phase=phase,
        known=known,
        hours=np.full((GROUPS, DAYS), HOURS),
        minutes=60,
    )


def _expected(columns: DropColumns, days: slice, off: np.ndarray) -> np.ndarray:
    taken = columns.known[1, days, :, 2] & ~off
    x = np.stack([
        np.ones(taken.sum()),
        columns.supply[1, days][taken],
        columns.phase[1, days][taken],
        columns.load[1, days, :, 2][taken],
    ], axis=1)  # fmt: skip
    return np.asarray(np.linalg.lstsq(x, columns.u[1, days, :, 2][taken], rcond=None)[0])


def test_the_factors_are_those_of_a_regression_on_the_last_days_without_what_is_off() -> None:
    columns, random = _columns(), np.random.default_rng(1)
    learner = Learner(columns, 5)
    offs = random.random((DAYS, GROUPS, HOURS, CHANNELS)) < 0.05
    for day in range(DAYS):
        learner.learn(day, offs[day] & columns.known[:, day], np.zeros((GROUPS, CHANNELS)))
    fit = learner.fit(5)
    found = [factor[1, 2] for factor in fit.factors]
    np.testing.assert_allclose(found, _expected(columns, slice(4, 9), offs[4:, 1, :, 2]), rtol=1e-6)
    assert fit.is_known.all()
    np.testing.assert_allclose(fit.noise, 0.01, rtol=0.3)
    assert (fit.explained > 0.99).all()


def test_what_is_forgotten_is_not_known() -> None:
    learner = Learner(_columns(), 5)
    nothing = np.zeros((GROUPS, HOURS, CHANNELS), np.bool_)
    learner.learn(0, nothing, np.zeros((GROUPS, CHANNELS)))
    assert learner.fit(1).is_known.all()
    learner.forget()
    assert not learner.fit(1).is_known.any()
