"""Detection over what is stored: only what is wanted is loaded, and running again changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from detectors.catalogue import Together
from detectors.metering.register_tie_out import REGISTERS
from pipeline.archive_records import AreaMember, MemberRole, Threshold
from pipeline.case_records import Outcome
from pipeline.contracts import Contract
from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot, Verdict
from pipeline.records import ParameterReading
from pipeline.registry import Area, Bus, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import from_numpy
from services.audit import Audit
from services.cases import give_feedback
from services.detect import detect_part, detect_recent, keep, planned
from services.detect_groups import areas_of_places, groups, groups_with_places, one_area_each
from services.order_record import Order, OrderRecord
from services.persons import Person, this_person
from services.settings import Settings
from simulators.physics.window import Window
from storage.database import connect
from storage.episodes import EpisodeState, list_episodes, only_reconciler, save_episodes
from storage.intervals import IntervalColumns, save_intervals
from storage.meter_parameters import write_parameters
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_planted import DAYS, FAULT, METER, START, Planted, planted

END = START + timedelta(days=DAYS)
LASTING = Window(starts_at=START + timedelta(days=5, hours=3), ends_at=START + timedelta(days=9, hours=3))


def store(url: str, case: Planted) -> None:
    window = case.window
    (meter,) = window.meters
    slots = len(window.starts_at)
    electrical = [q for q in window.values if q.value.startswith(("voltage_", "current_", "active_power"))]
    snapshots = [
        Snapshot(
            meter=meter,
            taken_at=from_numpy(at),
            received_at=from_numpy(at),
            origin=Origin.LOAD_RECORD,
            values={
                q: float(window.values[q][0, slot])
                for q in electrical
                if np.isfinite(window.values[q][0, slot])
            },
        )
        for slot, at in enumerate(window.starts_at)
    ]
    # The freeze of a day is read at its end: the midnight that begins the next one.
    snapshots += [
        Snapshot(
            meter=meter,
            taken_at=from_numpy(window.starts_at[slot]),
            received_at=from_numpy(window.starts_at[slot]),
            origin=Origin.DAILY_FREEZE,
            values={q: float(window.registers[q][0, slot]) for q in REGISTERS if q in window.registers},
        )
        for slot in range(96, slots, 96)
    ]
    with connect(url) as connection:
        save_registry(connection, case.registry)
    with connect(url) as connection:
        ReadingWriter(connection).write(snapshots)
        intervals = IntervalColumns(
            meters=[meter] * slots,
            starts_at=window.starts_at,
            minutes=np.full(slots, 15, dtype=np.int16),
            quality=window.quality[0],
            energies={"import_kwh": window.import_kwh[0]},
        )
        save_intervals(connection, intervals, computed_at=END)


def _detected(url: str) -> list[str]:
    found = detect_recent(DAYS, settings=Settings(database_url=SecretStr(url)), now=END)
    return sorted(episode.detector for episode in found)


def test_a_voltage_loss_is_found_and_what_people_wrote_on_it_stays(database_url: str) -> None:
    store(database_url, planted("voltage_loss"))
    assert _detected(database_url) == ["voltage_loss"]
    with connect(database_url) as connection:
        (stored,) = list_episodes(connection, scope=EVERYTHING)
        assert stored.episode.starts_at == FAULT.starts_at
        give_feedback(
            connection, stored.episode.id, Outcome.CONFIRMED, this_person(), END, cause="fuse blown"
        )
    assert _detected(database_url) == ["voltage_loss"]
    with connect(database_url) as connection:
        (again,) = list_episodes(connection, scope=EVERYTHING)
    assert again.episode == stored.episode
    assert (again.state, again.note) == (EpisodeState.CONFIRMED, "fuse blown")


def test_the_oldest_of_very_many_episodes_is_known_too(database_url: str) -> None:
    store(database_url, planted("voltage_loss"))
    _detected(database_url)
    with connect(database_url) as connection:
        (stored,) = list_episodes(connection, scope=EVERYTHING)
        # As many later ones of other meters as a bounded look would find before it.
        connection.execute(
            "INSERT INTO episode (id, detector, version, meter, starts_at, detected_at, verdict, severity, "
            "score, message, parameters, evidence) SELECT 'x' || n, detector, version, 'X' || n, starts_at + "
            "interval '1 day', detected_at, 'normal', severity, score, message, parameters, '{}' "
            "FROM episode, generate_series(1, 10001) AS n"
        )
    settings = Settings(database_url=SecretStr(database_url))
    look, _ = planned(DAYS, ["voltage_loss"], settings, END)
    (gone,) = keep(look, [], settings)
    assert (gone.id, gone.verdict) == (stored.episode.id, Verdict.NORMAL)


def test_two_who_find_one_stretch_at_once_file_it_once(database_url: str) -> None:
    store(database_url, planted("voltage_loss"))
    settings = Settings(database_url=SecretStr(database_url))
    look, parts = planned(DAYS, ["voltage_loss"], settings, END)
    (episode,) = detect_part(look, parts[0], settings)
    other = replace(episode, id="found by another run", starts_at=episode.starts_at - timedelta(hours=1))
    waiting = (
        b"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        b"AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with (
        ThreadPoolExecutor(1) as pool,
        connect(database_url) as connection,
        connect(database_url) as looking,
    ):
        with only_reconciler(connection):
            second = pool.submit(keep, look, [other], settings)
            while looking.execute(waiting).fetchone() == (0,):
                assert not second.done(), second.result()
            save_episodes(connection, [episode])
        assert [one.id for one in second.result(60)] == [episode.id]
    with connect(database_url) as connection:
        assert len(list_episodes(connection, scope=EVERYTHING)) == 1


def test_rates_that_do_not_add_up_are_found_in_the_daily_freezes(database_url: str) -> None:
    store(database_url, planted("tie_out", window=LASTING))
    assert _detected(database_url) == ["register_tie_out"]


def test_a_threshold_of_the_archive_holds_for_its_service_point(database_url: str) -> None:
    case = planted("voltage_loss", {"factor": 0.6})
    lower = [
        Threshold(detector="voltage_loss", parameter=name, value=50.0, service_point="SP-M1")
        for name in ("trigger_percent", "break_percent")
    ]
    store(database_url, replace(case, registry=replace(case.registry, thresholds=lower)))
    assert "voltage_loss" not in _detected(database_url)


@pytest.mark.parametrize("together", list(Together))
def test_every_meter_is_in_a_group_and_areas_stay_whole(
    monkeypatch: pytest.MonkeyPatch, together: Together
) -> None:
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 4)
    meters = [Meter(id=MeterId(f"m{number}")) for number in range(12)]
    registry = Registry(
        meters=meters,
        installations=[
            Installation(meter=meter.id, service_point=f"P{number}") for number, meter in enumerate(meters)
        ],
        service_points=[ServicePoint(id=f"P{number}", area=f"A{number % 2}") for number in range(12)],
        areas=[Area(id="A0"), Area(id="A1")],
    )
    parts = list(groups(registry, together))
    assert sorted(m.id for part in parts for m in part.meters) == sorted(m.id for m in meters)
    areas = [{point.area for point in part.service_points} for part in parts]
    if together is Together.AREA:
        assert areas == [{"A0"}, {"A1"}]
    else:
        assert len(parts) == 3


@pytest.mark.parametrize("at_a_time", [500, 1])
def test_a_meter_that_moved_to_where_it_may_feed_in_is_judged_by_that_in_any_parts(
    database_url: str, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", at_a_time)
    monkeypatch.setattr("services.detect.METERS_BY_DAYS", at_a_time)
    case = planted(None)
    (here,) = case.registry.installations
    moved = START - timedelta(days=200)
    archive = replace(
        case.registry,
        installations=[
            replace(here, service_point="SP-OLD", ends_at=moved),
            replace(here, starts_at=moved),
        ],
        service_points=[*case.registry.service_points, ServicePoint(id="SP-OLD")],
    )
    store(database_url, replace(case, registry=archive))
    slots = len(case.window.starts_at)
    fed_in = IntervalColumns(
        meters=[METER] * slots,
        starts_at=case.window.starts_at,
        minutes=np.full(slots, 15, dtype=np.int16),
        quality=case.window.quality[0],
        energies={"import_kwh": case.window.import_kwh[0], "export_kwh": np.full(slots, 0.5)},
    )
    with connect(database_url) as connection:
        save_intervals(connection, fed_in, computed_at=END)
    settings = Settings(database_url=SecretStr(database_url))
    (found,) = detect_recent(DAYS, ["reverse_energy"], settings, END)
    assert found.service_point == here.service_point
    assert here.service_point is not None
    declared = [Contract(service_point=here.service_point, generation=True), Contract(service_point="SP-OLD")]
    with connect(database_url) as connection:
        save_registry(connection, replace(archive, contracts=declared))
    assert len(planned(DAYS, ["reverse_energy"], settings, END)[1]) == (1 if at_a_time > 1 else 2)
    (gone,) = detect_recent(DAYS, ["reverse_energy"], settings, END)
    assert (gone.id, gone.verdict) == (found.id, Verdict.NORMAL)


TWIN = MeterId("M2")


def _with_a_twin(case: Planted) -> Registry:
    """The archive with a second meter at the same address, of neither of which it names a line."""
    placed = [replace(each, address="7") for each in case.registry.installations]
    return replace(
        case.registry,
        meters=[*case.registry.meters, Meter(id=TWIN)],
        installations=[*placed, Installation(meter=TWIN, service_point="SP-M2", address="7")],
        service_points=[*case.registry.service_points, ServicePoint(id="SP-M2")],
    )


def _order_written(audit: Audit, url: str, at: datetime) -> None:
    order = Order(kind="write", url=url, arguments={"identifier": "04000306", "value": "60"})
    expires_at = at + timedelta(hours=8)
    record = OrderRecord(
        order=order, requested_by=Person(account="li"), requested_at=at, expires_at=expires_at
    )
    audit.append("requested", record.id, at, record.details())
    audit.append("sending", record.id, at, {"frames": []})


def test_an_order_to_one_of_two_meters_with_one_address_explains_nothing_at_the_other(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 1)
    monkeypatch.setattr("services.detect.METERS_BY_DAYS", 1)
    audit = Audit(tmp_path / "audit.jsonl")
    monkeypatch.setenv("KILOWATCH_AUDIT_FILE", str(audit.path))
    case = planted(None)
    registry = _with_a_twin(case)
    store(database_url, replace(case, registry=registry))
    noon = START + timedelta(hours=12)
    with connect(database_url) as connection:
        reads = enumerate([40.0, 40.0, 60.0])
        write_parameters(
            connection,
            [
                ParameterReading(meter=METER, name="ct_ratio", taken_at=noon + timedelta(days=n), value=value)
                for n, value in reads
            ],
        )
    _order_written(audit, "dlt645+tcp://10.0.0.7:4001/7", noon + timedelta(days=1, hours=6))
    settings = Settings(database_url=SecretStr(database_url))
    only = ["parameter_change"]
    look, parts = planned(DAYS, only, settings, END)
    assert len(parts) == 2
    assert look.orders == ()
    (episode,) = detect_recent(DAYS, only, settings, END)
    assert episode.message == "episode.ratio_wrong"
    # Where the archive says on which line each is, the order is that of the one, whatever part it is in.
    lines = [Bus(id="one", url="tcp://10.0.0.7:4001"), Bus(id="two", url="tcp://10.0.0.8:4001")]
    buses = {METER: "one", TWIN: "two"}
    with connect(database_url) as connection:
        save_registry(
            connection,
            replace(
                registry,
                buses=lines,
                installations=[replace(each, bus=buses[each.meter]) for each in registry.installations],
            ),
        )
    look, _ = planned(DAYS, only, settings, END)
    assert [(order.meter, order.parameter) for order in look.orders] == [(METER, "ct_ratio")]
    assert planned(DAYS, ["voltage_loss"], settings, END)[0].orders == ()
    (gone,) = detect_recent(DAYS, only, settings, END)
    assert (gone.id, gone.verdict) == (episode.id, Verdict.NORMAL)


def test_a_place_that_feeds_an_area_and_is_a_member_of_a_feeder_is_in_both_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 2)
    names = ("supply", "home", "mill")
    registry = Registry(
        meters=[Meter(id=MeterId(name)) for name in names],
        installations=[Installation(meter=MeterId(name), service_point=name) for name in names],
        service_points=[ServicePoint(id=name) for name in names],
        areas=[Area(id="T"), Area(id="feeder")],
        area_members=[
            AreaMember(area="T", service_point="supply", role=MemberRole.SUPPLY),
            AreaMember(area="T", service_point="home"),
            AreaMember(area="feeder", service_point="supply"),
            AreaMember(area="feeder", service_point="mill"),
        ],
    )
    parts = [{meter.id for meter in part.meters} for part in groups(registry, Together.AREA)]
    assert sorted(map(sorted, parts)) == [["home", "supply"], ["mill", "supply"]]
    # Who adds groups up has each meter once.
    one_area = one_area_each(registry, areas_of_places(registry))
    once = [
        meter.id
        for part, _ in groups_with_places(registry, Together.AREA, once=one_area)
        for meter in part.meters
    ]
    assert sorted(once) == sorted(names)
