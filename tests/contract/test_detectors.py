"""Promises that every detector keeps, run over all of them."""

from __future__ import annotations

import copy
import dataclasses
import json
import string
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.catalogue import about, category, detectors, parameters_of
from detectors.engine import run
from detectors.suppression import OUTAGE, in_order
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract, Suspension, SuspensionKind
from pipeline.messages import DETECTOR_TEXTS, MESSAGES, render, summary
from pipeline.model import Episode, MeterId, Verdict
from pipeline.quantities import Kind, Quantity
from pipeline.registry import Installation, Meter, Registry, Wiring
from simulators.faults.deed import deeds
from simulators.faults.detector_numbers import DETECTORS
from tests.fix_area import AREA_DEEDS, FAULT_FROM, planted_area
from tests.fix_planted import FAULT, POINT, Planted, deeds_of_detectors
from tests.learnt_cases import AS_FILED, case_for

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
SLOTS = 5 * 96
METERS = [MeterId(f"m{number}") for number in range(6)]
NUMBERS = [q for q in Quantity if q.kind in {Kind.COUNTER, Kind.REAL}]
REGISTRY = Registry(
    meters=tuple(
        Meter(id=meter, wiring=list(Wiring)[number % 3], rated_voltage_v=220.0)
        for number, meter in enumerate(METERS)
    ),
    installations=tuple(Installation(meter=meter, service_point=f"P{meter}") for meter in METERS),
    contracts=tuple(Contract(service_point=f"P{meter}", capacity_kva=100.0) for meter in METERS),
    suspensions=tuple(
        Suspension(
            id=f"S{meter}",
            service_point=f"P{meter}",
            starts_at=BEGIN + timedelta(days=1),
            ends_at=BEGIN + timedelta(days=4),
            remaining_kva=10.0 * (number % 2),
        )
        for number, meter in enumerate(METERS)
    ),
)

each_detector = pytest.mark.parametrize("name", sorted(detectors.all()))
each_detector_of_data = pytest.mark.parametrize(
    "name", sorted(name for name in detectors.all() if not about(name).needs.is_archive_alone)
)


def _matrix(values: np.ndarray, meters: list[MeterId] = METERS) -> MeterMatrix:
    """Every quantity, the energy and the power, all of the same values: shape (meters, slots)."""
    starts_at = np.datetime64(BEGIN.replace(tzinfo=None), "us") + np.arange(SLOTS) * np.timedelta64(
        900_000_000, "us"
    )
    return MeterMatrix(
        meters=meters,
        starts_at=starts_at,
        minutes=15,
        values={q: values.astype(np.float32) for q in NUMBERS},
        import_kwh=values / 50.0,
        quality=np.where(np.isnan(values), "N", "A"),
        step_kwh=np.full(len(meters), 0.01),
        power_kw=values / 12.5,
    )


def _eventful() -> MeterMatrix:
    """Values around 220 with long excursions and gaps, so that detectors have something to say."""
    random = np.random.default_rng(7)
    values = 220.0 + random.normal(0.0, 3.0, (len(METERS), SLOTS))
    for row in range(len(METERS)):
        for first in random.integers(100, SLOTS - 20, 4):
            values[row, first : first + 10] += random.choice([-40.0, 40.0])
    values[random.random(values.shape) < 0.02] = np.nan
    return _matrix(values)


def _found(name: str, window: MeterMatrix, registry: Registry = REGISTRY) -> list[Episode]:
    return list(detectors.get(name)().detect(window, registry))


@each_detector
def test_stays_silent_on_no_data(name: str) -> None:
    nothing = MeterMatrix(
        meters=[],
        starts_at=_eventful().starts_at,
        minutes=15,
        values={},
        import_kwh=np.zeros((0, SLOTS)),
        quality=np.zeros((0, SLOTS), dtype="U1"),
        step_kwh=np.zeros(0),
        power_kw=np.zeros((0, SLOTS)),
    )
    assert _found(name, nothing) == []


@each_detector
def test_stays_silent_where_there_are_no_slots(name: str) -> None:
    full = _eventful()
    empty = dataclasses.replace(
        full,
        starts_at=full.starts_at[:0],
        values={q: v[:, :0] for q, v in full.values.items()},
        import_kwh=full.import_kwh[:, :0],
        quality=full.quality[:, :0],
        power_kw=full.power_kw[:, :0],
    )
    assert _found(name, empty) == []


@each_detector_of_data
def test_gaps_alone_are_never_abnormal(name: str) -> None:
    gaps = _matrix(np.full((len(METERS), SLOTS), np.nan))
    assert all(e.verdict is Verdict.UNKNOWN for e in _found(name, gaps))


@each_detector
def test_an_empty_archive_is_never_abnormal(name: str) -> None:
    assert all(e.verdict is not Verdict.ABNORMAL for e in _found(name, _eventful(), Registry()))


def closed(case: Planted) -> Registry:
    """The archive of a customer who has nothing: what he draws is wrong in every respect."""
    nothing = Suspension(
        id="S1",
        service_point=POINT,
        kind=SuspensionKind.CLOSED,
        starts_at=FAULT.starts_at - timedelta(days=1),
        ends_at=None,
    )
    return dataclasses.replace(case.registry, suspensions=[*case.registry.suspensions, nothing])


PLANTED = [
    # A class is known by more customers than the planted area has: its own test has them.
    (name, deed)
    for name, deed in deeds_of_detectors()
    if name != "tariff_class"
]


@pytest.mark.parametrize(("name", "deed"), PLANTED)
def test_it_finds_what_is_planted_for_it(name: str, deed: str) -> None:
    if deed in AREA_DEEDS:
        found = planted_area(deed).found(name)
        assert any(episode.ends_at is None or episode.ends_at > FAULT_FROM for episode in found)
        return
    wiring = deeds.get(deed).wirings[0]
    case = case_for(name, deed, wiring)
    begins, ends = case.truth.starts_at, case.truth.ends_at
    assert any(
        (ends is None or episode.starts_at < ends) and (episode.ends_at is None or begins < episode.ends_at)
        for episode in case.found(name, case.registry if name in AS_FILED else closed(case))
    )


@each_detector
def test_the_same_window_gives_the_same_episodes(name: str) -> None:
    assert _found(name, _eventful()) == _found(name, _eventful())


@each_detector
def test_what_is_handed_in_stays_as_it_is(name: str) -> None:
    window = _eventful()
    before = copy.deepcopy(window)
    for array in (window.import_kwh, window.power_kw, window.quality, *window.values.values()):
        array.setflags(write=False)
    _found(name, window)
    np.testing.assert_array_equal(window.import_kwh, before.import_kwh)
    for quantity, values in window.values.items():
        np.testing.assert_array_equal(values, before.values[quantity])


@each_detector
def test_the_order_of_meters_changes_nothing(name: str) -> None:
    window = _eventful()
    order = np.array([3, 0, 5, 2, 4, 1])
    mixed = dataclasses.replace(
        window,
        meters=[METERS[row] for row in order],
        values={q: v[order] for q, v in window.values.items()},
        import_kwh=window.import_kwh[order],
        quality=window.quality[order],
        power_kw=window.power_kw[order],
    )
    assert _found(name, mixed) == _found(name, window)


@each_detector
def test_episodes_are_complete_and_consistent(name: str) -> None:
    detector = detectors.get(name)()
    episodes = detector.detect(_eventful(), REGISTRY)
    window_end = BEGIN + timedelta(days=5)
    assert len({e.id for e in episodes}) == len(episodes)
    for episode in episodes:
        assert (episode.detector, episode.version) == (name, detector.about.version)
        assert BEGIN <= episode.starts_at < (episode.ends_at or window_end) <= window_end
        assert episode.starts_at < episode.detected_at <= window_end
        assert 0.0 <= episode.score <= 1.0
        assert episode.message in detector.about.messages


@each_detector
def test_evidence_is_plain_json(name: str) -> None:
    for episode in _found(name, _eventful()):
        text = json.dumps({"p": episode.parameters, "e": episode.evidence}, allow_nan=False)
        assert len(text) < 500_000


@each_detector
def test_its_messages_render_in_both_languages(name: str) -> None:
    for episode in _found(name, _eventful()):
        assert summary(episode) == render(episode.message, episode.parameters, "en")
        assert render(episode.message, episode.parameters, "zh-CN") != summary(episode)


@each_detector
def test_it_tells_where_its_numbers_come_from(name: str) -> None:
    detector = detectors.get(name)()
    assert detector.about.name == name
    assert list(parameters_of(detector))
    for parameter in parameters_of(detector):
        assert getattr(detector, parameter.name) == parameter.default
        assert parameter.source
        assert parameter.unit
        assert parameter.tag in {"S", "D", "M", "own"}
    assert set(detector.about.messages) <= set(MESSAGES)


@each_detector
def test_its_name_and_number_are_those_of_the_catalogue(name: str) -> None:
    assert DETECTORS[name] == about(name).number


@each_detector
def test_what_suppresses_it_is_a_detector_of_the_catalogue_or_an_outage(name: str) -> None:
    assert set(about(name).suppressed_by) <= {*detectors.all(), *DETECTORS, OUTAGE}
    assert in_order([name])[-1] == name


@each_detector
def test_people_are_told_its_name_and_what_would_clear_it(name: str) -> None:
    texts = DETECTOR_TEXTS[name]
    for template in (texts.name, texts.clears):
        assert template.en
        assert template.zh
        assert template.zh != template.en


@each_detector
def test_its_folder_is_a_category(name: str) -> None:
    assert category(name) in {"metering", "usage", "area", "quality", "load"}


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_both_languages_of_a_message_take_the_same_parameters(key: str) -> None:
    template = MESSAGES[key]
    wanted = [
        sorted((field, spec) for _, field, spec, _ in string.Formatter().parse(text) if field)
        for text in (template.en, template.zh)
    ]
    assert wanted[0] == wanted[1]


def test_the_engine_runs_all_of_them() -> None:
    found = run(_eventful(), REGISTRY)
    each = {name: run(_eventful(), REGISTRY, only=[name]) for name in detectors.all()}
    assert found
    assert found == sorted(
        (episode for episodes in each.values() for episode in episodes),
        key=lambda e: (e.starts_at, e.detector, e.meter, e.id),
    )
    assert [e.starts_at for e in found] == sorted(e.starts_at for e in found)
