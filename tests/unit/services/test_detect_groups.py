"""Groups of the archive that detectors look at one by one."""

from datetime import UTC, datetime

import pytest

from detectors.catalogue import Together
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from services.detect_groups import groups

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
