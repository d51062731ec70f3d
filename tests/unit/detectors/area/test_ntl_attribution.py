from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from tests.fix_area import EVENING, FAULT_FROM, THIEF, PlantedArea, planted_area

NAME = "ntl_attribution"
THEFTS = [
    ("theft_h1", "factor = 0.3"),
    ("theft_h1", "factor = 0.6"),
    ("theft_h2", "kw = 0.4"),
    ("theft_h3", "kw = 0.6"),
    ("theft_h4", EVENING),
    ("theft_h5", None),
    ("theft_h6", None),
]


def _energy_alone(case: PlantedArea) -> PlantedArea:
    return replace(case, window=replace(case.window, values={}))


@pytest.mark.parametrize(("deed", "keys"), [*THEFTS, ("bypass_load", None)])
def test_the_thief_is_first_with_about_his_share(deed: str, keys: str | None) -> None:
    case = planted_area(deed, keys)
    (episode,) = case.found(NAME)
    assert (episode.meter, episode.parameters["rank"]) == (THIEF, 1)
    assert episode.starts_at == FAULT_FROM
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=0.15)


@pytest.mark.parametrize(("deed", "keys"), [theft for theft in THEFTS if theft[0] != "theft_h3"])
def test_without_voltages_the_thief_is_still_the_first(deed: str, keys: str | None) -> None:
    (episode,) = _energy_alone(planted_area(deed, keys)).found(NAME)
    assert episode.meter == THIEF


@pytest.mark.parametrize(("deed", "keys"), [("bypass_load", None), ("theft_h3", "kw = 0.6")])
def test_a_loss_that_only_voltage_could_give_away_accuses_nobody_without_it(
    deed: str, keys: str | None
) -> None:
    assert _energy_alone(planted_area(deed, keys)).said(NAME) == []


@pytest.mark.parametrize("deed", [None, "vacancy", "wrong_area", "night_load"])
def test_without_a_loss_nobody_is_named_however_empty_a_home_is(deed: str | None) -> None:
    keys = f"kw = 3\n{EVENING}" if deed == "night_load" else None
    assert planted_area(deed, keys).said(NAME) == []


def test_random_gaps_hide_nobody_where_registers_close_the_days() -> None:
    case = planted_area("theft_h1", "factor = 0.3").with_gaps(0.03, with_registers=True)
    (episode,) = case.found(NAME)
    assert (episode.meter, episode.starts_at) == (THIEF, FAULT_FROM)


def test_fewer_days_than_needed_name_nobody() -> None:
    case = planted_area("theft_h1", "factor = 0.3")
    cut = 14 * 96
    window = replace(
        case.window,
        starts_at=case.window.starts_at[:cut],
        values={q: column[:, :cut] for q, column in case.window.values.items()},
        import_kwh=case.window.import_kwh[:, :cut],
        quality=case.window.quality[:, :cut],
        power_kw=case.window.power_kw[:, :cut],
        energies={name: column[:, :cut] for name, column in case.window.energies.items()},
        daily=None,
    )
    assert [e.meter for e in replace(case, window=window).said(NAME)] == [THIEF]
    assert run(window, case.registry, only=[NAME], settings={NAME: {"least_days": 15.0}}) == []


def test_a_member_without_reads_on_some_days_is_borne() -> None:
    case = planted_area("theft_h1", "factor = 0.3").without(["H-20"], slice(13 * 96, 15 * 96))
    (episode,) = case.found(NAME)
    assert episode.meter == THIEF


def test_the_episode_shows_by_which_sign_and_what_was_metered_before_and_since() -> None:
    (episode,) = planted_area("theft_h4", EVENING).found(NAME)
    ranking: Any = episode.evidence["ranking"]
    assert ranking[0]["service_point"].endswith("H-12")
    since, before = (episode.evidence[f"mean_slot_kwh_{when}"] for when in ("since", "before"))
    assert isinstance(since, float)
    assert isinstance(before, float)
    assert since < before
    assert len(ranking) <= 3
    assert np.isfinite(episode.score)
    assert episode.detected_at - episode.starts_at == timedelta(days=10)
