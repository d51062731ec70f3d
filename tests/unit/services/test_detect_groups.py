"""Groups of the archive that detectors look at one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.catalogue import Together
from detectors.engine import run
from pipeline.archive_records import AreaMember, MemberRole, Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract, Suspension
from pipeline.model import Episode, MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.detect_groups import groups, own_findings

MOVED = datetime(2026, 3, 10, tzinfo=UTC)


def test_a_group_has_no_members_of_an_area_that_is_not_whole_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # A home and what feeds A stay in A; the works moved from A to the feeder F, of which A's supply is one.
    names = ("home", "works", "supply-a", "mill", "supply-f")
    archive = Registry(
        meters=[Meter(id=MeterId(name)) for name in names],
        installations=[Installation(meter=MeterId(name), service_point=name) for name in names],
        service_points=[ServicePoint(id=name) for name in names],
        area_members=[
            AreaMember(area="A", service_point="home"),
            AreaMember(area="A", service_point="works", ends_at=MOVED),
            AreaMember(area="A", service_point="supply-a", role=MemberRole.SUPPLY),
            AreaMember(area="F", service_point="supply-a"),
            AreaMember(area="F", service_point="works", starts_at=MOVED),
            AreaMember(area="F", service_point="mill"),
            AreaMember(area="F", service_point="supply-f", role=MemberRole.SUPPLY),
        ],
    )
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 1)
    parts = {
        frozenset(meter.id for meter in part.meters): sorted(
            (m.area, m.service_point, m.role.value) for m in part.area_members
        )
        for part in groups(archive, Together.AREA)
    }
    # supply-a fed 100 kWh into A, of which works drew 40: without the home's 60 F's group saw 60 kWh lost.
    assert parts == {
        frozenset({"home", "works", "supply-a"}): [
            ("A", "home", "member"),
            ("A", "supply-a", "supply"),
            ("A", "works", "member"),
        ],
        frozenset({"works", "supply-a", "mill", "supply-f"}): [
            ("A", "supply-a", "supply"),
            ("F", "mill", "member"),
            ("F", "supply-a", "member"),
            ("F", "supply-f", "supply"),
            ("F", "works", "member"),
        ],
    }
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 100)
    (whole,) = groups(archive, Together.AREA)
    assert len(whole.area_members) == len(archive.area_members)
    (beside,) = groups(archive, Together.POINT)
    assert len(beside.area_members) == len(archive.area_members)


START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 64
ZONES = {"A1": "Asia/Shanghai", "A2": "Asia/Shanghai", "A3": "Europe/Berlin"}


def _at(day: float) -> datetime:
    return START + timedelta(days=day)


def _stay(meter: str, point: str, first: float | None = None, end: float | None = None) -> Installation:
    return Installation(
        meter=MeterId(meter),
        service_point=point,
        starts_at=None if first is None else _at(first),
        ends_at=None if end is None else _at(end),
    )


def _archive() -> Registry:
    """Three areas between which meters moved: long before the window, and within it."""
    stays = [
        # From a home with a plain contract to one that feeds in; long ago.
        _stay("long-ago", "home-1", -600, -200),
        _stay("fitted", "home-1", -200),
        _stay("long-ago", "roof-2", -180),
        # From a works to another in another area, and to one in another time zone; within the window.
        _stay("moved", "works-1", -600, 41.6),
        _stay("next", "works-1", 41.6),
        _stay("moved", "works-2", 41.6),
        _stay("far", "works-2", -600, 20.3),
        _stay("far", "works-3", 22.1),
        _stay("stayed", "works-3", -600, 22.1),
        # What feeds an area was changed and hangs at a home since.
        _stay("supply", "feed-1", -600, 30.5),
        _stay("feeds", "feed-1", 30.5),
        _stay("supply", "home-2", 35.2),
        _stay("feeds-2", "feed-2"),
        _stay("neighbour", "home-3"),
    ]
    points = {stay.service_point: f"A{(stay.service_point or '')[-1]}" for stay in stays}
    works = [point for point in points if point and point.startswith("works")]
    return Registry(
        meters=[Meter(id=MeterId(name)) for name in dict.fromkeys(stay.meter for stay in stays)],
        installations=stays,
        service_points=[ServicePoint(id=point or "", area=area) for point, area in points.items()],
        areas=[Area(id=name, zone=ZoneInfo(zone)) for name, zone in ZONES.items()],
        area_members=[
            AreaMember(
                area=area,
                service_point=point or "",
                role=MemberRole.SUPPLY if (point or "").startswith("feed") else MemberRole.MEMBER,
            )
            for point, area in points.items()
        ],
        contracts=[
            *(Contract(service_point=p, capacity_kva=315.0, category="industry") for p in works),
            Contract(service_point="home-1", category="residential"),
            Contract(service_point="roof-2", category="residential", generation=True),
            Contract(service_point="home-2", category="residential", starts_at=_at(35.2)),
        ],
        suspensions=[
            Suspension(id="S1", service_point="home-1", starts_at=_at(20), ends_at=_at(50), setpoint_w=5000),
            Suspension(id="S2", service_point="roof-2", starts_at=_at(40), ends_at=_at(62), setpoint_w=5000),
            Suspension(id="S3", service_point="nowhere", starts_at=_at(40), ends_at=_at(62)),
        ],
        thresholds=[
            Threshold(detector="long_low_use", parameter="low_share", value=0.2, service_point="works-2"),
            Threshold(detector="reverse_energy", parameter="trigger_kwh", value=99.0, service_point="home-1"),
        ],
    )


def _window(archive: Registry) -> MeterMatrix:
    """A kilowatt or some of each, low for three weeks; half of the meters feed in at noon."""
    meters, slots = [meter.id for meter in archive.meters], DAYS * 96
    chance, slot = np.random.default_rng(7), np.arange(slots)
    bases = np.linspace(1.0, 9.0, len(meters))[:, None]
    kwh = bases * (1 + 0.5 * np.sin(slot % 96 / 96 * 6.28) + 0.2 * chance.random((len(meters), slots)))
    kwh[:, 42 * 96 : 63 * 96] *= 0.1
    noon = (slot % 96 >= 12) & (slot % 96 < 28)
    export = np.where(noon & (np.arange(len(meters)) % 2 == 0)[:, None], 0.5, 0.0)
    kwh = kwh.round(3)
    return MeterMatrix(
        meters=meters,
        starts_at=np.datetime64(START.replace(tzinfo=None), "us") + slot * np.timedelta64(15, "m"),
        minutes=15,
        values={},
        import_kwh=kwh,
        quality=np.full(kwh.shape, "A"),
        step_kwh=np.full(len(meters), 0.01),
        power_kw=np.full(kwh.shape, np.nan),
        energies={"export_kwh": export, "import_kvarh": 0.75 * kwh, "export_kvarh": 0.0 * kwh},
    )


def _of(window: MeterMatrix, meters: list[MeterId]) -> MeterMatrix:
    rows = [window.meters.index(meter) for meter in meters]
    return replace(
        window,
        meters=meters,
        import_kwh=window.import_kwh[rows],
        quality=window.quality[rows],
        step_kwh=window.step_kwh[rows],
        power_kw=window.power_kw[rows],
        energies={name: column[rows] for name, column in window.energies.items()},
    )


@pytest.mark.parametrize("at_a_time", [1, 4])
def test_parts_of_any_size_tell_what_one_look_at_all_meters_does(at_a_time: int) -> None:
    archive = _archive()
    window = _window(archive)
    whole = {episode.id: episode for episode in run(window, archive)}
    found: dict[str, Episode] = {}
    parts = list(groups(archive, Together.AREA, at_a_time))
    for part in parts:
        own = own_findings(part, run(_of(window, list(part.meter_by_id)), part))
        assert all(found.get(episode.id, episode) == episode for episode in own)
        found |= {episode.id: episode for episode in own}
    assert len(parts) > 1
    assert _told(found) == _told(whole)
    assert found == whole


def _told(found: dict[str, Episode]) -> set[tuple[str, str, str | None, datetime, datetime | None]]:
    return {(e.detector, e.meter, e.service_point, e.starts_at, e.ends_at) for e in found.values()}


def test_a_registry_that_is_no_part_owns_everything() -> None:
    archive = _archive()
    found = run(_window(archive), archive, only=["long_low_use"])
    assert own_findings(archive, found) == found
