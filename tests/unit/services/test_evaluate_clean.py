"""The clean run: counted by hand, and held against the alarms that are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from detectors.catalogue import detectors, parameters_of
from detectors.engine import run
from pipeline.quantities import Quantity
from services.evaluate_clean import (
    RECORDS,
    WARM_UPS,
    CleanFigures,
    Status,
    clean_run,
    meter_years,
    warm_up_days,
)
from services.evaluate_curves import read_curves
from simulators.faults.detector_numbers import DETECTORS
from tests.fix_windows import grid, window

DATA = Path(__file__).parents[2] / "data"
MOST_MORE, MOST_SHARE = 2, 0.2
"""Alarms more than are known: the larger of two and a fifth."""


def _known(which: str) -> Mapping[str, Sequence[str]]:
    lists: dict[str, dict[str, list[str]]] = json.loads((DATA / "clean_episodes.json").read_text())
    return lists[which]


def _held(found: Mapping[str, CleanFigures], known: Mapping[str, Sequence[str]]) -> None:
    """Compare with the known alarms of those detectors that have been measured."""
    for name in sorted(known.keys() & found.keys()):
        allowed = len(known[name]) + max(MOST_MORE, MOST_SHARE * len(known[name]))
        new = sorted(set(found[name].episodes) - set(known[name]))
        assert found[name].alarms <= allowed, (
            f"{name} gives {found[name].alarms} alarms on clean curves instead of {len(known[name])}; "
            f"new: {new}. If that is meant: kilowatch evaluate --write ."
        )


@pytest.fixture(scope="module")
def of_slices() -> Mapping[str, CleanFigures]:
    return clean_run(read_curves(DATA / "real_slices"), threads=2)


def test_alarms_on_clean_slices_do_not_grow(of_slices: Mapping[str, CleanFigures]) -> None:
    _held(of_slices, _known("slices"))


@pytest.mark.real_data
def test_alarms_on_all_clean_curves_do_not_grow(real_data: Path) -> None:
    _held(clean_run(read_curves(real_data), threads=2), _known("whole"))


@pytest.mark.real_data
def test_a_home_that_shows_its_current_in_steps_of_two_tenths_contradicts_nothing(real_data: Path) -> None:
    # U, I, P and Q of 13 days: 6 false episodes by quarters of an hour before the steps were allowed for.
    (home,) = (curves for curves in read_curves(real_data) if curves.name == "French home")
    assert np.isfinite(home.window.values[Quantity.CURRENT_A]).sum() > 1200
    assert run(home.window, home.registry, only=["power_identity"]) == []


def test_every_detector_is_accounted_for(of_slices: Mapping[str, CleanFigures]) -> None:
    assert sorted(of_slices) == sorted(detectors.all())
    for figures in of_slices.values():
        if figures.status is Status.MEASURED:
            assert figures.meter_years > 0.0
            assert figures.upper95 is not None
            assert figures.upper95 > figures.alarms / figures.meter_years
            assert len(figures.episodes) == figures.alarms >= figures.major
            assert sum(share.alarms for share in figures.by_source.values()) == figures.alarms
            assert sum(share.meter_years for share in figures.by_source.values()) == figures.meter_years
        else:
            assert figures.missing


def test_what_cannot_be_judged_is_not_called_clean(of_slices: Mapping[str, CleanFigures]) -> None:
    loss = of_slices["voltage_loss"]
    assert (loss.status, loss.meter_years, loss.upper95) == (Status.SIMULATED_ONLY, 0.0, None)
    assert "voltage_a" in loss.missing
    suspended = of_slices["suspended_load"]
    assert (suspended.status, suspended.missing) == (Status.NOT_EVALUATED, ["suspensions"])
    assert of_slices["register_tie_out"].status is Status.NOT_EVALUATED
    # There is reactive energy, but no contract that says which power factor is due.
    assert "contracts with a capacity" in of_slices["power_factor"].missing


def test_meter_years_are_those_of_known_slots_after_the_warm_up() -> None:
    starts_at = grid(datetime(2026, 1, 1, tzinfo=UTC), 40)
    kwh = np.ones(len(starts_at))
    gappy = kwh.copy()
    gappy[:960] = np.nan
    both = window(starts_at, {"a": kwh, "b": gappy})
    assert meter_years(both, 0.0) == pytest.approx((40 + 30) / 365.25)
    assert meter_years(both, 35.0) == pytest.approx(5 / 365.25)
    estimated = replace(both, quality=np.full(both.import_kwh.shape, "E"))
    assert meter_years(estimated, 0.0) == 0.0


def test_a_warm_up_is_the_number_of_that_name_or_what_is_fixed() -> None:
    numbers = {p.name: p.default for p in parameters_of(detectors.get("sustained_drop"))}
    assert warm_up_days("sustained_drop") == numbers["least_days"]
    assert warm_up_days("shape_shift") == 34.0
    assert warm_up_days("voltage_loss") == 0.0


def test_what_is_listed_by_name_is_a_detector_of_the_catalogue() -> None:
    assert {*RECORDS, *WARM_UPS} <= {*DETECTORS, *detectors.all()}
