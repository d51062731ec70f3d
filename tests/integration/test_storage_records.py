"""What is stored comes back: episodes, requests, unmatched messages, figures of days, retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.errors import StorageError
from pipeline.model import EVERYTHING, Episode, Severity, Verdict
from pipeline.ports import Unmatched
from storage.database import Connection
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState, get_episode, list_episodes, save_episodes
from storage.load_months import LoadMonth, list_load_months, save_load_months, shapes_of_month
from storage.requests import file_request, get_request, release_requests, serve_request, take_requests
from storage.retention import apply_retention, retention, set_retention
from storage.statistics import (
    LoadDay,
    VoltageDay,
    list_load_days,
    list_voltage_days,
    save_load_days,
    save_voltage_days,
)
from storage.unmatched import KEYS_KEPT, OTHER_KEYS, UnmatchedStore, forget_unmatched, list_unmatched
from storage.writer import ReadingWriter
from tests.fix_filed_archive import END, M1, M2, NORTH, SLOT, START, Arguments, Q, reading

EPISODE = Episode(
    id="e1",
    detector="suspended_load",
    version=1,
    meter=M1,
    service_point="SP1",
    starts_at=START,
    ends_at=None,
    detected_at=END,
    verdict=Verdict.ABNORMAL,
    severity=Severity.MAJOR,
    score=0.9,
    energy_kwh=12.5,
    message="episode.suspended_load",
    parameters={"max_kw": 3.5},
    evidence={"days": ["2026-03-01"], "curve": [1.0, None]},
)


def test_an_episode_is_amended_under_its_id_and_peoples_fields_stay(archive: Connection) -> None:
    assert save_episodes(archive, [EPISODE]).added == 1
    assert save_episodes(archive, [EPISODE]).unchanged == 1
    change = EpisodeChange(at=END, person="crew", deed="confirmed", detail="seen on site")
    fields = NewFields(state=EpisodeState.CONFIRMED, note="seen on site")
    assert change_episode(archive, "e1", fields, change, revision=0)
    ended = replace(EPISODE, ends_at=END)
    assert save_episodes(archive, [ended]).amended == 1
    stored = get_episode(archive, "e1")
    assert stored is not None
    assert stored.episode == ended
    assert (stored.state, stored.note) == (EpisodeState.CONFIRMED, "seen on site")
    assert get_episode(archive, "none") is None
    assert not change_episode(archive, "none", fields, change, revision=None)
    assert not change_episode(archive, "e1", fields, change, revision=0)


def test_episodes_are_listed_by_what_is_asked_within_the_scope(archive: Connection) -> None:
    other = replace(EPISODE, id="e2", meter=M2, service_point="SP2", starts_at=END, verdict=Verdict.UNKNOWN)
    save_episodes(archive, [EPISODE, other])

    def ids(**wanted: Any) -> list[str]:  # Any: arguments of one question
        scope = wanted.pop("scope", EVERYTHING)
        return [s.episode.id for s in list_episodes(archive, scope=scope, **wanted)]

    assert ids() == ["e2", "e1"]
    assert ids(scope=NORTH) == ["e1"]
    assert ids(verdict=Verdict.UNKNOWN) == ["e2"]
    assert ids(meters=[M1]) == ["e1"]
    assert ids(overlaps=(START, END)) == ["e1"]
    assert ids(state=EpisodeState.CLOSED) == []


def test_a_request_is_taken_once_and_served_with_a_result_or_an_error(archive: Connection) -> None:
    first = file_request(
        archive, bus="B1", kind="present", filed_by="page", meter="M1", quantities=["voltage_a"]
    )
    second = file_request(archive, bus="B1", kind="backfill", filed_by="flow", starts_at=START, ends_at=END)
    assert [r.id for r in take_requests(archive, ["B1"], taken_by="owner")] == [first, second]
    assert take_requests(archive, ["B1"], taken_by="other") == []
    serve_request(archive, first, result={"readings": 1})
    assert get_request(archive, first).result == {"readings": 1}
    assert release_requests(archive, ["B1"]) == 1
    assert [r.id for r in take_requests(archive, ["B1"], taken_by="other")] == [second]
    serve_request(archive, second, error="the bus is down")
    assert get_request(archive, second).error == "the bus is down"
    with pytest.raises(StorageError, match="there is no read request 999"):
        get_request(archive, 999)


def test_a_request_that_waited_for_days_is_not_read_any_more(archive: Connection) -> None:
    old, fresh = (file_request(archive, bus="B1", kind="present", filed_by="page") for _ in range(2))
    archive.execute("UPDATE read_request SET filed_at = now() - interval '9 days' WHERE id = %s", (old,))
    assert [r.id for r in take_requests(archive, ["B1"], taken_by="owner")] == [fresh]


def test_unmatched_messages_are_counted_in_full_and_kept_bounded(archive: Connection) -> None:
    store = UnmatchedStore(archive)
    message = Unmatched(received_at=START, source="a/b", reason="unknown field", key="x", payload=b"old")
    store.keep([message, replace(message, received_at=END, payload=b"n" * 5000)])
    store.keep([replace(message, received_at=START - SLOT)])
    (kept,) = list_unmatched(archive)
    assert (kept.messages, kept.first_seen_at, kept.last_seen_at) == (3, START - SLOT, END)
    assert kept.last_payload == b"n" * 2048
    store.keep([replace(message, key=f"k{n}") for n in range(KEYS_KEPT + 5)])
    rows = {row.key: row.messages for row in list_unmatched(archive, limit=5000)}
    assert len(rows) == KEYS_KEPT + 1
    assert rows[OTHER_KEYS] == 6
    assert forget_unmatched(archive, source="a/b", reason="unknown field", key="x")


def test_the_figures_of_a_day_replace_older_ones(archive: Connection) -> None:
    load = LoadDay(
        service_point="SP1",
        day=date(2026, 3, 1),
        max_kw=10.0,
        max_at=START,
        min_kw=None,
        mean_kw=5.0,
        energy_kwh=120.0,
        load_factor=0.5,
        coverage=1.0,
    )
    save_load_days(archive, [replace(load, max_kw=1.0), load])
    wanted: Arguments = {"first": load.day, "last": load.day}
    assert list_load_days(archive, scope=NORTH, **wanted) == [load]
    assert list_load_days(archive, scope=NORTH, service_points=["SP2"], **wanted) == []
    month = LoadMonth(
        kind="service_point",
        subject="SP1",
        month=date(2026, 3, 1),
        coverage=0.9,
        energy_kwh=None,
        max_kw=10.0,
        max_at=START,
        load_factor=None,
        detail={"wants": {"tariff": "[[contract]]"}},
    )
    total = replace(month, kind="total", subject="T")
    area, other = (replace(month, kind="area", subject=name) for name in ("north", "south"))
    meter = replace(month, kind="meter", subject=str(M1))
    save_load_months(archive, [replace(month, max_kw=1.0), month, total, area, other, meter])
    assert list_load_months(archive, scope=NORTH, **wanted) == [area, meter, month]
    assert len(list_load_months(archive, scope=EVERYTHING, **wanted)) == 5
    save_load_months(archive, [replace(total, detail={"shape": {"shape": "office"}})])
    assert shapes_of_month(archive, month.month) == {("total", "T"): "office"}
    save_load_months(archive, [total])
    assert list_load_months(archive, scope=EVERYTHING, kinds=["total"], **wanted) == [total]
    voltage = VoltageDay(
        meter=M2,
        day=load.day,
        phase="a",
        qualified_share=0.99,
        minutes_monitored=1440.0,
        minutes_over=10.0,
        minutes_under=4.0,
        highest_v=240.0,
        highest_at=START,
        lowest_v=None,
        lowest_at=None,
        coverage=1.0,
    )
    save_voltage_days(archive, [voltage])
    assert list_voltage_days(archive, scope=EVERYTHING, **wanted) == [voltage]
    assert list_voltage_days(archive, scope=NORTH, **wanted) == []


def test_nothing_is_dropped_until_a_retention_is_set(archive: Connection) -> None:
    writer = ReadingWriter(archive)
    writer.write(
        [reading({Q.VOLTAGE_A: 1.0}, M1, START), reading({Q.VOLTAGE_A: 1.0}, M1, START + timedelta(90))]
    )
    now = START + timedelta(days=100)
    of_itself = {"incident": 0, "notification": 0, "raw_frame": 0}
    assert apply_retention(archive, now) == of_itself
    set_retention(archive, "electrical_reading", timedelta(days=30))
    assert retention(archive)["electrical_reading"] == timedelta(days=30)
    assert apply_retention(archive, now) == {"electrical_reading": 1, **of_itself}
    left = archive.execute("SELECT taken_at FROM electrical_reading").fetchall()
    assert left == [(START + timedelta(days=90),)]
    with pytest.raises(StorageError, match="no retention for 'meter'"):
        set_retention(archive, "meter", None)
