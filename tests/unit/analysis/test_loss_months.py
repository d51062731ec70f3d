"""Months of line loss: sums of judged days, a verdict with enough of them, the step from month to month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from analysis.line_loss import AreaDay, LossVerdict, WhyUnknown
from analysis.loss_months import area_months


def _day(
    day: date, loss: float | None, verdict: LossVerdict = LossVerdict.NORMAL, missing: tuple[str, ...] = ()
) -> AreaDay:
    return AreaDay(
        day=day,
        verdict=LossVerdict.UNKNOWN if loss is None else verdict,
        why=WhyUnknown.MEMBERS_MISSING if loss is None else None,
        energy_in_kwh=100.0,
        energy_out_kwh=None if loss is None else 100.0 - loss,
        fed_in_kwh=1.0,
        filled_kwh=2.0,
        filled_in_kwh=0.5,
        loss_kwh=loss,
        loss_percent=loss,
        technical_kwh=3.0,
        unexplained_kwh=None if loss is None else loss - 3.0,
        usual_percent=None,
        limit_percent=None,
        members=30,
        known=30 - len(missing),
        by_register=0,
        slot_coverage=1.0,
        missing=missing,
        missing_supplies=(),
    )


def _days(first: date, losses: list[float | None], **kept: object) -> list[AreaDay]:
    return [_day(first + timedelta(days=n), loss, **kept) for n, loss in enumerate(losses)]  # type: ignore[arg-type]  # as _day takes them


def test_a_month_adds_up_its_judged_days() -> None:
    (month,) = area_months(_days(date(2026, 2, 1), [4.0, None, 5.0, 6.0]))
    # Three days: in 300, lost 15, 5 %; technical 9, the rest 6.
    assert (month.judged_days, month.days) == (3, 28)
    assert month.energy_in_kwh == pytest.approx(300.0)
    assert month.energy_out_kwh == pytest.approx(285.0)
    assert month.loss_kwh == pytest.approx(15.0)
    assert month.loss_percent == pytest.approx(5.0)
    assert month.technical_kwh == pytest.approx(9.0)
    assert month.unexplained_kwh == pytest.approx(6.0)
    assert (month.fed_in_kwh, month.filled_kwh, month.filled_in_kwh) == (3.0, 6.0, 1.5)
    assert month.day_coverage == pytest.approx(3 / 28)
    assert month.verdict is LossVerdict.NORMAL


def test_too_few_judged_days_leave_a_month_unknown_and_name_who_was_missing() -> None:
    days = _days(date(2026, 2, 1), [4.0, None, None], missing=("P-2", "P-1"))
    days.append(_day(date(2026, 2, 4), None, missing=("P-2",)))
    (month,) = area_months(days)
    assert month.verdict is LossVerdict.UNKNOWN
    assert month.missing == (("P-2", 4), ("P-1", 3))
    (empty,) = area_months(_days(date(2026, 2, 1), [None]))
    assert empty.loss_percent is None


@pytest.mark.parametrize(
    ("loss", "verdict"),
    [(-2.0, LossVerdict.NEGATIVE), (12.0, LossVerdict.HIGH), (9.0, LossVerdict.NORMAL)],
)
def test_the_rate_of_a_month_is_called_by_its_limits(loss: float, verdict: LossVerdict) -> None:
    assert area_months(_days(date(2026, 2, 1), [loss] * 5))[0].verdict is verdict


def test_three_days_above_the_usual_make_a_month_that_rises() -> None:
    calm = _days(date(2026, 2, 1), [4.0] * 5)
    for risen, verdict in ((2, LossVerdict.NORMAL), (3, LossVerdict.RISES)):
        days = calm + _days(date(2026, 2, 6), [6.0] * risen, verdict=LossVerdict.RISES)
        assert area_months(days)[0].verdict is verdict


def test_a_month_is_compared_with_the_one_before_if_both_can_be_judged() -> None:
    before, after = _days(date(2026, 1, 1), [4.0] * 31), _days(date(2026, 2, 1), [5.5] * 10)
    january, february = area_months([*after, *before])
    assert january.change_points is None
    assert february.change_points == pytest.approx(1.5)
    assert february.change_kwh_a_day == pytest.approx(1.5)
    unknown = _days(date(2026, 1, 1), [None] * 31)
    assert area_months([*unknown, *after])[1].change_points is None
    assert area_months([]) == []
