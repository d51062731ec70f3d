"""The ledger's sums by day equal the ledger, whoever writes there, and tell how a fleet stands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import EVERYTHING, Origin
from pipeline.quantities import Group
from storage.coverage import CoverageLedger, mark_misplaced, mark_not_stored
from storage.dashboard_coverage import last_cycle_counts, missing_causes, missing_runs
from storage.database import Connection, connect
from storage.fleet_standings import meter_standings
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_filed_archive import M1, M2, NORTH, REGISTRY, SLOT, START, Q, reading

AGAIN = """
SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status::text,
       coalesce(c.cause, ''), count(*)::int
FROM coverage AS c JOIN meter AS m USING (meter_id) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
KEPT = """
SELECT meter_id, day, quantity_group, status::text, cause, reads
FROM coverage_day WHERE reads <> 0 ORDER BY 1, 2, 3, 4, 5
"""
NOW = START + 8 * SLOT


def entry(
    slot: int,
    status: CoverageStatus = CoverageStatus.GOT,
    cause: Cause | None = None,
    meter: str = M1,
    group: Group = Group.REGISTER,
) -> CoverageEntry:
    return CoverageEntry(
        meter=M1 if meter == M1 else M2,
        group=group,
        slot_at=START + slot * SLOT,
        status=status,
        cause=cause,
        attempts=1,
    )


def silent_for(slots: range) -> list[CoverageEntry]:
    return [entry(n, CoverageStatus.MISSING, Cause.NO_ANSWER) for n in slots]


def test_the_sums_follow_the_ledger_through_all_that_happens_to_it(archive: Connection) -> None:
    ledger = CoverageLedger(archive)
    # 64 slots from 08:00 in Shanghai: the 65th stands on the next local day.
    ledger.record([entry(n) for n in range(40)] + silent_for(range(40, 70)))
    assert len({row[1] for row in archive.execute(KEPT)}) == 2
    ledger.record([entry(n, CoverageStatus.BACKFILLED) for n in range(41, 50)])
    mark_misplaced(archive, [M1], starts_at=START + 50 * SLOT, ends_at=START + 52 * SLOT)
    mark_not_stored(archive, [M1], starts_at=START + 52 * SLOT, ends_at=START + 54 * SLOT)
    archive.execute("DELETE FROM coverage WHERE slot_at < %s", (START + 3 * SLOT,))
    assert archive.execute(KEPT).fetchall() == archive.execute(AGAIN).fetchall()
    assert sum(row[-1] for row in archive.execute(KEPT)) == 67


def test_the_sums_move_to_the_days_of_a_new_zone(archive: Connection) -> None:
    ledger = CoverageLedger(archive)
    ledger.record([entry(n) for n in range(70)] + [entry(n, meter=M2) for n in range(3)])
    # 00:00 to 17:30 UTC: 64 slots end with the day in Shanghai, all 70 lie within the day in London.
    assert [row[-1] for row in archive.execute(KEPT)] == [64, 6, 3]
    archive.execute("UPDATE meter SET zone = 'Europe/London' WHERE id = %s", (M1,))
    assert [row[-1] for row in archive.execute(KEPT)] == [70, 3]
    ledger.record([entry(n, CoverageStatus.BACKFILLED) for n in range(70, 72)])
    assert archive.execute(KEPT).fetchall() == archive.execute(AGAIN).fetchall()


def test_the_ledger_is_open_to_others_until_an_import_of_new_zones_ends(
    archive: Connection, any_database_url: str
) -> None:
    ledger = CoverageLedger(archive)
    ledger.record([entry(n) for n in range(70)] + [entry(n, meter=M2) for n in range(70)])
    with connect(any_database_url) as collector:
        collector.execute("SET lock_timeout = '10s'")
        with archive.transaction():
            for meter in (M1, M2):
                archive.execute("UPDATE meter SET zone = 'Europe/London' WHERE id = %s", (meter,))
            CoverageLedger(collector).record([entry(n) for n in range(70, 80)])
            ledger.record([entry(n, CoverageStatus.BACKFILLED) for n in range(80, 82)])
    assert archive.execute(KEPT).fetchall() == archive.execute(AGAIN).fetchall()
    assert archive.execute("SELECT count(*) FROM coverage_rezone").fetchone() == (0,)


def test_writers_who_move_lines_there_and_back_do_not_wait_for_one_another(
    plain_database_url: str,
) -> None:
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
        CoverageLedger(connection).record([entry(n, CoverageStatus.MISSING) for n in (0, 1)])
    together = Barrier(2)

    def moved(slot: int) -> None:
        with connect(plain_database_url) as connection:
            for n in range(150):
                together.wait(20)
                connection.execute(
                    "UPDATE coverage SET status = %s WHERE slot_at = %s",
                    ("got" if (n + slot) % 2 else "missing", START + slot * SLOT),
                )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(moved, (0, 1)))
    with connect(plain_database_url) as connection:
        assert connection.execute(KEPT).fetchall() == connection.execute(AGAIN).fetchall()


def test_a_standing_adds_up_the_local_day_and_knows_the_newest_slot(archive: Connection) -> None:
    CoverageLedger(archive).record(
        [
            *(entry(n) for n in range(6)),
            entry(6, CoverageStatus.LATE),
            *silent_for(range(7, 9)),
            entry(-40),  # 22:00 of the day before
        ]
    )
    standing, other = meter_standings(archive, scope=EVERYTHING, now=NOW, silent=timedelta(hours=1))
    assert (standing.due, standing.in_time, standing.late, standing.arrived) == (9, 6, 1, 7)
    assert standing.newest_at == START + 6 * SLOT
    assert (other.due, other.newest_at) == (0, None)


def test_a_meter_outside_the_ledger_stands_by_its_newest_reading(archive: Connection) -> None:
    CoverageLedger(archive).record([entry(0)])
    writer = ReadingWriter(archive)
    writer.write([reading({Q.VOLTAGE_A: 220.0}, M1, START + 5 * SLOT, Origin.PUSH)])
    writer.write([reading({Q.VOLTAGE_A: 220.0}, M2, START + SLOT, Origin.PUSH)])
    found = meter_standings(archive, scope=EVERYTHING, now=NOW, silent=timedelta(hours=1))
    assert [s.newest_at for s in found] == [START + 5 * SLOT, START + SLOT]


def test_standings_are_searched_and_stay_within_the_callers_areas(archive: Connection) -> None:
    silent = timedelta(hours=1)
    everything = meter_standings(archive, scope=EVERYTHING, now=NOW, silent=silent)
    north = meter_standings(archive, scope=NORTH, now=NOW, silent=silent)
    assert [s.meter for s in everything] == [M1, M2]
    assert {s.area for s in north} == {"north"}
    searched = meter_standings(archive, scope=EVERYTHING, now=NOW, silent=silent, search=M2.lower())
    assert [s.meter for s in searched] == [M2]


def test_the_last_cycle_is_the_newest_slot_of_each_bus_and_group_by_how_it_ended(archive: Connection) -> None:
    ledger = CoverageLedger(archive)
    ledger.record([entry(0), entry(1, CoverageStatus.MISSING, Cause.NO_ANSWER), entry(0, meter=M2)])
    counts = last_cycle_counts(archive, scope=EVERYTHING, now=NOW)
    by_bus = {(c.bus, c.status): c.reads for c in counts}
    assert by_bus[("B1", "missing")] == 1
    assert ("B1", "got") not in by_bus
    ledger.record([entry(1, CoverageStatus.BACKFILLED)])
    counts = last_cycle_counts(archive, scope=EVERYTHING, now=NOW)
    assert {c.status for c in counts if c.bus == "B1"} == {"backfilled"}


def test_what_is_missing_is_told_by_cause_and_by_meter(archive: Connection) -> None:
    CoverageLedger(archive).record(
        [*silent_for(range(2, 5)), entry(1, CoverageStatus.MISSING, Cause.CHECKSUM)]
    )
    causes = missing_causes(archive, scope=EVERYTHING, now=NOW)
    assert [(c.cause, c.reads, c.meters) for c in causes] == [("no answer", 3, 1), ("checksum", 1, 1)]
    worst, _ = missing_runs(archive, scope=EVERYTHING, now=NOW, limit=10)
    assert (worst.meter, worst.cause, worst.reads, worst.attempts) == (M1, "no answer", 3, 3)
    assert (worst.first_slot_at, worst.last_slot_at) == (START + 2 * SLOT, START + 4 * SLOT)
