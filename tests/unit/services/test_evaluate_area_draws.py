"""Areas drawn from real homes: what flows in covers what is drawn, lost and stolen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.archive_records import MemberRole
from pipeline.model import MeterId
from services.evaluate_area_draws import GENERATORS, AreaDraw, draw_area
from services.evaluate_curves import Homes, read_homes

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


@pytest.fixture(scope="module")
def homes() -> Homes:
    return read_homes(SLICES)


def _drawn(homes: Homes, kind: str | None, seed: int = 5, *, look_alike: bool = False) -> AreaDraw:
    return draw_area(homes, np.random.default_rng(seed), kind, look_alike=look_alike)


def _lost(drawn: AreaDraw) -> np.ndarray:
    """Return the loss of each day in percent of the supply."""
    net = drawn.window.import_kwh - drawn.window.energies["export_kwh"]
    by_day = net.reshape(len(net), -1, 96).sum(axis=2)
    lost: np.ndarray = 100.0 * (by_day[-1] - by_day[:-1].sum(axis=0)) / by_day[-1]
    return lost


def test_an_honest_area_loses_about_three_percent(homes: Homes) -> None:
    drawn = _drawn(homes, None)
    assert len(drawn.window.meters) == 31
    assert drawn.thief is None
    assert 2.0 < _lost(drawn).mean() < 4.5
    supplies = [m.service_point for m in drawn.registry.area_members if m.role is MemberRole.SUPPLY]
    assert supplies == ["P-SUPPLY"]
    feeding = (drawn.window.energies["export_kwh"][:-1].sum(axis=1) > 0).sum()
    assert feeding == sum(c.generation for c in drawn.registry.contracts) == GENERATORS


def test_what_the_thief_takes_is_lost_from_his_first_day_on(homes: Homes) -> None:
    stolen, honest = _drawn(homes, "h1"), _drawn(homes, None)
    assert stolen.thief is not None
    assert 14 <= stolen.theft_days <= 21
    row = stolen.window.meters.index(MeterId(stolen.thief.removeprefix("P-")))
    short = honest.window.import_kwh[row] - stolen.window.import_kwh[row]
    first = (49 - stolen.theft_days) * 96
    assert np.abs(short[:first]).max() < 0.011
    assert short[first:].sum() == pytest.approx(stolen.stolen_kwh, rel=0.02)
    more = (_lost(stolen) - _lost(honest))[49 - stolen.theft_days :]
    assert more.mean() == pytest.approx(stolen.stolen_percent, rel=0.1)


def test_an_empty_home_is_no_loss(homes: Homes) -> None:
    empty, full = _drawn(homes, None, look_alike=True), _drawn(homes, None)
    assert empty.window.import_kwh.sum() < full.window.import_kwh.sum()
    assert _lost(empty).mean() == pytest.approx(_lost(full).mean(), abs=0.2)


def test_a_seed_draws_the_same_area_again(homes: Homes) -> None:
    one, again, other = _drawn(homes, "h5"), _drawn(homes, "h5"), _drawn(homes, "h5", seed=6)
    assert one.thief == again.thief
    np.testing.assert_array_equal(one.window.import_kwh, again.window.import_kwh)
    assert one.window.meters != other.window.meters
