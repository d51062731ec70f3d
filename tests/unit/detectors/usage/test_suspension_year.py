from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from detectors.usage.suspension_year import Rest, days_before_and_of, rests_of
from pipeline.contracts import Suspension
from pipeline.registry import Area, Registry, ServicePoint

BERLIN = ZoneInfo("Europe/Berlin")


def _stop(name: str, first: datetime, last: datetime | None, remaining_kva: float = 0.0) -> Suspension:
    return Suspension(id=name, service_point="P", starts_at=first, ends_at=last, remaining_kva=remaining_kva)


def _rests(*stops: Suspension, end: datetime) -> list[Rest]:
    registry = Registry(
        suspensions=stops,
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=BERLIN)],
    )
    return rests_of(registry, "P", end)


def test_a_stop_over_a_day_of_23_hours_keeps_its_days() -> None:
    first = datetime(2024, 3, 20, tzinfo=BERLIN)
    last = datetime(2024, 4, 4, tzinfo=BERLIN)
    assert last.astimezone(ZoneInfo("UTC")) - first.astimezone(ZoneInfo("UTC")) < timedelta(days=15)
    (rest,) = _rests(_stop("S", first, last), end=last)
    assert rest.days == 15


def test_a_stop_over_new_year_has_its_days_in_both_years() -> None:
    first, last = datetime(2023, 12, 22, tzinfo=BERLIN), datetime(2024, 1, 11, tzinfo=BERLIN)
    (rest,) = rests = _rests(_stop("S", first, last), end=last)
    assert rest.years == [2023, 2024]
    assert [days_before_and_of(rests, rest, year) for year in rest.years] == [(0, 10), (0, 10)]


def test_days_on_which_two_stops_overlap_count_once() -> None:
    day = datetime(2024, 5, 1, tzinfo=BERLIN)
    one = _stop("S1", day, day + timedelta(days=20), 100.0)
    two = _stop("S2", day + timedelta(days=10), day + timedelta(days=30))
    rests = _rests(one, two, end=day + timedelta(days=60))
    assert days_before_and_of(rests, rests[1], 2024) == (20, 10)


def test_what_lasts_is_counted_up_to_the_end_of_what_is_known() -> None:
    day = datetime(2024, 5, 1, tzinfo=BERLIN)
    (rest,) = _rests(_stop("S", day, None), end=day + timedelta(days=12))
    assert (rest.days, rest.ends_at) == (12, None)


def test_adjoining_stops_are_one_only_where_the_same_is_left() -> None:
    day = datetime(2024, 5, 1, tzinfo=BERLIN)
    one = _stop("S1", day, day + timedelta(days=10))
    two = _stop("S2", day + timedelta(days=10), day + timedelta(days=20))
    (rest,) = _rests(one, two, end=day + timedelta(days=60))
    assert (rest.suspension.id, rest.days) == ("S1", 20)
    other = _stop("S2", day + timedelta(days=10), day + timedelta(days=20), 50.0)
    assert [r.days for r in _rests(one, other, end=day + timedelta(days=60))] == [10, 10]
