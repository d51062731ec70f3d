from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analysis.load.summary import SubjectKind
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from services.load import divisions, load_files, month_span

SHANGHAI = ZoneInfo("Asia/Shanghai")
MARCH = month_span(date(2026, 3, 1))(SHANGHAI)
ARCHIVE = '[[meter]]\nid = "M"\nservice_point = "P"\n[[service_point]]\nid = "P"\n'


def _files(folder: Path) -> tuple[Path, Path]:
    """Two local days of hours around New Year 2026: 1 kWh each, the second one 2 kWh."""
    first = datetime(2025, 12, 30, 16, tzinfo=UTC)
    lines = ["meter_id,starts_at,minutes,import_kwh"]
    lines += [f"M,{(first + timedelta(hours=h)).isoformat()},60,{1 + h // 24}" for h in range(48)]
    intervals, registry = folder / "intervals.csv", folder / "site.toml"
    intervals.write_text("\n".join(lines))
    registry.write_text(ARCHIVE)
    return intervals, registry


def test_the_last_month_of_the_file_is_summed_up(tmp_path: Path) -> None:
    intervals, registry = _files(tmp_path)
    meter, point = load_files(intervals=intervals, registry=registry)
    assert (meter.name, point.name) == ("M", "P")
    assert meter.starts_at == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert meter.ends_at == datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert meter.curve.energy_kwh == 48.0
    assert meter.curve.coverage == pytest.approx(1 / 31)


def test_a_month_without_intervals_names_what_the_file_holds(tmp_path: Path) -> None:
    intervals, registry = _files(tmp_path)
    with pytest.raises(DataError, match=r"goes from 2025-12-30T16:00.* to 2026-01-01T15:00.*--month"):
        list(load_files(intervals=intervals, registry=registry, span=month_span(date(2024, 1, 1))))


def test_demand_registers_and_phases_come_from_readings(tmp_path: Path) -> None:
    intervals, registry = _files(tmp_path)
    readings = tmp_path / "readings.csv"
    readings.write_text(
        "meter_id,taken_at,max_demand_import,max_demand_import_at,active_power_a,active_power_b,active_power_c\n"
        "M,2026-01-01T12:00:00+08:00,2.5,2026-01-01T03:15:00+08:00,1.0,0.5,0.5\n"
    )
    meter, _ = load_files(intervals=intervals, registry=registry, readings=readings)
    assert meter.demand.register is not None
    assert meter.demand.register.kw == 2.5
    assert meter.demand.register_over_block == 1.25
    assert meter.phases is not None
    assert meter.phases.of_means_percent == 50.0
    assert {name: str(want) for name, want in meter.wants.items()} == {
        "power_factor": "intervals: import_kvarh"
    }


def test_quadrants_alone_tell_the_power_factor(tmp_path: Path) -> None:
    intervals, registry = _files(tmp_path)
    header, *lines = intervals.read_text().splitlines()
    # QI 1 + QII 0.2 lag, QIII 0.05 + QIV 0.25 lead: over 24 hours of 2 kWh 28.8 + 7.2 kvarh on 48 kWh.
    quadrants = [
        f"{header},q1_kvarh,q2_kvarh,q3_kvarh,q4_kvarh",
        *(f"{line},1,0.2,0.05,0.25" for line in lines),
    ]
    intervals.write_text("\n".join(quadrants))
    meter, point = load_files(intervals=intervals, registry=registry)
    for found in (meter.power_factor, point.power_factor):
        assert found is not None
        assert (found.lagging_kvarh, found.leading_kvarh) == pytest.approx((28.8, 7.2))
        assert found.power_factor == 0.8
    # One direction is not known where one of its quadrants is not.
    half = [line.replace(",1,0.2,0.05,0.25", ",1,,0.05,0.25") for line in quadrants]
    intervals.write_text("\n".join(half))
    assert next(iter(load_files(intervals=intervals, registry=registry))).power_factor is None


def test_a_running_month_ends_now() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert month_span(date(2026, 3, 10), now)(SHANGHAI)[1] == now
    assert month_span(date(2026, 2, 10), now)(SHANGHAI)[1] == datetime(2026, 2, 28, 16, tzinfo=UTC)
    begins, ends = month_span(date(2026, 4, 1), now)(SHANGHAI)
    assert begins == ends


def _two_areas_and_their_feeder() -> Registry:
    """Areas A and B of one home each hang on a feeder F, beside a mill; the last of A's homes moved to C."""
    names = ("home-a", "supply-a", "home-b", "supply-b", "mill", "supply-f", "moved")
    return Registry(
        meters=[Meter(id=MeterId(name)) for name in names],
        installations=[Installation(meter=MeterId(name), service_point=name) for name in names],
        service_points=[ServicePoint(id=name, area="F" if name == "mill" else None) for name in names],
        area_members=[
            AreaMember(area="A", service_point="home-a"),
            AreaMember(area="A", service_point="supply-a", role=MemberRole.SUPPLY),
            AreaMember(area="F", service_point="supply-a"),
            AreaMember(area="F", service_point="supply-b"),
            AreaMember(area="B", service_point="home-b"),
            AreaMember(area="B", service_point="supply-b", role=MemberRole.SUPPLY),
            AreaMember(area="F", service_point="supply-f", role=MemberRole.SUPPLY),
            AreaMember(area="A", service_point="moved", ends_at=datetime(2026, 3, 10, tzinfo=UTC)),
            AreaMember(area="C", service_point="moved", starts_at=datetime(2026, 3, 10, tzinfo=UTC)),
        ],
    )


def test_every_subject_is_whole_in_the_part_that_tells_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 1)
    parts = [
        (sorted(meter.id for meter in part.registry.meters), part.areas, SubjectKind.METER in part.kinds)
        for part in divisions(_two_areas_and_their_feeder(), MARCH)
    ]
    plain = frozenset({"A", "B"})
    assert sorted(meters for meters, areas, alone in parts if alone and areas == plain) == [
        ["home-a", "moved", "supply-a"],
        ["home-b", "supply-b"],
        ["mill", "supply-f"],
    ]
    # The feeder is told once, of all its members, and nothing else is told out of that part; so is the area
    # to which a home of A moved in that month.
    assert [(meters, areas) for meters, areas, alone in parts if not alone] == [
        (["moved"], frozenset({"C"})),
        (["mill", "supply-a", "supply-b", "supply-f"], frozenset({"F"})),
    ]


def _areas_in_a_chain(areas: int, moved_at: datetime) -> Registry:
    """Areas of 20 homes, of which one each was moved to the next area at an instant."""
    homes = [(n, f"P{n}-{home}") for n in range(areas) for home in range(20)]
    members = []
    for n, point in homes:
        if point.endswith("-0") and n + 1 < areas:
            members.append(AreaMember(area=f"A{n}", service_point=point, ends_at=moved_at))
            members.append(AreaMember(area=f"A{n + 1}", service_point=point, starts_at=moved_at))
        else:
            members.append(AreaMember(area=f"A{n}", service_point=point))
    return Registry(
        meters=[Meter(id=MeterId(point)) for _, point in homes],
        installations=[Installation(meter=MeterId(point), service_point=point) for _, point in homes],
        service_points=[ServicePoint(id=point, area=f"A{n}") for n, point in homes],
        area_members=members,
    )


@pytest.mark.parametrize(
    ("moved_at", "told_apart"),
    [(datetime(2020, 1, 1, tzinfo=UTC), 0), (datetime(2026, 3, 10, tzinfo=UTC), 99)],
)
def test_areas_between_which_homes_moved_are_no_group_of_everybody(
    moved_at: datetime, told_apart: int
) -> None:
    archive = _areas_in_a_chain(100, moved_at)
    parts = list(divisions(archive, MARCH))
    assert max(len(part.registry.meters) for part in parts) <= 500
    once = [meter for part in parts if part.meters is not None for meter in part.meters]
    assert sorted(once) == sorted(meter.id for meter in archive.meters)
    apart = [part.areas for part in parts if part.meters is None]
    assert sum(len(areas) for areas in apart if areas is not None) == told_apart
    # Each area is told out of one part, which has all who belong to it in that month.
    members = defaultdict(set)
    for member in archive.area_members:
        if (member.ends_at is None or member.ends_at > MARCH[0]) and (
            member.starts_at is None or member.starts_at < MARCH[1]
        ):
            members[member.area].add(member.service_point)
    told = [
        area
        for part in parts
        for area in (part.areas or ())
        if members[area] <= (part.points or {point.id for point in part.registry.service_points})
    ]
    assert sorted(told) == sorted(members)


def test_a_meter_that_moved_between_areas_is_told_once_and_its_places_where_they_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # M measured P1 in area A until 10 March, N does since; M measures P2 in area B from 12 March.
    swap, again = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC)
    mover, new = MeterId("M"), MeterId("N")
    archive = Registry(
        meters=[Meter(id=mover), Meter(id=new)],
        installations=[
            Installation(meter=mover, service_point="P1", ends_at=swap),
            Installation(meter=new, service_point="P1", starts_at=swap),
            Installation(meter=mover, service_point="P2", starts_at=again),
        ],
        service_points=[ServicePoint(id="P1", area="A"), ServicePoint(id="P2", area="B")],
    )
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 1)
    parts = [
        (sorted(m.id for m in part.registry.meters), part.points, part.meters)
        for part in divisions(archive, MARCH)
    ]
    assert parts == [
        (["M", "N"], frozenset({"P1"}), frozenset({mover, new})),
        (["M"], frozenset({"P2"}), frozenset()),
    ]
