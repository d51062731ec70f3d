"""The metrics' names follow Prometheus's conventions and none has a series for each meter."""

from __future__ import annotations

import re

import pytest

from services.metrics.catalogue import COLLECTOR, EVERY, FLEET, Metric, MetricKind

UNIT = re.compile(r"_(seconds|bytes|ratio|entries)$")
each_metric = pytest.mark.parametrize("metric", EVERY.values(), ids=lambda metric: metric.name)


@each_metric
def test_it_is_named_by_convention(metric: Metric) -> None:
    assert re.fullmatch(r"kilowatch(_[a-z]+)+", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket"))
    assert metric.says.endswith(".")
    if metric.kind is MetricKind.HISTOGRAM or "age" in metric.name.split("_"):
        assert UNIT.search(metric.name)


@each_metric
def test_no_label_counts_meters(metric: Metric) -> None:
    assert not {"meter", "address", "service_point", "customer"} & set(metric.labels)


def test_no_name_is_given_twice() -> None:
    assert len(EVERY) == len(FLEET) + len(COLLECTOR)
