from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.registry import Registry, Role
from simulators.physics.window import Window
from tests.fix_planted import METER, POINT, START, Planted, planted

SUNNY = Window(starts_at=START + timedelta(days=5), ends_at=START + timedelta(days=10))


def _panels(kw: float = 40.0) -> Planted:
    return planted("hidden_pv", {"kw": kw}, window=SUNNY, shape="home", peak_kw=5.0)


def _with_export(case: Planted, per_day: list[float]) -> MeterMatrix:
    """An export of so many kWh at noon of each day, and nothing else."""
    export = np.zeros((1, len(per_day) * 96))
    export[0, 48::96] = per_day
    kwh = case.window.import_kwh[:, : export.shape[1]]
    return replace(
        case.window,
        starts_at=case.window.starts_at[: export.shape[1]],
        values={},
        registers={},
        import_kwh=kwh,
        quality=np.full(kwh.shape, "A"),
        power_kw=case.window.power_kw[:, : export.shape[1]],
        energies={"export_kwh": export},
    )


def test_hidden_panels_are_found_with_their_days_and_energy() -> None:
    case = _panels()
    (episode,) = case.found("reverse_energy")
    assert (episode.starts_at, episode.ends_at) == (SUNNY.starts_at, SUNNY.ends_at)
    first, end = 5 * 96, 10 * 96
    assert episode.energy_kwh == pytest.approx(case.window.energies["export_kwh"][0, first:end].sum())
    hours = episode.evidence["by_hour"]
    assert isinstance(hours, list)
    by_hour = {str(row["hour"]): float(str(row["export_kwh"])) for row in hours if isinstance(row, dict)}
    assert max(by_hour, key=lambda hour: by_hour[hour]) in {"10:00", "11:00", "12:00", "13:00", "14:00"}
    assert "00:00" not in by_hour


def test_declared_generation_and_an_honest_meter_are_innocent() -> None:
    case = _panels()
    declared = [Contract(service_point=POINT, generation=True)]
    assert case.found("reverse_energy", replace(case.registry, contracts=declared)) == []
    assert planted(None).found("reverse_energy") == []


def test_generation_that_was_declared_later_excuses_only_what_came_after() -> None:
    case = _panels()
    edge = START + timedelta(days=8)
    contracts = [
        Contract(service_point=POINT, ends_at=edge),
        Contract(service_point=POINT, generation=True, starts_at=edge),
    ]
    (episode,) = case.found("reverse_energy", replace(case.registry, contracts=contracts))
    assert episode.starts_at == SUNNY.starts_at
    assert episode.parameters["days"] == 3


def test_meters_that_may_see_energy_come_back_are_not_judged() -> None:
    case = _panels()
    sub = [replace(placed, role=Role.SUBTRACT) for placed in case.registry.installations]
    feeder = [AreaMember(area="TQ1", service_point=POINT, role=MemberRole.SUPPLY)]
    assert case.found("reverse_energy", replace(case.registry, installations=sub)) == []
    assert case.found("reverse_energy", replace(case.registry, area_members=feeder)) == []
    assert case.found("reverse_energy", Registry(meters=case.registry.meters)) == []


@pytest.mark.parametrize(
    ("supplying", "judged"),
    [((-9, 0), slice(0, 5)), ((0, 2.5), slice(3, 5)), ((-9, 2), slice(2, 5)), ((10, 12), slice(0, 5))],
)
def test_the_days_of_a_point_that_supplies_an_area_are_left_out(
    supplying: tuple[float, float], judged: slice
) -> None:
    case = _panels()
    begins, ends = (SUNNY.starts_at + timedelta(days=days) for days in supplying)
    feeder = AreaMember(
        area="TQ1", service_point=POINT, role=MemberRole.SUPPLY, starts_at=begins, ends_at=ends
    )
    days = [SUNNY.starts_at + timedelta(days=day) for day in range(6)]
    found = case.found("reverse_energy", replace(case.registry, area_members=[feeder]))
    assert [(e.starts_at, e.ends_at) for e in found] == [(days[judged.start], days[judged.stop])]


@pytest.mark.parametrize(
    ("per_day", "days"),
    [
        ([0, 1.2, 0, 1.2, 0], None),
        ([0, 1.0, 1.0, 1.0, 0], None),
        ([0, 1.1, 1.1, 0, 0], 2),
        # Two dark days do not end it; the third does.
        ([1.5, 1.5, 0, 0, 1.5, 0, 0, 0, 1.5], 3),
    ],
)
def test_two_days_over_a_kilowatt_hour_by_hand(per_day: list[float], days: int | None) -> None:
    case = planted(None)
    found = run(_with_export(case, per_day), case.registry, only=["reverse_energy"])
    assert [episode.parameters["days"] for episode in found] == ([] if days is None else [days])
    if days is not None:
        assert found[0].energy_kwh == pytest.approx(sum(e for e in per_day[:5] if e > 1))


def test_estimated_days_open_nothing() -> None:
    case = _panels()
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert run(estimated, case.registry, only=["reverse_energy"]) == []
    assert METER in estimated.meters
