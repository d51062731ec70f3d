"""Detection from stored daily rows: no slot is read, and the episodes are those that slots give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import SecretStr

from detectors.wanted import by_days_alone
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.contracts import Contract
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import EVERYTHING, Episode, MeterId, Scope
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services import detect
from services.daily_windows import daily_window
from services.settings import Settings
from services.vee_recent import vee_recent
from storage.database import Connection, connect
from storage.energy_days import energy_days
from storage.intervals import IntervalColumns, save_intervals
from storage.matrices import meter_matrix
from storage.registry import save_registry

DAYS, PER_DAY = 44, 96
END = datetime(2026, 4, 30, 16, tzinfo=UTC)
"""Local midnight."""
BEGIN = END - timedelta(days=DAYS)
HOMES = [MeterId(f"H{number:02d}") for number in range(6)]
SUPPLY, CLOSED, SUN = MeterId("SUPPLY"), MeterId("CLOSED"), MeterId("SUN")
METERS = [*HOMES, SUPPLY, CLOSED, SUN]
BY_DAYS = ("area_balance", "closed_point_use", "register_tie_out", "reverse_energy", "sustained_drop")
REGISTRY = Registry(
    meters=[Meter(id=meter) for meter in METERS],
    installations=[Installation(meter=meter, service_point=f"P-{meter}") for meter in METERS],
    service_points=[ServicePoint(id=f"P-{meter}", area="north") for meter in METERS],
    areas=[Area(id="north")],
    area_members=[
        AreaMember(
            area="north",
            service_point=f"P-{meter}",
            role=MemberRole.SUPPLY if meter == SUPPLY else MemberRole.MEMBER,
        )
        for meter in (*HOMES, SUPPLY)
    ],
    contracts=[
        Contract(service_point=f"P-{meter}", ends_at=BEGIN if meter == CLOSED else None) for meter in METERS
    ],
)
SLOTS = np.datetime64("2026-03-17T16:00", "us") + np.arange(DAYS * PER_DAY) * np.timedelta64(15, "m")


def _kwh() -> tuple[np.ndarray, np.ndarray]:
    """Return import and export: one home hides two thirds of its load at the end, one gives away sun."""
    random = np.random.default_rng(8)
    kwh = np.zeros((len(METERS), len(SLOTS)))
    kwh[: len(HOMES)] = random.lognormal(-1.5, 0.2, (len(HOMES), len(SLOTS)))
    kwh[METERS.index(SUPPLY)] = kwh.sum(axis=0) * 1.02
    kwh[3, 34 * PER_DAY :] *= 0.33
    kwh[METERS.index(CLOSED), 20 * PER_DAY :] = 0.02
    kwh[METERS.index(SUN)] = 0.1
    export = np.full(kwh.shape, np.nan)
    export[METERS.index(SUN)] = np.where(np.arange(len(SLOTS)) % PER_DAY < 40, 0.2, 0.0)
    return kwh.round(4), export


def _intervals(kwh: np.ndarray, export: np.ndarray, quality: np.ndarray) -> IntervalColumns:
    return IntervalColumns(
        meters=[meter for meter in METERS for _ in SLOTS],
        starts_at=np.tile(SLOTS, len(METERS)),
        minutes=np.full(kwh.size, 15, dtype=np.int16),
        quality=quality.ravel(),
        energies={"import_kwh": kwh.ravel(), "export_kwh": export.ravel()},
    )


@pytest.fixture
def archive(any_database_url: str) -> str:
    """Keep intervals of which some are estimated, some missing, some corrected later and some validated."""
    kwh, export = _kwh()
    random = np.random.default_rng(2)
    quality = np.full(kwh.shape, "A")
    quality[random.random(kwh.shape) < 0.001] = "E"
    quality[METERS.index(SUPPLY)] = "A"  # days do not tell how others balance its gaps
    kwh[4, 700:703] = np.nan
    kwh[5, 1000:1400] = np.nan
    quality[np.isnan(kwh)] = "N"
    export[METERS.index(SUN), 3000] = np.nan
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        save_intervals(connection, _intervals(kwh, export, quality), computed_at=END)
        kwh[1, 2000:2010] += 0.5
        quality[1, 2000:2004] = "E"
        quality[quality == "E"] = np.where(random.random((quality == "E").sum()) < 0.5, "A", "E")
        later = _intervals(kwh, export, quality).take(np.repeat(np.arange(len(METERS)) < 2, len(SLOTS)))
        save_intervals(connection, later, computed_at=END + timedelta(hours=1))
    vee_recent(DAYS, Settings(database_url=SecretStr(any_database_url)), END)
    return any_database_url


@pytest.fixture
def empty(database_url: str) -> Settings:
    """Keep the archive alone."""
    with connect(database_url) as connection:
        save_registry(connection, REGISTRY)
    return Settings(database_url=SecretStr(database_url))


def test_days_are_what_slots_add_up_to(archive: str) -> None:
    with connect(archive) as connection:
        slots = meter_matrix(
            connection, REGISTRY, scope=EVERYTHING, starts_at=BEGIN, ends_at=END, minutes=15, meters=METERS,
            energies=["export_kwh"],
        )  # fmt: skip
        expected = with_daily_rows(slots, REGISTRY).daily
        found = daily_window(connection, REGISTRY, (BEGIN, END), 15).daily
    assert expected is not None
    assert found is not None
    assert not np.array_equal(slots.quality, "A")
    np.testing.assert_array_equal(found.days, expected.days)
    np.testing.assert_allclose(found.kwh, expected.kwh, rtol=1e-9)
    np.testing.assert_allclose(found.coverage, expected.coverage, rtol=1e-6)
    np.testing.assert_allclose(found.energies["export_kwh"], expected.energies["export_kwh"], rtol=1e-9)


def _told(episode: Episode) -> tuple[object, ...]:
    # What stands in for a member's missing slot is told by the slots beside it, which days do not have.
    digits = -1 if episode.detector == "area_balance" else 2
    kwh = None if episode.energy_kwh is None else round(episode.energy_kwh, digits)
    return (
        episode.id, episode.detector, episode.meter, episode.starts_at, episode.ends_at, episode.detected_at,
        episode.verdict, episode.severity, kwh, sorted(episode.parameters),
    )  # fmt: skip


def test_both_ways_give_the_same_episodes(archive: str) -> None:
    settings = Settings(database_url=SecretStr(archive))
    look, parts = detect.planned(DAYS, BY_DAYS, settings, END)
    assert look.by_days
    (part,) = parts
    by_days = detect.detect_part(look, part, settings)
    by_slots = detect.detect_part(replace(look, by_days=False), part, settings)
    assert [_told(episode) for episode in by_days] == [_told(episode) for episode in by_slots]
    found = {(episode.detector, episode.meter) for episode in by_days}
    assert {("sustained_drop", HOMES[3]), ("closed_point_use", CLOSED), ("reverse_energy", SUN)} <= found
    assert ("area_balance", SUPPLY) in found


def test_no_slot_is_read(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("slots were read")

    monkeypatch.setattr(detect, "meter_matrix", forbidden)
    assert detect.detect_recent(7, ["sustained_drop"], empty, END) == []


def test_a_span_begins_with_a_whole_day(empty: Settings) -> None:
    look, _ = detect.planned(7, ["closed_point_use"], empty, END + timedelta(hours=5))
    assert look.span == (END - timedelta(days=7), END + timedelta(hours=5))


def test_slots_are_read_where_a_detector_or_a_zone_wants_them(empty: Settings) -> None:
    assert not detect.planned(7, ["sustained_drop", "voltage_loss"], empty, END)[0].by_days
    with connect(empty.require_database_url()) as connection:
        elsewhere = replace(REGISTRY, areas=[Area(id="north", zone=ZoneInfo("Asia/Kolkata"))])
        save_registry(connection, elsewhere)
    assert not detect.planned(7, ["sustained_drop"], empty, END)[0].by_days


def test_a_caller_sees_the_days_of_his_areas_only(empty: Settings) -> None:
    kwh, export = np.ones((len(METERS), len(SLOTS))), np.full((len(METERS), len(SLOTS)), np.nan)
    day = np.tile(np.arange(len(SLOTS)) < PER_DAY, len(METERS))

    def of(connection: Connection, scope: Scope) -> np.ndarray:
        return energy_days(
            connection, scope=scope, first=date(2026, 3, 18), days=1, minutes=15, meters=HOMES
        ).kwh

    with connect(empty.require_database_url()) as connection:
        save_intervals(
            connection, _intervals(kwh, export, np.full(kwh.shape, "A")).take(day), computed_at=END
        )
        assert of(connection, EVERYTHING).ravel().tolist() == [PER_DAY] * len(HOMES)
        assert np.isnan(of(connection, Scope(areas=frozenset({"south"})))).all()


def test_those_that_judge_days_alone_are_known() -> None:
    assert all(by_days_alone([name]) for name in BY_DAYS)
    assert not by_days_alone(["topology"])
    assert not by_days_alone(["loss_rise"])
    assert not by_days_alone(None)
