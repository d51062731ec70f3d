"""Areas by how far they lose more than they usually do."""

from datetime import date

from analysis.line_loss import AreaDay, LossVerdict, WhyUnknown
from services.loss_ranking import loss_ranks
from storage.area_losses import StoredLoss


def _day(number: int, loss_kwh: float | None, verdict: LossVerdict = LossVerdict.NORMAL) -> AreaDay:
    known = loss_kwh is not None
    return AreaDay(
        day=date(2026, 3, number),
        verdict=verdict if known else LossVerdict.UNKNOWN,
        why=None if known else WhyUnknown.MEMBERS_MISSING,
        energy_in_kwh=100.0 if known else None,
        energy_out_kwh=None if loss_kwh is None else 100.0 - loss_kwh,
        fed_in_kwh=0.0,
        filled_kwh=0.0 if known else None,
        loss_kwh=loss_kwh,
        loss_percent=loss_kwh,
        technical_kwh=2.0 if known else None,
        unexplained_kwh=None if loss_kwh is None else loss_kwh - 2.0,
        usual_percent=3.0 if known else None,
        limit_percent=5.0 if known else None,
        members=10,
        known=10 if known else 5,
        by_register=0,
        slot_coverage=1.0 if known else 0.5,
        missing=(),
        missing_supplies=(),
    )


def _found(area: str, risen_on: date | None) -> StoredLoss:
    return StoredLoss(
        area=area,
        name=f"Area {area}",
        zone=None,
        judged_to=date(2026, 3, 3),
        risen_on=risen_on,
        rise_kwh_a_day=None if risen_on is None else 4.0,
        rise_points=None,
        technical={"fixed_kwh": 0.01, "per_square": 0.0},
        suspects=[],
    )


def test_a_risen_loss_comes_first_then_the_one_farthest_above_its_usual() -> None:
    days = {
        "calm": [_day(1, 3.0), _day(2, 3.0)],
        "dear": [_day(1, 9.0, LossVerdict.RISES), _day(2, 9.0), _day(3, None)],
        "risen": [_day(1, 3.0), _day(2, 7.0, LossVerdict.RISES)],
        "blind": [_day(1, None)],
    }
    found = {"risen": _found("risen", date(2026, 3, 2)), "calm": _found("calm", None)}
    ranks = loss_ranks(days, found)
    assert [rank.area for rank in ranks] == ["risen", "dear", "calm", "blind"]
    risen, dear, _, blind = ranks
    # 10 of 200 kWh; usual are 3 %.
    assert (risen.loss_percent, risen.above_points, risen.verdict) == (5.0, 2.0, LossVerdict.RISES)
    assert (risen.name, risen.rise_kwh_a_day) == ("Area risen", 4.0)
    # Days that cannot be judged count in neither sum; two thirds are judged, 2.5 of 3 slots known.
    assert (dear.loss_percent, dear.technical_kwh, dear.judged_days, dear.days) == (9.0, 4.0, 2, 3)
    assert dear.slot_coverage == 2.5 / 3
    assert (blind.loss_percent, blind.above_points, blind.verdict) == (None, None, LossVerdict.UNKNOWN)
