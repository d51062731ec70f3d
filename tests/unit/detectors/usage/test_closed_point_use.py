from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.contracts import Contract, Suspension, SuspensionKind
from pipeline.events import EventKind, MeterEvent
from pipeline.records import EventRecord, Records
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.fix_planted import METER, POINT, START, Planted, planted
from tests.planted_registers import with_thresholds

CLOSED = Window(starts_at=START + timedelta(days=6), ends_at=START + timedelta(days=12))


def _drawn(kw: float = 2.0, days: int = 14) -> Planted:
    return planted("closed_point_load", {"kw": kw}, window=CLOSED, days=days)


def _closed(case: Planted, until: datetime | None = CLOSED.ends_at) -> Registry:
    account = Suspension(
        id="S1", service_point=POINT, kind=SuspensionKind.CLOSED, starts_at=CLOSED.starts_at, ends_at=until
    )
    return replace(case.registry, suspensions=[account])


def test_use_after_the_account_was_closed_is_found_with_its_energy() -> None:
    case = _drawn()
    (episode,) = case.found("closed_point_use", _closed(case))
    assert (episode.starts_at, episode.ends_at) == (CLOSED.starts_at, CLOSED.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.01)
    assert episode.parameters["why"] == "account closed"
    penalty: Any = episode.evidence["penalty"]
    assert (penalty["energy_kwh"], penalty["days"]) == (episode.energy_kwh, 6)
    assert "three times" in penalty["basis"]
    assert episode.service_point == POINT


def test_it_goes_on_while_the_data_does() -> None:
    case = _drawn(days=12)
    (episode,) = case.found("closed_point_use", _closed(case, until=None))
    assert episode.ends_at is None


def test_use_after_the_last_contract_is_found() -> None:
    case = _drawn()
    ended = replace(case.registry, contracts=[Contract(service_point=POINT, ends_at=CLOSED.starts_at)])
    (episode,) = case.found("closed_point_use", ended)
    assert episode.parameters["why"] == "no contract in force"


def test_a_new_contract_and_a_point_without_any_are_innocent() -> None:
    case = _drawn()
    followed = [
        Contract(service_point=POINT, ends_at=CLOSED.starts_at),
        Contract(service_point=POINT, starts_at=CLOSED.starts_at),
    ]
    assert case.found("closed_point_use", replace(case.registry, contracts=followed)) == []
    assert case.found("closed_point_use") == []


def test_use_behind_an_open_relay_is_found_until_it_closes() -> None:
    case = _drawn()
    switched = [
        EventRecord(meter=METER, event=MeterEvent(kind=kind, number=1, starts_at=at))
        for kind, at in (
            (EventKind.RELAY_TRIP, CLOSED.starts_at),
            (EventKind.RELAY_CLOSE, CLOSED.ends_at - timedelta(days=2)),
        )
    ]
    with_events = replace(case, window=replace(case.window, records=Records(events=switched)))
    (episode,) = with_events.found("closed_point_use")
    assert episode.parameters["why"] == "relay open"
    assert episode.ends_at == CLOSED.ends_at - timedelta(days=2)


def test_next_to_nothing_is_innocent() -> None:
    case = _drawn(kw=0.002)
    assert case.found("closed_point_use", _closed(case)) == []


def test_estimated_use_opens_nothing() -> None:
    case = _drawn()
    estimated = replace(case.window, quality=np.full_like(case.window.quality, "E"))
    assert run(estimated, _closed(case), only=["closed_point_use"]) == []


def test_every_number_may_be_another_at_its_service_point() -> None:
    def found(parameter: str, value: float) -> int:
        case = _drawn()
        entry = Threshold(detector="closed_point_use", parameter=parameter, value=value, service_point=POINT)
        return len(case.found("closed_point_use", with_thresholds(_closed(case), entry)))

    assert (found("trigger_days", 6.0), found("trigger_days", 7.0)) == (1, 0)
    assert (found("trigger_kwh", 47.0), found("trigger_kwh", 49.0)) == (1, 0)


def test_a_day_known_in_part_ends_a_stretch_only_where_that_counts_as_whole() -> None:
    case = _drawn()
    kwh = case.window.import_kwh.copy()
    half = slice(8 * 96, 8 * 96 + 48)
    kwh[:, half] = np.nan
    kwh[:, 8 * 96 + 48 : 9 * 96] = 0.0
    window = replace(case.window, import_kwh=kwh, quality=np.where(np.isnan(kwh), "N", "A"))
    whole = Threshold(detector="closed_point_use", parameter="whole_coverage", value=0.4, service_point=POINT)
    parted = replace(case, window=window)
    assert len(parted.found("closed_point_use", _closed(case))) == 1
    assert len(parted.found("closed_point_use", with_thresholds(_closed(case), whole))) == 2
