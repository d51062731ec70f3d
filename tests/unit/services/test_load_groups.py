from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.contracts import Contract
from pipeline.registry import Area, Registry, ServicePoint
from services.load_groups import AreaGroup, Belonging, Span, areas_of, categories_of

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, SECOND, THIRD, LAST = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 20, 31))
SPAN = FIRST, LAST
ALWAYS = [SPAN]


def _areas(points: list[ServicePoint], members: list[AreaMember]) -> dict[str, AreaGroup]:
    registry = Registry(areas=[Area(id="A")], service_points=points, area_members=members)
    return {area.name: area for area in areas_of(registry, SPAN, ZONE)}


def _stays(group: AreaGroup) -> dict[str, list[Span]]:
    return {one.point: list(one.stays) for one in group.members}


def test_what_feeds_an_area_is_no_member_of_it() -> None:
    points = [ServicePoint(id=name, area="A") for name in ("F", "P", "Q")]
    supply = AreaMember(area="A", service_point="F", role=MemberRole.SUPPLY, sign=-1)
    area = _areas(points, [supply])["A"]
    assert _stays(area) == {"P": ALWAYS, "Q": ALWAYS}
    assert area.supplies == [Belonging(point="F", stays=ALWAYS, sign=-1)]


def test_the_supply_meter_of_an_area_is_a_member_of_its_feeder() -> None:
    members = [
        AreaMember(area="A", service_point="S", role=MemberRole.SUPPLY),
        AreaMember(area="FEEDER", service_point="S"),
        AreaMember(area="A", service_point="P"),
    ]
    areas = _areas([ServicePoint(id="S", area="A"), ServicePoint(id="P")], members)
    assert _stays(areas["FEEDER"]) == {"S": ALWAYS}
    assert _stays(areas["A"]) == {"P": ALWAYS}


def test_members_come_and_go_by_date() -> None:
    members = [
        AreaMember(area="A", service_point="COMES", starts_at=SECOND),
        AreaMember(area="A", service_point="GOES", ends_at=SECOND),
        AreaMember(area="A", service_point="BACK", ends_at=SECOND),
        AreaMember(area="A", service_point="BACK", starts_at=THIRD),
        AreaMember(area="A", service_point="GONE", ends_at=FIRST),
        AreaMember(area="A", service_point="LATER", starts_at=LAST),
    ]
    points = [ServicePoint(id=name) for name in ("COMES", "GOES", "BACK", "GONE", "LATER")]
    assert _stays(_areas(points, members)["A"]) == {
        "COMES": [(SECOND, LAST)],
        "GOES": [(FIRST, SECOND)],
        "BACK": [(FIRST, SECOND), (THIRD, LAST)],
    }


def test_the_area_filed_with_a_point_counts_while_no_membership_does() -> None:
    member = AreaMember(area="B", service_point="P", starts_at=SECOND, ends_at=THIRD)
    areas = _areas([ServicePoint(id="P", area="A")], [member])
    assert _stays(areas["A"]) == {"P": [(FIRST, SECOND), (THIRD, LAST)]}
    assert _stays(areas["B"]) == {"P": [(SECOND, THIRD)]}


def test_a_membership_that_ended_ends_though_the_area_is_filed_with_the_point() -> None:
    areas = _areas(
        [ServicePoint(id="P", area="A")], [AreaMember(area="A", service_point="P", ends_at=SECOND)]
    )
    assert _stays(areas["A"]) == {"P": [(FIRST, SECOND)]}


def test_areas_of_another_zone_are_left_out() -> None:
    registry = Registry(areas=[Area(id="A")], service_points=[ServicePoint(id="P", area="A")])
    assert areas_of(registry, SPAN, ZoneInfo("Europe/Berlin")) == []


@pytest.mark.parametrize(
    ("second", "stays"),
    [
        ("home", {"home": {"P": [SPAN]}}),
        ("shop", {"home": {"P": [(FIRST, SECOND)]}, "shop": {"P": [(SECOND, LAST)]}}),
    ],
)
def test_a_category_is_that_of_each_contract(second: str, stays: dict[str, dict[str, list[Span]]]) -> None:
    contracts = [
        Contract(service_point="P", category="home", ends_at=SECOND),
        Contract(service_point="P", category=second, starts_at=SECOND),
        Contract(service_point="F", category="home"),
    ]
    registry = Registry(
        service_points=[ServicePoint(id="P"), ServicePoint(id="F")],
        contracts=contracts,
        area_members=[AreaMember(area="A", service_point="F", role=MemberRole.SUPPLY)],
    )
    found = categories_of(registry, SPAN, ZONE)
    assert {name: {one.point: one.stays for one in group} for name, group in found.items()} == stays


def test_what_fed_an_area_before_the_span_is_a_customer_in_it() -> None:
    fed = AreaMember(area="A", service_point="P", role=MemberRole.SUPPLY, ends_at=FIRST)
    registry = Registry(
        service_points=[ServicePoint(id="P")],
        contracts=[Contract(service_point="P", category="home")],
        area_members=[fed],
    )
    group = categories_of(registry, SPAN, ZONE)["home"]
    assert [(one.point, one.stays) for one in group] == [("P", [SPAN])]
    within = replace(registry, area_members=[replace(fed, ends_at=SECOND)])
    assert categories_of(within, SPAN, ZONE) == {}
