"""What is stored comes back: archive, series, intervals, matrices, coverage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.errors import StorageError
from pipeline.model import EVERYTHING, MeterId, Origin, Scope
from pipeline.quantities import Group
from storage.coverage import (
    CoverageBy,
    CoverageLedger,
    coverage_summary,
    gaps_to_backfill,
    missing_slots,
    newest_slots,
)
from storage.database import Connection
from storage.intervals import IntervalColumns, interval_series, save_intervals
from storage.matrices import meter_matrix
from storage.readings import latest_values, reading_series
from storage.registry import load_registry, save_registry
from storage.writer import ReadingWriter
from tests.fix_filed_archive import END, M1, M2, NORTH, REGISTRY, SLOT, START, Arguments, Q, reading


def test_the_archive_comes_back_equal_and_saving_it_again_changes_nothing(database: Connection) -> None:
    first = save_registry(database, REGISTRY)
    assert sum(first.changed.values()) == 26
    assert load_registry(database) == REGISTRY
    assert sum(save_registry(database, REGISTRY).changed.values()) == 0


def test_a_member_that_left_a_total_is_gone_though_another_began_at_the_same_time(
    archive: Connection,
) -> None:
    kept = [m for m in REGISTRY.total_members if m.meter == M1]
    assert save_registry(archive, replace(REGISTRY, total_members=kept)).changed["total_member"] == 2
    assert load_registry(archive).total_members == kept


def test_a_corrected_date_replaces_the_wrong_installation(archive: Connection) -> None:
    first, second = REGISTRY.installations
    corrected = replace(REGISTRY, installations=[first, replace(second, starts_at=START + SLOT)])
    assert save_registry(archive, corrected).changed["installation"] == 2  # one removed, one added
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
