from services.benchmarks.fleet_customers import customers
from services.benchmarks.fleet_months import STOPPED_DAYS, STOPPED_EVERY


def test_who_has_stopped_draws_nothing_until_he_begins_again() -> None:
    fleet = customers(STOPPED_EVERY + 1, 30)
    assert [s.service_point for s in fleet.registry.suspensions] == ["M0", f"M{STOPPED_EVERY}"]
    drawn = fleet.kw.sum(axis=0)
    assert not drawn[::STOPPED_EVERY, : STOPPED_DAYS * 96].any()
    assert drawn[0, STOPPED_DAYS * 96 :].all()
    assert drawn[1].all()


def test_half_of_them_work_by_day() -> None:
    fleet = customers(8, 7)
    assert [c.category for c in fleet.registry.contracts] == ["by day", "by night"] * 4
    noon, night = (fleet.kw[:, 2, hour * 4 :: 96].mean() for hour in (12, 2))
    assert noon > 4 * night
