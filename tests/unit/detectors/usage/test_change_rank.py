"""Thefts planted on real homes, ranked among their like; what all of them do is nothing unusual."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.change_ranks import Reason
from dashboard.words import has_evidence_label
from detectors.cases import Budget, cases_of
from detectors.catalogue import detectors, parameters_of
from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.contracts import Contract, Suspension
from pipeline.messages import render
from pipeline.model import Episode, Verdict
from pipeline.registry import Registry
from services.evaluate_attacks import DAYS_BEFORE
from services.evaluate_curves import Curves, Homes, read_homes, window_of_homes
from simulators.theft_attacks import LESS_ENERGY, attacked

SLICES = Path(__file__).parents[3] / "data" / "real_slices"
OPENS = next(p.default for p in parameters_of(detectors.get("change_rank")) if p.name == "open_score")
THIEF = 14
WEEKEND_HOME = 20
"""Somebody is there on five days of the first four weeks."""
USE = ("change_rank", "sustained_drop", "long_low_use", "shape_shift", "repeated_curve")


@cache
def _homes() -> Homes:
    return read_homes(SLICES)


@cache
def _planted(kind: str | None, home: int = THIEF) -> Curves:
    """The homes, of which one steals for the last three of seven weeks."""
    homes = _homes()
    kwh = homes.kwh.copy()
    if kind is not None:
        own = slice(home, home + 1)
        random = np.random.default_rng(11)
        kwh[own, DAYS_BEFORE:] = attacked(kind, kwh[own, :DAYS_BEFORE], kwh[own, DAYS_BEFORE:], random)
    return window_of_homes(replace(homes, kwh=kwh))


def _found(curves: Curves, registry: Registry | None = None, **numbers: float) -> list[Episode]:
    return run(
        curves.window, registry or curves.registry, only=["change_rank"], settings={"change_rank": numbers}
    )


@pytest.mark.parametrize(
    ("feature", "en", "zh"),
    [
        ("zero_hours", "on 30 percentage points more of the days", "增加 30 个百分点"),
        ("cap", "30.0 percentage points more of the slots", "增加 30.0 个百分点"),
    ],
)
def test_a_share_that_grew_from_a_tenth_to_four_tenths_grew_by_thirty_points(
    feature: str, en: str, zh: str
) -> None:
    reason = Reason(feature=feature, change=0.4 - 0.1, surprise=3.0, fleet=50)
    assert en in render(reason.message, reason.parameters)
    assert zh in render(reason.message, reason.parameters, "zh")


def test_honest_homes_are_silent() -> None:
    assert _found(_planted(None)) == []


@pytest.mark.parametrize("kind", LESS_ENERGY)
def test_a_thief_rises_to_the_top_of_the_cases(kind: str) -> None:
    curves = _planted(kind)
    meters = len(curves.window.meters)
    found = run(curves.window, curves.registry, only=USE)
    cases = cases_of(found, curves.registry, (), Budget(cases_a_day=1.0, meters=meters))
    case = max(cases, key=lambda each: each.probability)
    assert case.place == f"P-{curves.window.meters[THIEF]}"
    (hit,) = [hit for hit in case.hits if hit.detector == "change_rank"]
    assert hit.parameters["place"] == 1
    assert hit.because
    assert all("one in" in render(each.message, each.parameters) for each in hit.because)
    without = cases_of(
        [e for e in found if e.detector != "change_rank"],
        curves.registry,
        (),
        Budget(cases_a_day=1.0, meters=meters),
    )
    assert max((c.probability for c in without if c.place == case.place), default=0.0) < case.probability


def test_it_says_since_when_how_much_and_against_how_many() -> None:
    curves = _planted(None)
    kwh = curves.window.import_kwh.copy()
    kwh[THIEF, DAYS_BEFORE * 96 :] *= 0.25
    (episode,) = _found(replace(curves, window=replace(curves.window, import_kwh=kwh)))
    local = episode.starts_at.astimezone(curves.registry.areas[0].zone)
    assert (local.strftime("%a %H:%M"), episode.ends_at) == ("Mon 00:00", None)
    # Three of four kWh are missing. What one like him would have used is not just what he did: a third off.
    assert episode.energy_kwh == pytest.approx(3.0 * kwh[THIEF, DAYS_BEFORE * 96 :].sum(), rel=0.34)
    before, after = (kwh[:, part].mean(axis=1) for part in (slice(28 * 96), slice(28 * 96, None)))
    days = kwh[THIEF, : 28 * 96].reshape(28, 96).sum(axis=1)
    expected = min(days.mean(), np.median(days)) * np.median(after / before) * 21
    assert episode.evidence["expected_kwh"] == pytest.approx(expected, rel=0.01)
    assert episode.parameters["peers"] == len(curves.window.meters)
    keys = {*episode.parameters, *episode.evidence} - {"days"}
    assert {key for key in keys if not has_evidence_label(key)} == set()


def test_the_evidence_shows_the_score_that_opened_it() -> None:
    curves = _planted("h1")
    (usual,) = _found(curves)
    own = Threshold(
        detector="change_rank", parameter="open_score", value=30.0, service_point=usual.service_point
    )
    (lower,) = _found(curves, replace(curves.registry, thresholds=[own]))
    assert [each.evidence["opens_above_score"] for each in (usual, lower)] == [35.0, 30.0]


def test_a_holiday_that_all_keep_is_nothing_unusual() -> None:
    curves = _planted(None)
    kwh = curves.window.import_kwh.copy()
    kwh[:, 28 * 96 :] *= 0.5
    assert _found(replace(curves, window=replace(curves.window, import_kwh=kwh))) == []


def test_with_too_few_like_ones_a_great_fall_is_undecided_and_a_small_one_silent() -> None:
    curves = _planted(None)
    kwh = curves.window.import_kwh.copy()
    kwh[THIEF, 28 * 96 :] *= 0.2
    stolen = replace(curves, window=replace(curves.window, import_kwh=kwh))
    (episode,) = [e for e in _found(stolen, least_peers=60.0) if e.meter == curves.window.meters[THIEF]]
    assert (episode.verdict, episode.energy_kwh) == (Verdict.UNKNOWN, None)
    peers = len(curves.window.meters)
    assert (episode.parameters["peers"], episode.parameters["least"]) == (peers, 60)
    assert cases_of([episode], curves.registry, (), Budget(meters=peers)) == []
    # Another class has like ones of its own, here none.
    contracts = [
        replace(c, category="shop") if c.service_point == f"P-{episode.meter}" else c
        for c in curves.registry.contracts
    ]
    (alone,) = _found(stolen, replace(curves.registry, contracts=contracts))
    assert (alone.verdict, alone.parameters["peers"]) == (Verdict.UNKNOWN, 1)


def test_no_number_makes_fewer_than_twenty_a_rank_nor_silent() -> None:
    curves = _planted(None)
    kwh = curves.window.import_kwh.copy()
    kwh[THIEF, 28 * 96 :] *= 0.2
    shops = {f"P-{meter}" for meter in curves.window.meters[:15]}
    contracts = [
        replace(c, category="shop") if c.service_point in shops else c for c in curves.registry.contracts
    ]
    found = _found(
        replace(curves, window=replace(curves.window, import_kwh=kwh)),
        replace(curves.registry, contracts=contracts),
        least_peers=10.0,
    )
    (episode,) = [e for e in found if e.meter == curves.window.meters[THIEF]]
    assert episode.verdict is Verdict.UNKNOWN
    assert (episode.parameters["peers"], episode.parameters["least"]) == (15, 20)


def test_too_little_history_says_nothing() -> None:
    curves = _planted("h1")
    short = replace(
        curves.window,
        starts_at=curves.window.starts_at[9 * 96 :],
        import_kwh=curves.window.import_kwh[:, 9 * 96 :],
        quality=curves.window.quality[:, 9 * 96 :],
        power_kw=curves.window.power_kw[:, 9 * 96 :],
        energies={},
    )
    assert _found(replace(curves, window=short)) == []


def test_what_the_archive_explains_and_estimates_are_no_change() -> None:
    curves = _planted("h1")
    point = f"P-{curves.window.meters[THIEF]}"
    since = datetime(2017, 11, 26, 23, tzinfo=UTC)
    suspended = Suspension(id="S", service_point=point, starts_at=since, ends_at=None)
    assert _found(curves, replace(curves.registry, suspensions=[suspended])) == []
    moved = Contract(service_point=point, starts_at=since)
    contracts = [c for c in curves.registry.contracts if c.service_point != point]
    ended = Contract(service_point=point, ends_at=since)
    assert _found(curves, replace(curves.registry, contracts=[*contracts, ended, moved])) == []
    quality = curves.window.quality.copy()
    quality[THIEF, 28 * 96 :] = "E"
    assert _found(replace(curves, window=replace(curves.window, quality=quality))) == []


def test_gaps_and_half_a_last_day_change_little() -> None:
    curves = _planted("h4")
    kwh = curves.window.import_kwh.copy()
    kwh[np.random.default_rng(5).random(kwh.shape) < 0.03] = np.nan
    gaps = replace(curves.window, import_kwh=kwh, quality=np.where(np.isnan(kwh), "N", "A"))
    (episode,) = _found(replace(curves, window=gaps))
    assert episode.meter == curves.window.meters[THIEF]
    half = slice(0, -48)
    cut = replace(
        curves.window,
        starts_at=curves.window.starts_at[half],
        import_kwh=curves.window.import_kwh[:, half],
        quality=curves.window.quality[:, half],
        power_kw=curves.window.power_kw[:, half],
        energies={},
    )
    end = curves.window.starts_at[-48].astype(datetime).replace(tzinfo=UTC)
    assert all(e.detected_at <= end for e in _found(replace(curves, window=cut)))


def test_what_opened_goes_on_until_it_is_restored() -> None:
    curves = _planted("h3", WEEKEND_HOME)
    (episode,) = _found(curves)
    assert episode.ends_at is None
    # The great days of a weekend home are no habit that could be missing.
    assert (episode.energy_kwh or 0.0) < 20.0
    (ended,) = _found(curves, restore_score=OPENS)
    assert ended.id == episode.id
    assert ended.ends_at == ended.detected_at < episode.detected_at
