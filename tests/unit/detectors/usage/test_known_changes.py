from dataclasses import replace
from datetime import timedelta

import numpy as np

from detectors.usage.known_changes import contract_starts, suspended_days
from pipeline.contracts import Contract, Suspension
from pipeline.daily_reduction import with_daily_rows
from pipeline.registry import Registry, Role
from tests.fix_planted import DAYS, POINT, START, Planted, planted


def _days(case: Planted, registry: Registry) -> tuple[list[int], list[int]]:
    window = with_daily_rows(case.window, registry)
    daily = window.daily
    assert daily is not None
    found = (rule(window, daily, registry)[0] for rule in (suspended_days, contract_starts))
    suspended, started = (np.flatnonzero(mask).tolist() for mask in found)
    return suspended, started


def test_the_days_that_a_suspension_touches() -> None:
    case = planted(None)
    begun = Suspension(
        id="S0", service_point=POINT, starts_at=START - timedelta(days=9), ends_at=START + timedelta(hours=1)
    )
    within = Suspension(
        id="S1",
        service_point=POINT,
        starts_at=START + timedelta(days=3, hours=9),
        ends_at=START + timedelta(days=5, hours=9),
    )
    lasting = Suspension(id="S2", service_point=POINT, starts_at=START + timedelta(days=12), ends_at=None)
    elsewhere = Suspension(id="S3", service_point="SP-X", starts_at=START, ends_at=None)
    registry = replace(case.registry, suspensions=[begun, within, lasting, elsewhere])
    assert _days(case, registry) == ([0, 3, 4, 5, 12, 13], [])


def test_the_day_on_which_a_contract_begins() -> None:
    case = planted(None)
    contracts = [
        Contract(service_point=POINT),
        Contract(service_point=POINT, starts_at=START - timedelta(days=1)),
        Contract(service_point=POINT, starts_at=START + timedelta(days=4, hours=8)),
        Contract(service_point="SP-X", starts_at=START + timedelta(days=5)),
    ]
    assert _days(case, replace(case.registry, contracts=contracts)) == ([], [4])


def _moved(registry: Registry, day: int) -> Registry:
    """Return the archive with the meter at another point until the noon of a day, and at ``POINT`` since."""
    moved = START + timedelta(days=day, hours=12)
    (here,) = registry.installations
    return replace(
        registry,
        installations=[
            replace(here, service_point="SP-OLD", ends_at=moved),
            replace(here, starts_at=moved),
        ],
    )


def test_a_suspension_concerns_a_meter_only_while_it_hangs_there() -> None:
    case = planted(None)
    at = [START + timedelta(days=day) for day in range(DAYS)]
    old = Suspension(id="S1", service_point="SP-OLD", starts_at=at[3], ends_at=at[8])
    gone = Suspension(id="S2", service_point="SP-OLD", starts_at=at[7], ends_at=None)
    early = Suspension(id="S3", service_point=POINT, starts_at=at[0], ends_at=at[4])
    here = Suspension(id="S4", service_point=POINT, starts_at=at[4], ends_at=at[9])
    registry = _moved(case.registry, 5)
    for suspensions, days in (
        ([old], [3, 4, 5]),
        ([gone], []),
        ([early], []),
        ([here], [5, 6, 7, 8, 9]),
    ):
        assert _days(case, replace(registry, suspensions=suspensions))[0] == days


def test_a_contract_concerns_a_meter_only_while_it_hangs_there_and_a_move_is_a_new_customer() -> None:
    case = planted(None)
    contracts = [
        Contract(service_point="SP-OLD", starts_at=START + timedelta(days=2)),
        Contract(service_point="SP-OLD", starts_at=START + timedelta(days=7)),
        Contract(service_point=POINT, starts_at=START + timedelta(days=3)),
        Contract(service_point=POINT, starts_at=START + timedelta(days=9)),
    ]
    registry = _moved(case.registry, 5)
    assert _days(case, replace(registry, contracts=contracts)) == ([], [2, 5, 9])


def test_a_meter_that_counts_at_two_points_did_not_move() -> None:
    case = planted(None)
    (here,) = case.registry.installations
    beside = replace(here, service_point="SP-X", role=Role.SUBTRACT, starts_at=START + timedelta(days=4))
    again = replace(here, starts_at=START + timedelta(days=6))
    for placed in ([here, beside], [replace(here, ends_at=again.starts_at), again]):
        assert _days(case, replace(case.registry, installations=placed)) == ([], [])
