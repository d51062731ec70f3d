from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from pipeline.model import MeterId, Verdict
from tests.fix_area import AREA, DAYS, FAULT_FROM, START, SUPPLY, PlantedArea, planted_area

NAME = "area_balance"
THEFT = "factor = 0.3"


def test_a_thief_among_thirty_is_found_with_his_start_and_the_energy() -> None:
    case = planted_area("theft_h1", THEFT)
    (episode,) = case.found(NAME)
    assert episode.message == "episode.area_loss_rises"
    assert episode.meter == SUPPLY
    assert episode.parameters["area"] == AREA
    assert episode.starts_at == FAULT_FROM
    assert episode.ends_at is None
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=0.05)


def test_a_load_before_the_meter_is_found_with_its_energy() -> None:
    case = planted_area("bypass_load")
    (episode,) = case.found(NAME)
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=0.05)


@pytest.mark.parametrize("deed", [None, "vacancy"])
def test_honest_areas_are_silent_also_where_a_home_is_empty(deed: str | None) -> None:
    assert planted_area(deed).said(NAME) == []


def test_a_customer_in_the_wrong_file_makes_one_area_negative() -> None:
    (episode,) = planted_area("wrong_area").found(NAME)
    assert episode.message == "episode.area_loss_negative"
    assert episode.parameters["area"] == AREA
    assert float(episode.parameters["loss_percent"]) < -1.0


def _missing(case: PlantedArea, count: int, first: int = 0) -> PlantedArea:
    return case.without([f"H-{n:02d}" for n in range(1, count + 1)], slice(first * 96, None))


def test_one_member_of_thirty_may_be_missing_and_is_named() -> None:
    (episode,) = _missing(planted_area("theft_h1", "factor = 0.01"), 1, 12).found(NAME)
    assert episode.starts_at == FAULT_FROM
    assert len(episode.evidence["missing"]) == 1  # type: ignore[arg-type]  # a list


def test_random_gaps_blind_it_only_where_no_registers_close_them() -> None:
    case = planted_area("theft_h1", THEFT)
    blind = case.with_gaps(0.03, with_registers=False).said(NAME)
    assert [episode.verdict for episode in blind] == [Verdict.UNKNOWN] * 2
    (episode,) = case.with_gaps(0.03, with_registers=True).said(NAME)
    assert (episode.verdict, episode.starts_at) == (Verdict.ABNORMAL, FAULT_FROM)
    assert episode.energy_kwh == pytest.approx(case.stolen_kwh, rel=0.05)
    days: Any = episode.evidence["days"]
    assert all(row["members_known"] == 30 for row in days[1:])
    assert sum(row["members_by_register"] for row in days) > 100


def test_registers_accuse_no_honest_area() -> None:
    assert planted_area().with_gaps(0.03, with_registers=True).said(NAME) == []
    assert planted_area("vacancy").with_gaps(0.3, with_registers=True).said(NAME) == []


def test_missing_members_make_no_loss() -> None:
    assert _missing(planted_area(), 1, 12).said(NAME) == []


def test_below_the_needed_completeness_the_area_is_undecided_and_says_who_is_missing() -> None:
    (episode,) = _missing(planted_area("theft_h1", THEFT), 2).said(NAME)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.parameters["known"] == 28
    assert episode.evidence["members_missing"] == 2


def test_estimated_energy_opens_nothing() -> None:
    case = planted_area("theft_h1", THEFT)
    window = replace(case.window, quality=np.full_like(case.window.quality, "E"), daily=None)
    assert replace(case, window=window).said(NAME) == []


def test_days_around_a_change_of_members_are_not_judged() -> None:
    case = planted_area("theft_h1", THEFT)
    at = START + timedelta(days=DAYS - 8, hours=10)
    moved = [
        replace(member, starts_at=at) if member.service_point.endswith("H-01") else member
        for member in case.registry.area_members
    ]
    # Until then the customer hung elsewhere.
    kwh, before = case.window.import_kwh.copy(), slice(None, (DAYS - 8) * 96 + 40)
    rows = [case.window.meters.index(MeterId(name)) for name in (SUPPLY, "H-01")]
    kwh[rows[0], before] -= kwh[rows[1], before]
    case = replace(
        case,
        window=replace(case.window, import_kwh=kwh, daily=None),
        registry=replace(case.registry, area_members=moved),
    )
    (episode,) = case.found(NAME)
    days: Any = episode.evidence["days"]
    unknown = [row["day"] for row in days if row["loss_percent"] is None]
    assert unknown == [str((at + timedelta(days=n)).date()) for n in range(3)]
