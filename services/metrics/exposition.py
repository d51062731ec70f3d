"""Samples as the text that Prometheus fetches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from services.durations import Durations
from services.metrics import catalogue

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus text exposition format 0.0.4."""
MOST_LABELS: Final = 200
"""Buses or areas that are told one by one; what is beyond them is told as one."""
OTHERS: Final = "(others)"


class Sample(NamedTuple):
    """One value of the metric ``name``; what is unknown has no sample."""

    name: str
    value: float | Durations
    labels: tuple[str, ...] = ()


def exposition(samples: Iterable[Sample]) -> bytes:
    """Return the text.

    Raises:
        KeyError: If a sample's metric is not in the catalogue.
    """
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([_family(catalogue.EVERY[name], same) for name, same in by_name.items()]))
    return generate_latest(registry)


def bounded(names: Sequence[str], most: int = MOST_LABELS) -> Callable[[str], str]:
    """Return what gives labels: the name itself for the first ``most`` by name, one label for the rest."""
    told = set(sorted(names)[:most])
    return lambda name: name if name in told else OTHERS


class _Once:
    """Hands families to the library's writer."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _family(metric: catalogue.Metric, samples: Sequence[Sample]) -> Metric:
    if metric.kind is catalogue.MetricKind.HISTOGRAM:
        return _histogram(metric, samples)
    kind = CounterMetricFamily if metric.kind is catalogue.MetricKind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.says, labels=metric.labels)
    for sample in samples:
        if not isinstance(sample.value, Durations):
            family.add_metric(sample.labels, sample.value)
    return family


def _histogram(metric: catalogue.Metric, samples: Sequence[Sample]) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.says, labels=metric.labels)
    for sample in samples:
        if isinstance(sample.value, Durations):
            buckets: Mapping[str, int] = sample.value.up_to
            family.add_metric(sample.labels, list(buckets.items()), sample.value.sum_s)
    return family
