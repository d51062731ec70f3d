from dataclasses import replace
from datetime import timedelta

import numpy as np

from detectors.usage.known_changes import contract_starts, suspended_days
from pipeline.contracts import Contract, Suspension
from pipeline.daily_reduction import with_daily_rows
from pipeline.registry import Registry
from tests.fix_planted import POINT, START, Planted, planted


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
