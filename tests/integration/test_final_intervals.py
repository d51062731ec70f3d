"""Raw and final intervals side by side in the database, and late actuals that replace estimates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.block import MeterMatrix
from pipeline.errors import DataError
from pipeline.events import EventKind, MeterEvent
from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.records import ParameterReading
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.persons import Person
from services.settings import Settings
from services.vee_edits import Stretch, edit, withdraw
from services.vee_recent import RecentVee, vee_recent
from storage.database import Connection, connect
from storage.events import CountedEvent, write_events
from storage.final_columns import FinalColumns
from storage.final_edits import edits
from storage.finals import final_series, finest_settled_series, settled_series
from storage.intervals import IntervalColumns, interval_series, letters_of, save_intervals
from storage.matrices import meter_matrix
from storage.meter_parameters import write_parameters
from storage.registry import save_registry
from storage.vee_findings import StoredFinding, findings

M = MeterId("M")
WANG = Person(account="wang", host="desk", name="Wang")
START = datetime(2026, 3, 31, 12, tzinfo=UTC)
SLOTS = 40
HOLE = slice(14, 18)
"""15:30 to 16:30 UTC: half of it is April in Shanghai."""
END = START + SLOTS * timedelta(minutes=15)
REGISTRY = Registry(
    meters=[Meter(id=M)],
    installations=[Installation(meter=M, service_point="P")],
    service_points=[ServicePoint(id="P", area="north")],
    areas=[Area(id="north")],
)


def _raw(hole_kwh: float) -> IntervalColumns:
    kwh = np.ones(SLOTS)
    kwh[HOLE] = hole_kwh
    return IntervalColumns(
        meters=[M] * SLOTS,
        starts_at=np.datetime64("2026-03-31T12:00", "us") + np.arange(SLOTS) * np.timedelta64(15, "m"),
        minutes=np.full(SLOTS, 15, dtype=np.int16),
        quality=np.where(np.isfinite(kwh), "A", "N"),
        energies={"import_kwh": kwh},
        methods=["load record"] * SLOTS,
    )


@pytest.fixture
def archive(any_database_url: str) -> str:
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        save_intervals(connection, _raw(np.nan), computed_at=END)
    return any_database_url


def _run(url: str, now: datetime = END) -> RecentVee:
    return vee_recent(1, Settings(database_url=SecretStr(url)), now)


def _stored(connection: Connection, scope: Scope = EVERYTHING, energy: str = "import_kwh") -> FinalColumns:
    return final_series(connection, scope=scope, starts_at=START, ends_at=END, minutes=15, energy=energy)


def _settled(connection: Connection) -> IntervalColumns:
    return settled_series(connection, scope=EVERYTHING, starts_at=START, ends_at=END, minutes=15)


def _matrix(connection: Connection) -> MeterMatrix:
    return meter_matrix(
        connection, REGISTRY, scope=EVERYTHING, starts_at=START, ends_at=END, minutes=15, meters=[M]
    )


def test_raw_and_final_stand_side_by_side_and_running_again_changes_nothing(archive: str) -> None:
    first = _run(archive)
    assert first.changed == 4
    assert first.bills == []
    assert [f.rule for f in first.findings] == ["missing"]
    with connect(archive) as connection:
        stored = _stored(connection)
    assert np.isnan(stored.raw_amounts[HOLE]).all()
    assert stored.amounts.tolist() == [1.0] * SLOTS
    assert set(stored.quality[HOLE].tolist()) == {"S"}
    assert set(stored.raw_quality[HOLE].tolist()) == {"N"}
    assert set(stored.method[HOLE]) == {"interpolation"}
    assert (set(stored.reason[HOLE]), set(stored.author[HOLE])) == ({"missing"}, {"kilowatch"})
    assert _run(archive).changed == 0


def test_an_outage_that_the_meter_tells_of_is_zero_and_no_estimate(archive: str) -> None:
    begins = START + HOLE.start * timedelta(minutes=15)
    dark = MeterEvent(
        kind=EventKind.POWER_DOWN, number=1, starts_at=begins, ends_at=begins + timedelta(minutes=52)
    )
    goes_on = replace(dark, starts_at=START - timedelta(days=9), ends_at=None)
    with connect(archive) as connection:
        told = [CountedEvent(event=event, count=None, received_at=END) for event in (dark, goes_on)]
        assert write_events(connection, M, told) == 2
    _run(archive)
    with connect(archive) as connection:
        stored = _stored(connection)
    assert stored.amounts[HOLE][:3].tolist() == [0.0, 0.0, 0.0]
    assert stored.quality[HOLE].tolist() == ["A", "A", "A", "N"]
    assert stored.reason[HOLE] == ["outage", "outage", "outage", ""]
    assert stored.method[HOLE] == ["known outage"] * 3 + [""]
    assert _run(archive).changed == 0


def test_the_shortest_intervals_show_what_stands_in_for_them(archive: str) -> None:
    _run(archive)
    hours = _raw(3.0).take(np.arange(SLOTS) % 4 == 0)
    hourly = replace(hours, minutes=np.full(len(hours), 60, dtype=np.int16))
    with connect(archive) as connection:
        save_intervals(connection, hourly, computed_at=END)
        found = finest_settled_series(connection, scope=EVERYTHING, starts_at=START, ends_at=END, meters=[M])
        nobody = finest_settled_series(
            connection, scope=Scope(areas=frozenset()), starts_at=START, ends_at=END, meters=[M]
        )
    assert found.minutes.tolist() == [15] * SLOTS
    assert found.energies["import_kwh"].tolist() == [1.0] * SLOTS
    assert found.quality.tolist() == ["A"] * 14 + ["S"] * 4 + ["A"] * 22
    assert len(nobody) == 0


def test_late_actuals_replace_estimates_and_name_the_bills_of_both_months(archive: str) -> None:
    _run(archive)
    with connect(archive) as connection:
        save_intervals(connection, _raw(3.0), computed_at=END)
        # Even before the next run the actual counts, not the estimate made from what was missing.
        assert _stored(connection).amounts[HOLE].tolist() == [3.0] * 4
    late = _run(archive)
    told = [(bill.service_point, bill.month, bill.before, bill.after) for bill in late.bills]
    assert told == [("P", "2026-03", 2.0, 6.0), ("P", "2026-04", 2.0, 6.0)]
    assert _run(archive).bills == []
    with connect(archive) as connection:
        stored = _stored(connection)
        versions = connection.execute(
            "SELECT version, raw_version, value FROM final_interval ORDER BY starts_at, version LIMIT 2"
        ).fetchall()
    assert set(stored.quality.tolist()) == {"A"}
    assert set(stored.author) == {""}
    assert versions == [(0, 0, 1.0), (1, 1, 3.0)]


def test_substitutes_become_final_when_the_days_of_asking_are_over(archive: str) -> None:
    _run(archive)
    vee_recent(8, Settings(database_url=SecretStr(archive)), END + timedelta(days=6))
    with connect(archive) as connection:
        assert set(_stored(connection).quality[HOLE].tolist()) == {"F"}


def test_who_may_not_see_an_area_sees_none_of_its_intervals(archive: str) -> None:
    _run(archive)
    with connect(archive) as connection:
        assert len(_stored(connection, Scope(frozenset({"south"})))) == 0
        assert len(_stored(connection, Scope(frozenset({"north"})))) == SLOTS


def test_a_meter_that_is_gone_from_the_archive_is_left_alone(archive: str) -> None:
    gone = replace(REGISTRY.installations[0], ends_at=START)
    with connect(archive) as connection:
        save_registry(connection, replace(REGISTRY, installations=[gone]))
    assert _run(archive).changed == 0


def test_every_energy_has_its_finals_and_its_own_methods(any_database_url: str) -> None:
    raw = _raw(1.0)
    kvarh, export = np.full(SLOTS, 0.5), np.full(SLOTS, 0.25)
    kvarh[HOLE], export[3] = np.nan, -1.0
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        more = {"import_kvarh": kvarh, "export_kwh": export}
        save_intervals(connection, replace(raw, energies={**raw.energies, **more}), computed_at=END)
    first = _run(any_database_url)
    assert {(f.rule, f.energy) for f in first.findings} == {
        ("missing", "import_kvarh"),
        ("negative", "export_kwh"),
        ("sibling", "import_kwh"),
    }
    with connect(any_database_url) as connection:
        reactive = _stored(connection, energy="import_kvarh")
        given = _stored(connection, energy="export_kwh")
        settled = _settled(connection)
    assert reactive.amounts.tolist() == [0.5] * SLOTS
    assert set(reactive.quality[HOLE].tolist()) == {"S"}
    assert (given.amounts[3], given.raw_amounts[3], given.reason[3]) == (0.25, -1.0, "negative")
    assert settled.energies["import_kvarh"].tolist() == [0.5] * SLOTS
    assert settled.energies["export_kwh"].tolist() == [0.25] * SLOTS
    assert set(settled.quality.tolist()) == {"A"}
    assert _run(any_database_url).changed == 0


def test_a_matrix_has_what_counts_with_its_letter(archive: str) -> None:
    _run(archive)
    with connect(archive) as connection:
        matrix = _matrix(connection)
        assert matrix.import_kwh.tolist() == [[1.0] * SLOTS]
        assert set(matrix.quality[0, HOLE].tolist()) == {"S"}
        save_intervals(connection, _raw(3.0), computed_at=END)
        late = _matrix(connection)
    assert late.import_kwh[0, HOLE].tolist() == [3.0] * 4
    assert set(late.quality[0].tolist()) == {"A"}


def test_findings_are_kept_once_and_say_when_they_are_gone(archive: str) -> None:
    for _ in range(2):
        _run(archive)
        with connect(archive) as connection:
            (stored,) = _findings(connection)
        assert (stored.rule, stored.slots, stored.found_at, stored.gone_at) == ("missing", 4, END, None)
    with connect(archive) as connection:
        save_intervals(connection, _raw(3.0), computed_at=END)
    later = END + timedelta(minutes=15)
    _run(archive, later)
    with connect(archive) as connection:
        # What is left to say is that the estimate of 1 kWh was given out four times.
        replaced = _findings(connection, gone=False)
        assert {f.rule for f in replaced} == {"final_replacement"}
        assert {(f.expected, f.came) for f in replaced} == {("1 kWh as given out", "3 kWh")}
        (stored,) = [f for f in _findings(connection) if f.rule == "missing"]
        assert _findings(connection, scope=Scope(frozenset({"south"}))) == []
    assert (stored.found_at, stored.gone_at) == (END, later)
    _run(archive, later)
    with connect(archive) as connection:
        assert _findings(connection, gone=False) == replaced


def test_a_ratio_that_the_meter_holds_is_compared_with_the_archives(archive: str) -> None:
    with connect(archive) as connection:
        held = [ParameterReading(meter=M, name="ct_ratio", taken_at=START, value=40.0)]
        write_parameters(connection, held)
    found = {finding.rule: finding for finding in _run(archive).findings}
    assert (found["multiplier"].expected, found["multiplier"].came) == ("1 as filed", "40")


def test_a_finding_that_reaches_into_the_span_keeps_its_beginning(archive: str) -> None:
    _run(archive)
    # A day later the span of one day begins within the hole.
    _run(archive, START + timedelta(days=1, minutes=16 * 15))
    with connect(archive) as connection:
        (stored,) = _findings(connection)
    assert (stored.starts_at, stored.slots) == (START + timedelta(minutes=14 * 15), 4)


def test_a_persons_edit_outlives_runs_and_late_actuals_until_it_is_withdrawn(archive: str) -> None:
    _run(archive)
    at = START + timedelta(minutes=14 * 15)
    stretch = Stretch(meter=M, energy="import_kwh", starts_at=at)
    with connect(archive) as connection:
        done = edit(connection, stretch, 7.5, WANG, "read off the photo", END)
    assert [(e.before, e.after) for e in done.edits] == [(1.0, 7.5)]
    assert [(b.service_point, b.month, b.before, b.after) for b in done.bills] == [("P", "2026-03", 1.0, 7.5)]
    with connect(archive) as connection:
        save_intervals(connection, _raw(3.0), computed_at=END)
    _run(archive)
    with connect(archive) as connection:
        stored = _stored(connection)
        assert stored.amounts[HOLE].tolist() == [7.5, 3.0, 3.0, 3.0]
        assert (stored.quality[14], stored.method[14], stored.reason[14]) == ("F", "edited", "edit")
        assert stored.author[14] == "Wang (wang@desk)"
        assert stored.raw_amounts[14] == 3.0
        settled = _settled(connection)
        assert settled.energies["import_kwh"][HOLE].tolist() == [7.5, 3.0, 3.0, 3.0]
        withdraw(connection, stretch, WANG, "wrong photo", END)
        assert _stored(connection).amounts[HOLE].tolist() == [3.0] * 4
        record = [(e.before, e.after, e.withdrawn, e.note) for e in edits(connection, scope=EVERYTHING)]
    _run(archive)
    with connect(archive) as connection:
        assert _stored(connection).amounts[HOLE].tolist() == [3.0] * 4
    assert sorted(record) == [(1.0, 7.5, False, "read off the photo"), (7.5, 3.0, True, "wrong photo")]


def test_an_edit_needs_a_reason_an_interval_and_energy(archive: str) -> None:
    stretch = Stretch(meter=M, energy="import_kwh", starts_at=START)
    with connect(archive) as connection:
        with pytest.raises(DataError, match="say why"):
            edit(connection, stretch, 1.0, WANG, " ", END)
        with pytest.raises(DataError, match="zero or more"):
            edit(connection, stretch, -1.0, WANG, "why", END)
        with pytest.raises(DataError, match="no energy of an interval; expected import_kwh"):
            edit(connection, replace(stretch, energy="kwh"), 1.0, WANG, "why", END)
        with pytest.raises(DataError, match="expected an interval of 15 min"):
            edit(connection, replace(stretch, slots=SLOTS + 1), 1.0, WANG, "why", END)
        with pytest.raises(DataError, match="expected an edit"):
            withdraw(connection, stretch, WANG, "why", END)
        assert edits(connection, scope=EVERYTHING) == []


def _findings(connection: Connection, *, scope: Scope = EVERYTHING, gone: bool = True) -> list[StoredFinding]:
    return findings(connection, scope=scope, starts_at=START, ends_at=END, gone=gone)


def test_what_cannot_be_energy_never_stands_even_where_nothing_can_stand_in(any_database_url: str) -> None:
    raw = _raw(1.0)
    raw.energies["import_kwh"][-1] = -5.0
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        save_intervals(connection, raw, computed_at=END)
    _run(any_database_url)
    with connect(any_database_url) as connection:
        stored, settled = _stored(connection), _settled(connection)
    assert np.isnan(stored.amounts[-1])
    assert (stored.raw_amounts[-1], stored.quality[-1], stored.reason[-1]) == (-5.0, "N", "negative")
    assert np.isnan(settled.energies["import_kwh"][-1])
    assert settled.quality[-1] == "N"
    assert _run(any_database_url).changed == 0


def test_each_energy_keeps_its_own_letter(any_database_url: str) -> None:
    raw = _raw(np.nan)
    kvarh = np.full(SLOTS, 0.5)
    kvarh[0] = np.nan
    letters = np.full(SLOTS, "A")
    letters[:8] = ["N", *"EEEEEEE"]
    raw = replace(raw, energies={**raw.energies, "import_kvarh": kvarh}, letters={"import_kvarh": letters})
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        assert save_intervals(connection, raw, computed_at=END) == SLOTS
        assert save_intervals(connection, raw, computed_at=END) == 0
        kept = interval_series(connection, scope=EVERYTHING, starts_at=START, ends_at=END)
        assert save_intervals(connection, kept, computed_at=END) == 0
        reactive = _stored(connection, energy="import_kvarh")
    assert letters_of(kept, "import_kvarh").tolist() == letters.tolist()
    assert letters_of(kept, "import_kwh").tolist() == raw.quality.tolist()
    # Measured while import was not: the letter is its own, not one made up.
    assert set(letters_of(kept, "import_kvarh")[HOLE].tolist()) == {"A"}
    assert reactive.raw_quality.tolist() == letters[1:].tolist()
    _run(any_database_url)
    with connect(any_database_url) as connection:
        assert set(letters_of(_settled(connection), "import_kwh")[HOLE].tolist()) == {"S"}
