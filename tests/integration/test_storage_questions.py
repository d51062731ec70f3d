"""What is stored comes back: archive, series, intervals, matrices, coverage, episodes, requests, days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.errors import StorageError
from pipeline.model import EVERYTHING, Episode, MeterId, Origin, Scope, Severity, Snapshot, Value, Verdict
from pipeline.ports import Unmatched
from pipeline.quantities import Group, Quantity
from pipeline.registry import (
    Area,
    Bus,
    Contract,
    Installation,
    Meter,
    MqttSource,
    Ratio,
    Registry,
    Schedule,
    ServicePoint,
    Suspension,
)
from pipeline.vee_records import Estimation, LoadProfile, Sense, Temperature, Total, TotalMember
from storage.coverage import (
    CoverageBy,
    CoverageLedger,
    coverage_summary,
    gaps_to_backfill,
    missing_slots,
    newest_slots,
)
from storage.database import Connection
from storage.episodes import EpisodeState, decide_episode, get_episode, list_episodes, save_episodes
from storage.intervals import IntervalColumns, interval_series, save_intervals
from storage.matrices import meter_matrix
from storage.readings import latest_values, reading_series
from storage.registry import load_registry, save_registry
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

Q = Quantity
M1, M2 = MeterId("M1"), MeterId("M2")
START = datetime(2026, 3, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)
END = START + 4 * SLOT
Arguments: TypeAlias = dict[str, Any]  # Any: keyword arguments that several questions share
NORTH = Scope(frozenset({"north"}))

REGISTRY = Registry(
    meters=[Meter(id=M1), Meter(id=M2, resolution=0.1)],
    installations=[
        Installation(meter=M1, service_point="SP1", bus="B1", address="1", profile="dlt645_2007"),
        Installation(
            meter=M2,
            service_point="SP2",
            profile="primary_meter",
            starts_at=START,
            opening={"active_energy_import": 0.4, "active_energy_import_t1": 0.0},
        ),
    ],
    ratios=[Ratio(meter=M1, ct=20.0), Ratio(meter=M1, ct=30.0, starts_at=START + 2 * SLOT)],
    service_points=[ServicePoint(id="SP1", area="north"), ServicePoint(id="SP2", area="south")],
    areas=[Area(id="north"), Area(id="south")],
    contracts=[Contract(service_point="SP1", capacity_kva=630.0, settlement_day=25)],
    totals=[Total(id="T", name="plant")],
    total_members=[
        TotalMember(total="T", meter=M1),
        TotalMember(total="T", meter=M2, sense=Sense.SUBTRACT),
        TotalMember(total="T", meter=M2, starts_at=START),
    ],
    load_profiles=[LoadProfile(id="L", working_day=(1.0, 2.0), day_off=(1.0,))],
    estimations=[Estimation(id="E", category="office", rules=("class profile",), profile="L")],
    temperatures=[Temperature(area="north", day=date(2026, 3, 1), mean_c=-3.5)],
    suspensions=[Suspension(id="S1", service_point="SP1", starts_at=START, ends_at=None)],
    transformers=[],
    area_members=[],
    work_orders=[],
    supplies=[],
    thresholds=[],
    buses=[Bus(id="B1", url="tcp://127.0.0.1:1")],
    schedules=[Schedule(group="register", every_s=900)],
    mqtt_sources=[
        MqttSource(id="G", topic="a/#", meters=("M2",)),
        MqttSource(
            id="H",
            topic="tele/+/SENSOR",
            dialect="tasmota",
            template="tele/{device}/SENSOR",
            devices={"plug": "M1"},
            quantities={"P": "active_power * 0.001"},
            zone=ZoneInfo("Europe/Berlin"),
            ask=False,
        ),
    ],
)


@pytest.fixture
def archive(database: Connection) -> Connection:
    save_registry(database, REGISTRY)
    return database


def reading(
    values: dict[Quantity, Value], meter: MeterId, at: datetime, origin: Origin = Origin.PRESENT
) -> Snapshot:
    return Snapshot(meter=meter, taken_at=at, received_at=at, values=values, origin=origin)


def test_the_archive_comes_back_equal_and_saving_it_again_changes_nothing(database: Connection) -> None:
    first = save_registry(database, REGISTRY)
    assert sum(first.values()) == 23
    assert load_registry(database) == REGISTRY
    assert sum(save_registry(database, REGISTRY).values()) == 0


def test_a_member_that_left_a_total_is_gone_though_another_began_at_the_same_time(
    archive: Connection,
) -> None:
    kept = [m for m in REGISTRY.total_members if m.meter == M1]
    assert save_registry(archive, replace(REGISTRY, total_members=kept))["total_member"] == 2
    assert load_registry(archive).total_members == kept


def test_a_corrected_date_replaces_the_wrong_installation(archive: Connection) -> None:
    first, second = REGISTRY.installations
    corrected = replace(REGISTRY, installations=[first, replace(second, starts_at=START + SLOT)])
    assert save_registry(archive, corrected)["installation"] == 2  # one removed, one added
    assert load_registry(archive) == corrected


def test_a_series_holds_a_span_of_its_quantities_by_meter_and_time(archive: Connection) -> None:
    writer = ReadingWriter(archive)
    writer.write([reading({Q.VOLTAGE_A: 220.0 + n}, M1, START + n * SLOT) for n in range(4)])
    writer.write([reading({Q.VOLTAGE_B: 230.0}, M2, START, Origin.PUSH)])
    span: Arguments = {"starts_at": START + SLOT, "ends_at": START + 3 * SLOT}
    series = reading_series(archive, [Q.VOLTAGE_A, Q.VOLTAGE_B], scope=EVERYTHING, **span)
    assert series.meters == ["M1"]
    np.testing.assert_array_equal(series.values[Q.VOLTAGE_A], [221, 222])
    np.testing.assert_array_equal(series.values[Q.VOLTAGE_B], [np.nan, np.nan])
    assert np.isnat(series.slot_at).all()
    whole = reading_series(archive, [Q.VOLTAGE_B], scope=EVERYTHING, starts_at=START, ends_at=END)
    assert whole.of(M2).values[Q.VOLTAGE_B].tolist() == [230]
    assert len(whole.of(M1)) == 0
    hidden = reading_series(archive, [Q.VOLTAGE_B], scope=NORTH, starts_at=START, ends_at=END)
    assert len(hidden) == 0
    with pytest.raises(StorageError, match="quantities of one table"):
        reading_series(archive, [Q.VOLTAGE_A, Q.ACTIVE_ENERGY_IMPORT], scope=EVERYTHING, **span)


def test_the_newest_value_of_each_quantity_is_found(archive: Connection) -> None:
    stamp = (START - SLOT).timestamp()
    ReadingWriter(archive).write(
        [
            reading({Q.VOLTAGE_A: 220.0, Q.STATUS_WORDS: (1.0, 2.0)}, M1, START),
            reading({Q.VOLTAGE_A: 221.0, Q.MAX_DEMAND_IMPORT_AT: stamp}, M1, START + SLOT),
        ]
    )
    wanted = [Q.VOLTAGE_A, Q.STATUS_WORDS, Q.MAX_DEMAND_IMPORT_AT]
    found = latest_values(archive, wanted, scope=NORTH, since=START)
    assert [(v.quantity, v.value) for v in found] == list(
        zip(wanted, [221.0, (1.0, 2.0), stamp], strict=True)
    )
    assert latest_values(archive, wanted, scope=Scope(frozenset({"south"})), since=START) == []


def some_intervals(*energies: float, quality: str = "AAAA") -> IntervalColumns:
    n = len(energies)
    return IntervalColumns(
        meters=[M1] * n,
        starts_at=np.datetime64("2026-03-01T00:00", "us") + np.arange(n) * np.timedelta64(15, "m"),
        minutes=np.full(n, 15, dtype=np.int16),
        quality=np.array(list(quality[:n])),
        energies={"import_kwh": np.array(energies)},
    )


def test_an_interval_gets_a_new_version_only_when_something_changed(archive: Connection) -> None:
    assert save_intervals(archive, some_intervals(1, 2, np.nan), computed_at=START) == 3
    assert save_intervals(archive, some_intervals(1, 2, np.nan), computed_at=END) == 0
    assert save_intervals(archive, some_intervals(1, 2.5, 3), computed_at=END) == 2
    series = interval_series(archive, scope=EVERYTHING, starts_at=START, ends_at=END)
    assert series.versions is not None
    assert series.versions.tolist() == [0, 1, 1]
    assert series.energies["import_kwh"].tolist() == [1, 2.5, 3]
    assert np.isnan(series.energies["export_kwh"]).all()
    assert len(interval_series(archive, scope=EVERYTHING, starts_at=START, ends_at=END, minutes=60)) == 0
    day = archive.execute("SELECT import_kwh, slots_known, slots FROM energy_day").fetchall()
    assert day == [(6.5, 3, 3)]


def test_intervals_of_unknown_meters_are_refused_by_name(archive: Connection) -> None:
    with pytest.raises(StorageError, match="not in the archive: stranger"):
        save_intervals(archive, replace(some_intervals(1), meters=[MeterId("stranger")]), computed_at=START)


def test_a_matrix_is_on_the_primary_side_with_the_ratio_of_each_slot(archive: Connection) -> None:
    save_intervals(archive, some_intervals(1, 2, np.nan, 4, quality="AENA"), computed_at=END)
    ReadingWriter(archive).write(
        [
            reading({Q.ACTIVE_POWER: 1.0}, M1, START),
            reading({Q.ACTIVE_POWER: 2.0}, M1, START, Origin.LOAD_RECORD),
            reading({Q.ACTIVE_POWER: 3.0}, M1, START + 2 * SLOT),
            reading({Q.ACTIVE_POWER: 9.0}, M1, START + 2 * SLOT + timedelta(minutes=5)),
            reading({Q.ACTIVE_POWER: 7.0, Q.VOLTAGE_A: 220.0}, M2, START + SLOT),
            reading({Q.ACTIVE_POWER: 8.0}, M2, START, Origin.DAILY_FREEZE),
        ]
    )
    matrix = meter_matrix(
        archive,
        REGISTRY,
        scope=EVERYTHING,
        starts_at=START,
        ends_at=END,
        minutes=15,
        meters=[M2, M1],
        quantities=[Q.VOLTAGE_A],
        primary_profiles=frozenset({"primary_meter"}),
    )
    nan = np.nan
    np.testing.assert_array_equal(matrix.import_kwh, [[nan] * 4, [1, 2, nan, 4]])
    np.testing.assert_array_equal(matrix.quality, [["N"] * 4, ["A", "E", "N", "A"]])
    np.testing.assert_array_equal(matrix.power_kw, [[nan, 7, nan, nan], [40, nan, 90, nan]])
    np.testing.assert_array_equal(matrix.values[Q.VOLTAGE_A], [[nan, 220, nan, nan], [nan] * 4])
    np.testing.assert_allclose(matrix.step_kwh, [0.1, 0.3])


def entry(
    slot: int, status: CoverageStatus, meter: MeterId = M1, cause: Cause | None = None
) -> CoverageEntry:
    return CoverageEntry(
        meter=meter, group=Group.REGISTER, slot_at=START + slot * SLOT, status=status, cause=cause
    )


def test_a_better_status_replaces_a_worse_one_and_never_the_other_way_round(archive: Connection) -> None:
    ledger = CoverageLedger(archive)
    missing = entry(0, CoverageStatus.MISSING, cause=Cause.NO_ANSWER)
    ledger.record(
        [missing, entry(1, CoverageStatus.GOT), entry(0, CoverageStatus.MISSING, MeterId("stranger"))]
    )
    ledger.record([missing, entry(1, CoverageStatus.MISSING, cause=Cause.LINK)])
    ledger.record([entry(2, CoverageStatus.MISSING), entry(2, CoverageStatus.LATE)])
    span: Arguments = {"scope": EVERYTHING, "starts_at": START, "ends_at": END}
    assert missing_slots(archive, **span) == [missing]
    assert [g.slots for g in gaps_to_backfill(archive, buses=["B1"], **span)] == [(START,)]
    assert gaps_to_backfill(archive, buses=["B2"], **span) == []
    ledger.record([entry(0, CoverageStatus.BACKFILLED)])
    assert missing_slots(archive, **span) == []
    (share,) = coverage_summary(archive, CoverageBy.BUS, **span)
    assert (share.key, share.expected, share.got, share.late, share.backfilled) == ("B1", 3, 1, 1, 1)
    assert share.share == 1.0


def test_the_newest_slot_of_each_group_is_one_that_somebody_tried_to_read(archive: Connection) -> None:
    CoverageLedger(archive).record(
        [
            entry(0, CoverageStatus.GOT),
            entry(1, CoverageStatus.MISSING, cause=Cause.NO_ANSWER),
            entry(2, CoverageStatus.BACKFILLED),
            replace(entry(0, CoverageStatus.LATE), group=Group.ELECTRICAL),
            entry(0, CoverageStatus.GOT, M2),
        ]
    )
    before = START - SLOT
    assert newest_slots(archive, [M1, MeterId("stranger")], since=before) == {
        (M1, Group.REGISTER): START + SLOT,
        (M1, Group.ELECTRICAL): START,
    }
    assert newest_slots(archive, [M1, M2], since=START) == {(M1, Group.REGISTER): START + SLOT}


def test_coverage_is_counted_by_bus_profile_area_and_local_day_within_the_scope(archive: Connection) -> None:
    CoverageLedger(archive).record(
        [entry(0, CoverageStatus.GOT), entry(80, CoverageStatus.MISSING), entry(0, CoverageStatus.GOT, M2)]
    )
    span: Arguments = {"starts_at": START, "ends_at": START + timedelta(days=2)}

    def keys(by: CoverageBy, scope: Scope = EVERYTHING) -> list[tuple[str, int]]:
        return [(s.key, s.expected) for s in coverage_summary(archive, by, scope=scope, **span)]

    assert keys(CoverageBy.BUS) == [("", 1), ("B1", 2)]
    assert keys(CoverageBy.PROFILE) == [("dlt645_2007", 2), ("primary_meter", 1)]
    assert keys(CoverageBy.AREA) == [("north", 2), ("south", 1)]
    assert keys(CoverageBy.AREA, NORTH) == [("north", 2)]
    assert keys(CoverageBy.DAY) == [("2026-03-01", 2), ("2026-03-02", 1)]  # 20:00 UTC is 04:00 in Shanghai


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
    assert decide_episode(archive, "e1", state=EpisodeState.CONFIRMED, decided_at=END, note="seen on site")
    ended = replace(EPISODE, ends_at=END)
    assert save_episodes(archive, [ended]).amended == 1
    stored = get_episode(archive, "e1")
    assert stored is not None
    assert stored.episode == ended
    assert (stored.state, stored.note) == (EpisodeState.CONFIRMED, "seen on site")
    assert get_episode(archive, "none") is None
    assert not decide_episode(archive, "none", state=EpisodeState.CLOSED, decided_at=END)


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
    assert apply_retention(archive, now) == {}
    set_retention(archive, "electrical_reading", timedelta(days=30))
    assert retention(archive)["electrical_reading"] == timedelta(days=30)
    assert apply_retention(archive, now) == {"electrical_reading": 1}
    left = archive.execute("SELECT taken_at FROM electrical_reading").fetchall()
    assert left == [(START + timedelta(days=90),)]
    with pytest.raises(StorageError, match="no retention for 'meter'"):
        set_retention(archive, "meter", None)
