from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analysis.suspension_check import Outcome
from pipeline.model import Severity
from services.customer_facts import facts_of, recent_suspensions
from tests.large_customers import STOP, archive, bare_facts, facts, gathered
from tests.settled_plants import APRIL, MARCH


def test_a_month_is_told_as_it_is_worked_out_by_hand() -> None:
    (point,) = facts().points
    assert point.load is not None
    assert point.load.curve.energy_kwh == pytest.approx(5952.0)
    assert point.load.demand.block is not None
    assert point.load.demand.block.kw == pytest.approx(8.0)
    assert len(point.days) == 31
    assert point.days[0].high == pytest.approx(8.0)
    assert [bill.month for bill in point.bills] == ["2026-02", "2026-03"]
    assert [one.meter for one in point.forecasts] == ["M"]
    assert point.quality is not None


def test_a_suspension_is_checked_over_its_own_days() -> None:
    (check,) = facts().points[0].suspensions
    # 20 days of 8 kW against a set-point of 5 kW.
    assert (check.outcome, check.kwh) == (Outcome.DRAWING, 3840.0)
    assert check.max_kw == pytest.approx(8.0)
    assert check.days_above == 20


def test_suspensions_of_long_ago_and_of_later_are_left_out() -> None:
    old = replace(STOP, id="old", starts_at=MARCH - timedelta(days=500), ends_at=MARCH - timedelta(days=480))
    later = replace(STOP, id="later", starts_at=APRIL, ends_at=None)
    lasting = replace(STOP, id="lasting", starts_at=MARCH - timedelta(days=900), ends_at=None)
    registry = archive(suspensions=[old, later, lasting, STOP])
    assert [s.id for s in recent_suspensions(registry, APRIL, APRIL)] == ["lasting", "ZT-1"]


def test_episodes_come_gravest_first() -> None:
    known = gathered()
    (episode,) = known.episodes
    minor = replace(episode, id="e0", severity=Severity.MINOR, starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    told = facts_of(replace(known, episodes=[minor, episode]))
    assert [e.id for e in told.episodes] == ["e1", "e0"]


def test_of_a_customer_without_contract_and_meter_nothing_is_made_up() -> None:
    (point,) = bare_facts().points
    assert (point.contract, point.load, point.tariff) == (None, None, None)
    assert (list(point.days), list(point.bills), list(point.forecasts)) == ([], [], [])


def test_a_meter_that_went_elsewhere_has_no_forecast_on_the_sheet() -> None:
    registry = archive()
    gone = [replace(i, ends_at=APRIL) for i in registry.installations]
    (point,) = facts(replace(registry, installations=gone)).points
    assert list(point.forecasts) == []


def test_a_month_that_has_just_ended_tells_what_has_begun_since() -> None:
    begun = replace(STOP, id="begun", starts_at=APRIL + timedelta(days=9), ends_at=None)

    def told(now: datetime) -> list[str]:
        return [s.id for s in recent_suspensions(archive(suspensions=[begun]), APRIL, now)]

    assert told(APRIL + timedelta(days=8)) == []  # it is filed ahead
    assert told(APRIL + timedelta(days=20)) == ["begun"]
    assert told(APRIL + timedelta(days=400)) == []  # the sheet of an old month says what was so then
