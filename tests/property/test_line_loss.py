"""What must hold of any area: the order of meters and an idle meter change nothing, sums stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.line_loss import AreaLoss
from analysis.loss_months import area_months
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter
from tests.loss_areas import AREA, hourly, losses, registry

DAYS = 20
MEMBERS = ("A", "B", "C", "D", "E", "F")


def _loss(seed: int, order: Sequence[int], *, idle: bool = False) -> AreaLoss:
    random = np.random.default_rng(seed)
    used = random.gamma(2.0, 0.5, (len(MEMBERS), DAYS * 24))
    supply = used.sum(axis=0) * random.uniform(1.01, 1.05) + 0.2
    used[2, DAYS * 12 :] *= random.choice([1.0, 0.3])
    kwh: dict[str, float | np.ndarray] = {"S": supply, **dict(zip(MEMBERS, used, strict=True))}
    members = [MEMBERS[place] for place in order]
    archive = registry((*members, "IDLE") if idle else members)
    rows = {name: kwh.get(name, 0.0) for name in (*members, "S", *(["IDLE"] if idle else []))}
    (loss,) = losses(hourly(rows, DAYS, archive), archive)
    return loss


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(len(MEMBERS))))
def test_the_order_of_meters_and_memberships_changes_nothing(seed: int, order: list[int]) -> None:
    one, other = _loss(seed, range(len(MEMBERS))), _loss(seed, order)
    assert [d.loss_kwh for d in other.days] == pytest.approx([d.loss_kwh for d in one.days])
    assert [d.verdict for d in other.days] == [d.verdict for d in one.days]
    assert other.risen_on == one.risen_on
    assert [s.service_point for s in other.suspects] == [s.service_point for s in one.suspects]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_a_member_that_uses_nothing_changes_no_loss(seed: int) -> None:
    one, other = _loss(seed, range(len(MEMBERS))), _loss(seed, range(len(MEMBERS)), idle=True)
    assert [d.loss_kwh for d in other.days] == pytest.approx([d.loss_kwh for d in one.days])
    assert [d.energy_in_kwh for d in other.days] == pytest.approx([d.energy_in_kwh for d in one.days])
    assert other.risen_on == one.risen_on


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_months_are_the_sums_of_their_judged_days(seed: int) -> None:
    loss = _loss(seed, range(len(MEMBERS)))
    months = area_months(loss.days)
    for figure in ("energy_in_kwh", "energy_out_kwh", "loss_kwh", "technical_kwh", "unexplained_kwh"):
        total = sum(getattr(day, figure) for day in loss.days if day.loss_kwh is not None)
        assert sum(getattr(month, figure) for month in months) == pytest.approx(total)
    for day in loss.days:
        if day.loss_kwh is not None:
            assert day.energy_in_kwh is not None
            assert day.energy_out_kwh is not None
            assert day.technical_kwh is not None
            assert day.unexplained_kwh is not None
            assert day.loss_kwh == pytest.approx(day.energy_in_kwh - day.energy_out_kwh)
            assert day.loss_kwh == pytest.approx(day.technical_kwh + day.unexplained_kwh)


@settings(deadline=None, max_examples=25)
@given(gaps=st.lists(st.tuples(st.integers(0, 6), st.integers(0, DAYS * 24 - 1)), max_size=40))
def test_any_gaps_give_a_figure_or_a_reason(gaps: list[tuple[int, int]]) -> None:
    archive = registry(MEMBERS)
    kwh = np.full((7, DAYS * 24), 1.0)
    kwh[0] = 6.2
    for row, slot in gaps:
        kwh[row, slot] = np.nan
    (loss,) = losses(hourly(dict(zip(("S", *MEMBERS), kwh, strict=True)), DAYS, archive), archive)
    for day in loss.days:
        assert (day.loss_kwh is None) == (day.why is not None)
        assert day.missing or day.missing_supplies or day.loss_kwh == pytest.approx(24 * 0.2)


def test_a_meter_in_no_area_is_in_no_balance() -> None:
    archive = registry()
    stranger = replace(
        archive,
        meters=[*archive.meters, Meter(id=MeterId("X"))],
        installations=[*archive.installations, Installation(meter=MeterId("X"), service_point="P-X")],
    )
    kwh = {"S": 10.0, "A": 4.0, "B": 3.0, "C": 2.5, "X": 50.0}
    (loss,) = losses(hourly(kwh, 3, stranger), stranger)
    assert loss.area == AREA
    assert loss.days[0].loss_kwh == pytest.approx(12.0)
