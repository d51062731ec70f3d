from dataclasses import replace

import numpy as np

from detectors.catalogue import about
from detectors.engine import run
from services.benchmarks.fleet_customers import customers
from services.benchmarks.fleet_records import each_once, told


def test_only_what_is_named_is_told() -> None:
    fleet = customers(3, 2)
    records = told(fleet, about("clock_error").needs, ())
    assert records.readings
    assert not records.parameters
    assert not records.outcomes
    assert told(fleet, about("sustained_drop").needs, ("outage",)).events


def test_every_record_is_looked_at() -> None:
    fleet = customers(3, 2)
    needs = about("communication_blackout").needs
    window = replace(fleet.window(needs), records=told(fleet, needs, ()))
    assert each_once(window) == 3 * 48


def test_the_demand_is_the_greatest_so_far() -> None:
    fleet = customers(3, 5)
    needs = about("demand_deviation").needs
    readings = told(fleet, needs, ()).readings
    demand = next(series for q, series in readings.items() if q.value == "max_demand_import")
    greatest = [fleet.kw[:, 0, : 96 * day].sum(axis=0).max() for day in range(1, 5)]
    np.testing.assert_allclose(demand.values[:4], greatest, atol=1e-4)
    window = replace(fleet.window(needs), records=told(fleet, needs, ()))
    assert run(window, fleet.registry, only=["demand_deviation"]) == []
