from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from detectors.ratings import ELEMENTS
from detectors.usage.power_factor import PowerFactor
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.daily_reduction import daily_rows
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint, Wiring
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_slots
from tests.fix_planted import POINT, planted
from tests.learnt_cases import with_contract, with_reactive

NAME = "power_factor"
INDUSTRY = Contract(service_point="P", capacity_kva=400.0, category="large industry")


def _registry(contract: Contract = INDUSTRY, *thresholds: Threshold) -> Registry:
    return Registry(
        meters=[Meter(id=MeterId("M0"))],
        installations=[Installation(meter=MeterId("M0"), service_point="P")],
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=UTC_ZONE)],
        contracts=[contract],
        thresholds=thresholds,
    )


def _window(days: int, lag: float, lead: float = 0.0, kwh: float = 10.0) -> MeterMatrix:
    """Return steady energies a slot from 1 June 2024 on."""
    shape = (1, days * 96)
    window = by_slots(np.full(shape, kwh))
    window = replace(window, starts_at=window.starts_at - np.timedelta64(2, "D"))
    energies = {"import_kvarh": np.full(shape, lag), "export_kvarh": np.full(shape, lead)}
    window = replace(window, energies=energies, daily=None)
    return replace(window, daily=daily_rows(window, [UTC_ZONE]))


def _found(window: MeterMatrix, registry: Registry | None = None) -> list[Episode]:
    return run(window, registry or _registry(), only=[NAME])


def test_a_lost_capacitor_is_found_in_the_month_that_is_not_over_yet() -> None:
    contract = Contract(service_point=POINT, capacity_kva=200.0, category="industry")
    case = with_contract(with_reactive(planted("capacitor_lost")), contract)
    (episode,) = run(case.window, case.registry, only=[NAME])
    assert float(episode.parameters["power_factor"]) == pytest.approx(0.88, abs=0.011)
    assert episode.severity is Severity.INFO
    assert episode.ends_at is None
    for deed, values in ((None, {}), ("capacitor_lost", {"factor": 1.05})):
        twin = with_contract(with_reactive(planted(deed, values)), contract)
        assert run(twin.window, twin.registry, only=[NAME]) == []


def test_a_month_below_its_standard_and_the_second_in_a_row() -> None:
    # 10 kWh and 7.5 kvarh: the 3-4-5 triangle, 0.80; ten steps of half a per cent below 0.90.
    june, july, august = _found(_window(30 + 31 + 10, lag=7.5))
    assert (june.parameters["power_factor"], june.parameters["percent"]) == (0.8, 5.0)
    assert [e.severity for e in (june, july, august)] == [Severity.MINOR, Severity.MAJOR, Severity.INFO]
    assert july.starts_at == datetime(2024, 7, 1, tzinfo=UTC)
    assert july.ends_at == datetime(2024, 8, 1, tzinfo=UTC)
    # To 0.90 on 40 kW: 30 kvar less 40 x tan(acos 0.9) = 19.37 kvar.
    assert june.evidence["mean_kvar_to_compensate"] == pytest.approx(10.6, abs=0.05)


def test_leading_counts_as_much_as_lagging() -> None:
    # Eight hours of 24 are night: a sixth of all reactive energy is leading then, less than a fifth.
    (episode,) = _found(_window(30, lag=3.75, lead=3.75))
    assert episode.message == "episode.power_factor"
    assert episode.parameters["power_factor"] == 0.8


def test_capacitors_left_on_at_night_are_over_compensation() -> None:
    window = _window(30, lag=1.5)
    lead = np.zeros(96)
    lead[: 7 * 4] = 2.0
    lead[23 * 4 :] = 2.0
    energies = {**window.energies, "export_kvarh": np.tile(lead, 30)[None, :]}
    window = replace(window, energies=energies, daily=None)
    (episode,) = _found(replace(window, daily=daily_rows(window, [UTC_ZONE])))
    assert episode.message == "episode.leading_at_night"
    # 64 kvarh leading a night, 144 lagging a day.
    assert episode.parameters["percent"] == pytest.approx(100 * 64 / 208, abs=0.05)


def test_at_the_standard_and_without_one_nothing_is_said() -> None:
    assert _found(_window(30, lag=4.84)) == []
    home = Contract(service_point="P", capacity_kva=400.0, category="residential")
    small = Contract(service_point="P", capacity_kva=50.0)
    for contract in (home, small):
        assert _found(_window(30, lag=7.5), _registry(contract)) == []


def test_without_a_class_it_is_unknown_and_says_what_is_wanted() -> None:
    (episode,) = _found(_window(30, lag=7.5), _registry(Contract(service_point="P", capacity_kva=400.0)))
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.parameters["entry"] == "[[contract]] of service point P: category"
    contract = Contract(service_point="P", capacity_kva=400.0)
    assert _found(_window(30, lag=4.0), _registry(contract)) == []


def test_a_standard_laid_down_for_a_point_goes_before_its_class() -> None:
    agreed = Threshold(detector=NAME, parameter="standard", value=0.80, service_point="P")
    assert _found(_window(30, lag=7.5), _registry(INDUSTRY, agreed)) == []


def test_too_little_energy_too_few_days_and_estimated_ones_say_nothing() -> None:
    assert _found(_window(30, lag=0.02, kwh=0.03)) == []
    assert _found(_window(5, lag=7.5)) == []
    window = _window(30, lag=7.5)
    estimated = replace(window, quality=np.full_like(window.quality, "E"), daily=None)
    assert _found(estimated) == []


def test_a_point_is_judged_over_a_change_of_its_meter() -> None:
    # The meter of June and July is changed at noon of 20 June; each counted another load elsewhere.
    whole = _window(30 + 31, lag=7.5)
    changed = datetime(2024, 6, 20, 12, tzinfo=UTC)
    slot = (19 * 24 + 12) * 4
    wrong, nothing = np.full(whole.import_kwh.shape[1], 500.0), np.zeros(whole.import_kwh.shape[1])
    kwh, lag = np.stack([wrong, wrong]), np.stack([nothing, nothing])
    kwh[0, :slot], kwh[1, slot:], lag[0, :slot], lag[1, slot:] = 10.0, 10.0, 7.5, 7.5
    window = replace(by_slots(kwh), starts_at=whole.starts_at, energies={"import_kvarh": lag}, daily=None)
    window = replace(window, meters=[MeterId("M9"), MeterId("M0")])
    window = replace(window, daily=daily_rows(window, [UTC_ZONE, UTC_ZONE]))
    old = Installation(meter=MeterId("M9"), service_point="P", ends_at=changed)
    new = Installation(meter=MeterId("M0"), service_point="P", starts_at=changed)
    elsewhere = [
        replace(old, service_point="X", starts_at=changed, ends_at=None),
        replace(new, service_point="Y", starts_at=None, ends_at=changed),
    ]
    registry = replace(
        _registry(),
        meters=[Meter(id=MeterId("M0")), Meter(id=MeterId("M9"))],
        installations=[old, new, *elsewhere],
    )
    expected = _found(whole)
    found = _found(window, registry)
    assert [e.parameters for e in found] == [e.parameters for e in expected]
    assert [(e.meter, e.service_point) for e in found] == [("M9", "P"), ("M0", "P")]
    # Of a window without the old meter July is known, and all of it where the change was long before.
    assert [e.parameters["month"] for e in _found(whole, registry)] == ["2024-07"]
    long_before = timedelta(days=60)
    earlier = [
        replace(
            i,
            starts_at=i.starts_at and i.starts_at - long_before,
            ends_at=i.ends_at and i.ends_at - long_before,
        )
        for i in registry.installations
    ]
    found = _found(whole, replace(registry, installations=earlier))
    assert [e.parameters for e in found] == [e.parameters for e in expected]


def test_a_month_of_which_a_fifth_is_missing_is_not_judged() -> None:
    window = _window(34, lag=7.5)
    kwh = window.import_kwh.copy()
    kwh[0, 10 * 96 : 16 * 96] = np.nan
    window = replace(window, import_kwh=kwh, daily=None)
    assert _found(replace(window, daily=daily_rows(window, [UTC_ZONE]))) == []


def _with_phases(
    reactive: dict[str, np.ndarray], wiring: Wiring, days: int = 12
) -> tuple[MeterMatrix, Registry]:
    """Return a meter of 1 kW an element with given reactive powers, 0.48 kvar where none is given."""
    window = _window(days, lag=1.0)
    shape = window.import_kwh.shape
    values = {}
    for element in ELEMENTS[wiring]:
        values[element.power] = np.full(shape, 1.0, dtype=np.float32)
        values[element.reactive] = reactive.get(element.phase, np.full(shape, 0.48)).astype(np.float32)
        values[element.current] = np.full(shape, 3.0, dtype=np.float32)
    registry = replace(_registry(), meters=[Meter(id=MeterId("M0"), wiring=wiring)])
    return replace(window, values=values), registry


@pytest.mark.parametrize(
    ("wiring", "phase"), [(Wiring.THREE_PHASE_FOUR_WIRE, "B"), (Wiring.THREE_PHASE_THREE_WIRE, "C")]
)
def test_one_element_that_leaves_its_level_is_named(wiring: Wiring, phase: str) -> None:
    # 0.9 before; 1 kW and 1.732 kvar are 0.5.
    kvar = np.full((1, 12 * 96), 0.48)
    kvar[0, 9 * 96 : 9 * 96 + 20] = 1.732
    window, registry = _with_phases({phase: kvar}, wiring)
    # Asked alone: three-wire elements that are alike look like a wiring case, which would explain the jump.
    found = PowerFactor().detect(window, registry)
    (episode,) = [e for e in found if e.message == "episode.power_factor_jump"]
    assert episode.parameters == {"phase": phase, "before": 0.9, "now": 0.5, "hours": 5.0}
    assert episode.starts_at == datetime(2024, 6, 10, tzinfo=UTC)


def test_a_short_jump_a_small_one_and_one_without_current_are_innocent() -> None:
    kvar = np.full((1, 12 * 96), 0.48)
    kvar[0, 9 * 96 : 9 * 96 + 15] = 1.732
    kvar[0, 10 * 96 : 10 * 96 + 40] = 1.0
    window, registry = _with_phases({"A": kvar}, Wiring.THREE_PHASE_FOUR_WIRE)
    assert _found(window, registry) == []
    kvar[0, 10 * 96 : 10 * 96 + 40] = 5.0
    idle, registry = _with_phases({"A": kvar}, Wiring.THREE_PHASE_FOUR_WIRE)
    currents = {q: column for q, column in idle.values.items() if "current" in q.value}
    nothing = {q: np.full_like(column, 0.1) for q, column in currents.items()}
    assert _found(replace(idle, values={**idle.values, **nothing}), registry) == []
