from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from analysis.load.summary import Subject, SubjectKind
from pipeline.timegrid import slot_grid
from services.load_groups import Belonging
from services.load_sums import GroupSum, group_sum, joined

AT, HALF, END = (datetime(2026, 3, 1, *clock, tzinfo=UTC) for clock in ((0, 0), (0, 30), (1, 0)))
NAN = np.nan


def _point(name: str, kwh: list[float], **others: np.ndarray) -> Subject:
    imported = np.array(kwh)
    return Subject(
        kind=SubjectKind.SERVICE_POINT,
        name=name,
        zone=ZoneInfo("Asia/Shanghai"),
        starts_at=slot_grid(AT, END, 15),
        minutes=15,
        import_kwh=imported,
        quality=np.where(np.isfinite(imported), "A", "N"),
        **others,
    )


def _sum(*points: Subject, level: float = 0.9, absent: str | None = None, **stays: datetime) -> GroupSum:
    """Return the sum of points; ``stays`` are those that join later."""
    group = [Belonging(point=p.name, stays=[(stays.get(p.name, AT), END)]) for p in points]
    if absent is not None:
        group.append(Belonging(point=absent, stays=[(AT, END)]))
    return group_sum(SubjectKind.AREA, "A", group, {p.name: p for p in points}, level)


def _kwh(found: GroupSum) -> list[float]:
    assert found.subject is not None
    assert (found.subject.kind, found.subject.name) == (SubjectKind.AREA, "A")
    kwh: list[float] = found.subject.import_kwh.tolist()
    return kwh


def test_a_member_counts_while_it_belongs() -> None:
    found = _sum(_point("P", [1, 1, 1, 1]), _point("Q", [2, 2, 2, 2]), Q=HALF)
    assert _kwh(found) == [1.0, 1.0, 3.0, 3.0]
    assert found.import_kwh == 8.0
    assert found.stays == {"Q": [(HALF, END)]}
    assert found.members["Q"].kw.tolist() == [0.0, 0.0, 8.0, 8.0]


def test_a_slot_to_which_nobody_belongs_is_missing() -> None:
    np.testing.assert_array_equal(_kwh(_sum(_point("Q", [2, 2, 2, 2]), Q=HALF)), [NAN, NAN, 2.0, 2.0])


def test_what_is_missing_before_a_member_joins_costs_nothing() -> None:
    found = _sum(_point("P", [1, 1, 1, 1]), _point("Q", [NAN, NAN, 2, 2]), Q=HALF)
    assert _kwh(found) == [1.0, 1.0, 3.0, 3.0]
    assert found.facts.coverage == 1.0


def test_one_of_whom_too_little_is_known_is_named_with_its_coverage() -> None:
    found = _sum(_point("P", [1, 1, 1, 1]), _point("Q", [2, NAN, NAN, NAN]), absent="R")
    assert _kwh(found) == [1.0, 1.0, 1.0, 1.0]
    assert found.absent == {"Q": 0.25, "R": 0.0}
    assert list(found.members) == ["P"]


def test_what_is_known_of_nobody_makes_nobody_absent() -> None:
    found = _sum(_point("P", [1, 1, NAN, NAN]), _point("Q", [2, 2, NAN, NAN]))
    np.testing.assert_array_equal(_kwh(found), [3.0, 3.0, NAN, NAN])
    assert found.absent == {}


def test_where_too_little_is_known_of_all_they_all_stay() -> None:
    found = _sum(_point("P", [1, 1, NAN, NAN]), _point("Q", [NAN, 2, 2, 2]))
    np.testing.assert_array_equal(_kwh(found), [NAN, 3.0, NAN, NAN])
    # All that is known: 2 kWh and 6 kWh, of 5 slots out of 8.
    assert (found.import_kwh, found.facts.coverage) == (8.0, 0.625)


def test_a_gap_costs_the_curve_a_slot_and_the_energies_a_member() -> None:
    found = _sum(_point("P", [1, 1, 1, 1]), _point("Q", [2, NAN, 2, 2]), level=0.7)
    np.testing.assert_array_equal(_kwh(found), [3.0, NAN, 3.0, 3.0])
    assert (found.import_kwh, found.facts.coverage) == (10.0, 0.875)


def test_what_a_member_does_not_count_is_nothing_or_unknown() -> None:
    both = {"export_kwh": np.full(4, 0.5), "lagging_kvarh": np.ones(4)}
    found = _sum(_point("P", [1, 1, 1, 1], **both), _point("Q", [2, 2, 2, 2]))
    assert found.subject is not None
    assert found.subject.export_kwh is not None
    assert found.subject.lagging_kvarh is not None
    assert found.subject.export_kwh.tolist() == [0.5] * 4
    assert found.export_kwh == 2.0
    assert np.isnan(found.subject.lagging_kvarh).all()
    assert found.subject.leading_kvarh is None


def test_a_sign_turns_what_is_counted() -> None:
    points = {"P": _point("P", [5, 5, 5, 5]), "Q": _point("Q", [1, 1, 1, 1])}
    group = [Belonging(point="P", stays=[(AT, END)]), Belonging(point="Q", stays=[(AT, END)], sign=-1)]
    assert _kwh(group_sum(SubjectKind.AREA, "A", group, points, 0.0)) == [4.0] * 4


def test_sums_of_several_parts_are_one() -> None:
    points = [_point("P", [1, 1, NAN, 1]), _point("Q", [2, 2, 2, 2]), _point("R", [4, 4, 4, 4])]
    whole = _sum(*points, level=0.5)
    parts = joined([GroupSum(), joined([GroupSum(), _sum(points[0], level=0.5)]), _sum(*points[1:])])
    np.testing.assert_array_equal(_kwh(parts), _kwh(whole))
    # P 3 kWh in 3 of 4 slots, Q 8 kWh in 4, R 16 kWh in 4.
    assert (parts.import_kwh, parts.slots, parts.known_slots) == (27.0, 12, 11)
    assert list(parts.members) == ["P", "Q", "R"]
    assert parts.subject is not None
    assert whole.subject is not None
    assert parts.subject.quality.tolist() == whole.subject.quality.tolist()


def test_nobody_makes_no_sum() -> None:
    assert _sum(absent="R").subject is None
