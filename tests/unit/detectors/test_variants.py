from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detectors.catalogue import Detector, detectors, parameters_of
from detectors.variants import of_each_place
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = window(grid(BEGIN, 2), {"a": 1.0, "b": 2.0, "c": 3.0})
REGISTRY = Registry(
    meters=[Meter(id=MeterId(m)) for m in "abc"],
    service_points=[ServicePoint(id=p) for p in "ABC"],
    installations=[Installation(meter=MeterId(m), service_point=m.upper()) for m in "abc"],
    contracts=[Contract(service_point="A", category="industry")],
)


class _Seen:
    """Tells of every meter of a window with which number it was judged."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter
        self.looked_at: list[Sequence[str]] = []

    def __call__(self, rule: Detector, seen: MeterMatrix, registry: Registry) -> list[Episode]:
        self.looked_at.append(list(seen.meters))
        return [
            Episode(
                id=f"{rule.about.name} {meter}",
                detector=rule.about.name,
                version=1,
                meter=meter,
                service_point=registry.service_point_of(meter, BEGIN),
                starts_at=BEGIN,
                ends_at=None,
                detected_at=BEGIN,
                verdict=Verdict.ABNORMAL,
                severity=Severity.MINOR,
                score=1.0,
                message="episode.withdrawn",
                parameters={"number": float(getattr(rule, self.parameter))},
            )
            for meter in seen.meters
        ]


def _numbers(name: str, parameter: str, registry: Registry, *entries: Threshold) -> dict[str, float]:
    judge = _Seen(parameter)
    told = of_each_place(detectors.get(name)(), WINDOW, replace(registry, thresholds=entries), judge)
    assert len(told) == len(WINDOW.meters)
    return {episode.meter: float(episode.parameters["number"]) for episode in told}


WHOLE = [
    (name, parameter.name)
    for name in detectors.all()
    for parameter in parameters_of(detectors.get(name))
    if parameter.name not in detectors.get(name)().about.dated
]


@pytest.mark.parametrize(("name", "parameter"), WHOLE)
def test_every_number_that_a_rule_does_not_date_itself_reaches_it_for_a_point(
    name: str, parameter: str
) -> None:
    usual = float(getattr(detectors.get(name)(), parameter))
    own = Threshold(detector=name, parameter=parameter, value=usual + 1.0, service_point="B")
    assert _numbers(name, parameter, REGISTRY, own) == {"a": usual, "b": usual + 1.0, "c": usual}


def test_a_point_goes_before_a_class_and_a_class_before_everywhere() -> None:
    plain = Threshold(detector="long_low_use", parameter="low_days", value=9.0)
    industry, own = (
        replace(plain, value=10.0, category="industry"),
        replace(plain, value=11.0, service_point="B"),
    )
    found = _numbers("long_low_use", "low_days", REGISTRY, own, industry, plain)
    assert found == {"a": 10.0, "b": 11.0, "c": 9.0}


def test_the_entry_in_force_at_the_window_s_end_holds_for_all_of_it() -> None:
    change = BEGIN + timedelta(days=1)
    old = Threshold(detector="long_low_use", parameter="low_days", value=9.0, ends_at=change)
    new = replace(old, value=10.0, starts_at=change, ends_at=None)
    assert set(_numbers("long_low_use", "low_days", REGISTRY, old, new).values()) == {10.0}
    later = replace(new, starts_at=BEGIN + timedelta(days=2))
    assert set(_numbers("long_low_use", "low_days", REGISTRY, later).values()) == {7.0}


def test_a_meter_fitted_within_the_window_has_the_numbers_of_its_place_from_its_day_on() -> None:
    fitted = [
        replace(i, starts_at=BEGIN + timedelta(hours=6)) if i.meter == "b" else i
        for i in REGISTRY.installations
    ]
    own = Threshold(detector="long_low_use", parameter="low_days", value=9.0, service_point="B")
    found = _numbers("long_low_use", "low_days", replace(REGISTRY, installations=fitted), own)
    assert found == {"a": 7.0, "b": 9.0, "c": 7.0}


def test_a_rule_that_looks_at_meters_alone_sees_each_once_and_others_see_all() -> None:
    own = Threshold(detector="long_low_use", parameter="low_days", value=9.0, service_point="B")
    alone = _Seen("low_days")
    of_each_place(detectors.get("long_low_use")(), WINDOW, replace(REGISTRY, thresholds=[own]), alone)
    assert sorted(map(sorted, alone.looked_at)) == [["a", "c"], ["b"]]
    together = _Seen("days")
    of_area = replace(own, detector="topology", parameter="days", value=9.0)
    of_each_place(detectors.get("topology")(), WINDOW, replace(REGISTRY, thresholds=[of_area]), together)
    assert together.looked_at == [["a", "b", "c"]] * 2


def test_without_an_entry_the_rule_runs_once_on_the_window_itself() -> None:
    judge = _Seen("low_days")
    of_each_place(detectors.get("long_low_use")(), WINDOW, REGISTRY, judge)
    assert judge.looked_at == [["a", "b", "c"]]
