"""The reference page of metrics, written from the catalogue that the code itself uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.counters import DROPS
from services.metrics.catalogue import COLLECTOR, FLEET, Metric, MetricKind
from services.metrics.exposition import MOST_LABELS, OTHERS

INTRODUCTION: Final = (
    "What Kilowatch tells Prometheus (指标). Alert rules that use it are in `ops/prometheus/`. "
    "No metric has a series for each meter; of buses and areas the first "
    f"{MOST_LABELS} by name have their own, the rest is `{OTHERS}`. "
    "What is unknown has no sample, which is not 0."
)
FLEET_HEAD: Final = (
    "`GET /metrics` of `kilowatch dashboard`, by the database, at most once in ten seconds. Rates and ages "
    "are of the last three periods of each group's schedule, two hours at least."
)
COLLECTOR_HEAD: Final = (
    "`GET /metrics` at `KILOWATCH_METRICS_HOST` and `KILOWATCH_METRICS_PORT` of each `kilowatch collect`. "
    "Counters begin anew with the process, and when the archive has changed."
)


def metric_lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# Metrics 指标\n"
    yield INTRODUCTION
    for head, about, metrics in (
        ("The fleet", FLEET_HEAD, FLEET),
        ("A collector", COLLECTOR_HEAD, COLLECTOR),
    ):
        yield f"\n# {head}\n"
        yield f"{about}\n"
        yield from _table(metrics)
    yield "\nCauses of `kilowatch_dropped_total`: " + "; ".join(f"`{d.cause}` {d.says}" for d in DROPS) + "."


def _table(metrics: Sequence[Metric]) -> Iterator[str]:
    yield "| metric | kind | labels | says |"
    yield "|---|---|---|---|"
    for metric in metrics:
        suffix = "_total" if metric.kind is MetricKind.COUNTER else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        yield f"| `{metric.name}{suffix}` | {metric.kind} | {labels} | {metric.says} |"
