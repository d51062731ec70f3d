"""Samples become text that Prometheus's own parser reads back."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.durations import Durations
from services.metrics.exposition import OTHERS, Sample, bounded, exposition


def read_back(samples: list[Sample]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(exposition(samples).decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_gauges_counters_and_labels_come_back_as_they_were() -> None:
    found = read_back(
        [
            Sample("kilowatch_database_up", 1.0),
            Sample("kilowatch_exchanges", 7.0, ("b1", "answered")),
            Sample("kilowatch_exchanges", 2.0, ('quoted "b2"\n', "refused")),
        ]
    )
    assert found == {
        ("kilowatch_database_up", ()): 1.0,
        ("kilowatch_exchanges_total", (("bus", "b1"), ("result", "answered"))): 7.0,
        ("kilowatch_exchanges_total", (("bus", 'quoted "b2"\n'), ("result", "refused"))): 2.0,
    }


def test_a_histogram_adds_up() -> None:
    durations = Durations()
    for seconds in (0.004, 0.3, 7.0, 99.0):
        durations.add(seconds)
    found = read_back([Sample("kilowatch_commit_seconds", durations)])
    assert found["kilowatch_commit_seconds_bucket", (("le", "0.005"),)] == 1
    assert found["kilowatch_commit_seconds_bucket", (("le", "0.5"),)] == 2
    assert found["kilowatch_commit_seconds_bucket", (("le", "30"),)] == 3
    assert found["kilowatch_commit_seconds_count", ()] == 4
    assert found["kilowatch_commit_seconds_sum", ()] == pytest.approx(106.304)


def test_a_metric_that_is_not_in_the_catalogue_is_a_fault() -> None:
    with pytest.raises(KeyError):
        exposition([Sample("kilowatch_unheard_of", 1.0)])


def test_names_beyond_the_bound_share_one_label() -> None:
    label = bounded([f"b{n}" for n in range(5)], most=3)
    assert [label(f"b{n}") for n in range(5)] == ["b0", "b1", "b2", OTHERS, OTHERS]
