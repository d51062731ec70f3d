"""Who is like whom: class, area and feeding in, as filed at the time."""

from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.usage.peers import peers
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, Role, ServicePoint
from tests.day_windows import by_days

AT = datetime(2024, 6, 10, tzinfo=UTC)
LATER = AT + timedelta(days=1)
NAMES = [MeterId(f"M{number}") for number in range(8)]
WINDOW = by_days(np.ones((8, 3)))
REGISTRY = Registry(
    meters=[Meter(id=name) for name in NAMES],
    areas=[Area(id="A"), Area(id="B")],
    service_points=[
        *(ServicePoint(id=f"P{number}", area="A") for number in range(6)),
        ServicePoint(id="P6"),
        ServicePoint(id="P7"),
    ],
    # P3 is moved to B by its membership, P5 supplies A, P7 joins later.
    area_members=[
        AreaMember(area="B", service_point="P3"),
        AreaMember(area="A", service_point="P5", role=MemberRole.SUPPLY),
        AreaMember(area="A", service_point="P7", starts_at=LATER),
    ],
    installations=[
        Installation(meter=name, service_point=f"P{number}", role=Role.CHECK if number == 4 else Role.MAIN)
        for number, name in enumerate(NAMES)
    ],
    contracts=[
        Contract(service_point="P0", category="home"),
        Contract(service_point="P1", category="home", generation=True),
        Contract(service_point="P2", category="home", ends_at=LATER),
        Contract(service_point="P3", category="home"),
    ],
)


def test_like_ones_share_class_area_and_feeding_in() -> None:
    found = {group: rows.tolist() for group, rows in peers(WINDOW, REGISTRY, AT).items()}
    # The check meter M4, the area's supply M5 and points without an area are nobody's like ones.
    assert found == {("A", "home", False): [0, 2], ("A", "home", True): [1], ("B", "home", False): [3]}


def test_the_archive_is_read_as_it_is_in_force() -> None:
    found = {group: rows.tolist() for group, rows in peers(WINDOW, REGISTRY, LATER).items()}
    assert found[("A", "", False)] == [2, 7]
    assert found[("A", "home", False)] == [0]
