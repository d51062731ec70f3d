from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.daily_reduction import with_daily_rows
from pipeline.quantities import Quantity
from pipeline.registry import Area
from tests.fix_area import AREA, FAR, OTHER, START, THIEF, PlantedArea, planted_area

NAME = "topology"


def test_a_customer_on_another_phase_is_found_and_the_right_one_named() -> None:
    (episode,) = planted_area("wrong_phase").found(NAME)
    assert episode.meter == THIEF
    assert episode.message == "episode.wrong_phase"
    assert (episode.parameters["filed_phase"], episode.parameters["fed_phase"]) == ("A", "C")
    assert episode.starts_at == START
    assert episode.ends_at is None


def test_a_customer_of_another_area_is_found_and_the_right_one_named() -> None:
    (episode,) = planted_area("wrong_area").found(NAME)
    assert episode.meter == FAR
    assert episode.message == "episode.wrong_area"
    assert (episode.parameters["area"], episode.parameters["fed_area"]) == (AREA, OTHER)
    assert episode.parameters["fed_phase"] == "B"


@pytest.mark.parametrize("deed", [None, "bypass_load", "theft_h1"])
def test_those_who_are_filed_rightly_are_left_alone(deed: str | None) -> None:
    assert planted_area(deed).said(NAME) == []


def test_a_customer_whose_own_load_moves_his_voltage_is_left_alone() -> None:
    assert planted_area("night_load", 'kw = 8\nat = "08:00"\nminutes = 600\nnights = 10').said(NAME) == []


def _noisy(case: PlantedArea, volts: float) -> PlantedArea:
    noise = np.random.default_rng(5).normal(0.0, volts, case.window.import_kwh.shape)
    values = {q: (column + noise if q is Quantity.VOLTAGE_A else column).astype(np.float32)
              for q, column in case.window.values.items()}  # fmt: skip
    return replace(case, window=replace(case.window, values=values))


def test_a_voltage_that_moves_with_nobody_is_no_finding() -> None:
    case = planted_area()
    values = dict(case.window.values)
    own = values[Quantity.VOLTAGE_A].copy()
    own[case.window.meters.index(THIEF)] = 220 + np.random.default_rng(1).normal(0.0, 3.0, own.shape[1])
    values[Quantity.VOLTAGE_A] = own
    assert replace(case, window=replace(case.window, values=values)).said(NAME) == []


def test_noise_of_a_meter_does_not_hide_a_wrong_phase_nor_make_one() -> None:
    assert [e.meter for e in _noisy(planted_area("wrong_phase"), 0.2).found(NAME)] == [THIEF]
    assert _noisy(planted_area(), 0.2).said(NAME) == []


def test_gaps_of_a_third_are_borne_and_less_than_needed_says_nothing() -> None:
    def with_gaps(share: float) -> list[str]:
        case = planted_area("wrong_phase")
        gone = np.random.default_rng(3).random(case.window.import_kwh.shape) < share
        values = {q: np.where(gone, np.nan, c).astype(np.float32) for q, c in case.window.values.items()}
        return [e.meter for e in replace(case, window=replace(case.window, values=values)).found(NAME)]

    assert with_gaps(0.1) == [THIEF]
    assert with_gaps(0.5) == []


@pytest.mark.parametrize(
    ("zone", "first", "compared"),
    [
        ("Asia/Urumqi", 0, [AREA]),  # the window begins at 22:00 there: 22 local days, not 21
        ("Asia/Urumqi", 96 // 2, [AREA]),  # at noon and at 10:00: days and hours alike, instants not
        ("Asia/Taipei", 0, [AREA, OTHER]),  # another name for the same hours
    ],
)
def test_areas_are_compared_hour_by_hour_of_the_same_instants(
    zone: str, first: int, compared: list[str]
) -> None:
    case = planted_area("wrong_phase")
    registry = replace(case.registry, areas=[Area(id=AREA), Area(id=OTHER, zone=ZoneInfo(zone))])
    kept = slice(first, None)
    window = replace(
        case.window,
        starts_at=case.window.starts_at[kept],
        values={quantity: column[:, kept] for quantity, column in case.window.values.items()},
        import_kwh=case.window.import_kwh[:, kept],
        quality=case.window.quality[:, kept],
        power_kw=case.window.power_kw[:, kept],
        energies={},
        daily=None,
    )
    (episode,) = replace(case, window=with_daily_rows(window, registry), registry=registry).found(NAME)
    assert (episode.meter, episode.parameters["fed_phase"]) == (THIEF, "C")
    correlations = episode.evidence["correlations"]
    assert isinstance(correlations, dict)
    assert sorted({name.split()[0] for name in correlations}) == compared


def test_an_area_with_a_phase_of_two_meters_is_not_judged() -> None:
    case = planted_area("wrong_phase")
    kept = [m for m in case.registry.area_members if m.phase != "B" or m.service_point.endswith("02")]
    assert replace(case, registry=replace(case.registry, area_members=kept)).said(NAME) == []
