"""Every metric (指标) that Kilowatch exposes: its name with the unit, its kind, its labels, what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MetricKind(StrEnum):
    """How Prometheus treats a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    """Only grows; its samples end with ``_total``. It begins anew with its process."""
    HISTOGRAM = "histogram"
    """Its samples end with ``_bucket``, ``_sum`` and ``_count``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; no label is ever a meter, so that a large fleet has as many series as a small one."""

    name: str
    says: str
    labels: tuple[str, ...] = ()
    kind: MetricKind = MetricKind.GAUGE

    @property
    def sample_names(self) -> frozenset[str]:
        """The names that samples of it bear."""
        suffixes = {
            MetricKind.GAUGE: ("",),
            MetricKind.COUNTER: ("_total",),
            MetricKind.HISTOGRAM: ("_bucket", "_sum", "_count"),
        }
        return frozenset(self.name + suffix for suffix in suffixes[self.kind])


def _counter(name: str, says: str, *labels: str) -> Metric:
    return Metric(name=name, says=says, labels=labels, kind=MetricKind.COUNTER)


def _gauge(name: str, says: str, *labels: str) -> Metric:
    return Metric(name=name, says=says, labels=labels)


DATABASE_UP: Final = _gauge("kilowatch_database_up", "1 while the database answers, else 0.")
FLEET: Final = (
    DATABASE_UP,
    _gauge("kilowatch_figures_seconds", "How long the database took for these figures."),
    _gauge("kilowatch_schema_version", "Newest migration in the database."),
    _gauge("kilowatch_migrations_pending", "Migrations that this program has and the database lacks."),
    _gauge("kilowatch_database_size_bytes", "Size of the database on its disk."),
    _gauge("kilowatch_installed_meters", "Meters that hang somewhere now."),
    _gauge(
        "kilowatch_group_success_ratio",
        "Reading success rate (抄表成功率): share of what was due that came, backfilled included.",
        "quantity_group",
    ),
    _gauge("kilowatch_bus_success_ratio", "The same by bus; `(push)` are meters without one.", "bus"),
    _gauge(
        "kilowatch_area_success_ratio", "The same by area (台区); `(none)` are meters without one.", "area"
    ),
    _gauge(
        "kilowatch_group_newest_age_seconds",
        "Freshness: time since the newest slot for which any meter was read.",
        "quantity_group",
    ),
    _gauge(
        "kilowatch_group_median_age_seconds",
        "Freshness: time since the newest slot read, of the meter in the middle.",
        "quantity_group",
    ),
    _gauge(
        "kilowatch_group_period_seconds",
        "How often the group is read by the archive's schedules, the slowest of them.",
        "quantity_group",
    ),
    _gauge(
        "kilowatch_bus_newest_age_seconds",
        "Freshness: time since the newest slot, of any group, for which a meter on the bus was read.",
        "bus",
    ),
    _gauge("kilowatch_area_newest_age_seconds", "The same by area (台区).", "area"),
    _gauge("kilowatch_group_meters", "Meters for which the group was due.", "quantity_group"),
    _gauge(
        "kilowatch_group_silent_meters",
        "Of these, meters of which nothing came.",
        "quantity_group",
    ),
    _gauge("kilowatch_missing_reads", "Reads that are missing now, by cause.", "cause"),
    _gauge(
        "kilowatch_open_episodes",
        "Episodes (异常) that last, and that nobody has rejected or closed.",
        "detector",
        "severity",
        "verdict",
    ),
    _gauge(
        "kilowatch_unmatched_messages",
        "Messages and rows that fit no meter or field, kept aside and counted.",
        "reason",
    ),
    _gauge("kilowatch_waiting_read_requests", "Requests for reads that no collector has served."),
    _gauge("kilowatch_leased_buses", "Buses that some collector owns at present."),
    _gauge(
        "kilowatch_open_incidents",
        "Incidents (告警事件) that are open: `new`, or `acknowledged` by somebody.",
        *("severity", "state"),
    ),
    _gauge(
        "kilowatch_alarm_deliveries",
        "Attempts to send a message that ended within the last hour, by kind of channel and outcome: "
        "sent, failed (it is tried again), given up.",
        *("kind", "outcome"),
    ),
    _gauge("kilowatch_alarm_waiting_messages", "Messages about incidents that are not sent yet."),
    _gauge(
        "kilowatch_alarm_oldest_waiting_seconds", "Time since the oldest of these was due; 0 if none waits."
    ),
    _gauge(
        "kilowatch_alarms_looked_age_seconds",
        "Time since incidents were worked out last, by whichever process.",
    ),
)
"""What the dashboard exposes: the fleet by the database."""

COMMIT: Final = Metric(
    name="kilowatch_commit_seconds",
    says="How long the database took for one commit of readings.",
    kind=MetricKind.HISTOGRAM,
)
COLLECTOR: Final = (
    _gauge("kilowatch_collector_info", "Always 1; `owner` stands in the lease rows of its buses.", "owner"),
    _gauge("kilowatch_bus_owned", "1 for a bus that this collector reads, 0 while another one does.", "bus"),
    _gauge(
        "kilowatch_bus_utilisation_ratio",
        "Share of its time in which a bus was used since its first exchange.",
        "bus",
    ),
    _counter("kilowatch_bus_busy_seconds", "Time spent in exchanges.", "bus"),
    _counter(
        "kilowatch_exchanges",
        "Questions to meters by result: answered, refused, unanswered.",
        *("bus", "result"),
    ),
    _counter("kilowatch_exchange_retries", "Questions that were asked again.", "bus"),
    _counter("kilowatch_line_opened", "Times a line was opened.", "bus"),
    _gauge(
        "kilowatch_breaker_open_meters",
        "Meters that are only probed, because they did not answer.",
        "bus",
    ),
    _counter("kilowatch_frames_dropped", "Bytes on the lines that were no answer, by reason.", "reason"),
    _gauge("kilowatch_queue_entries", "Entries that wait for the database."),
    _gauge("kilowatch_queue_limit_entries", "Entries that the queue has room for."),
    _counter("kilowatch_readings", "Rows by what storing them came to.", "result"),
    COMMIT,
    _counter("kilowatch_commits_failed", "Commits that the database did not take."),
    _counter("kilowatch_commits_slow", "Commits that took so long that the spool took over."),
    _gauge("kilowatch_spool_behind", "1 while the spool holds what the database has not."),
    _gauge("kilowatch_spool_records", "Records in the spool: its depth."),
    _gauge("kilowatch_spool_bytes", "What the spool holds."),
    _gauge("kilowatch_spool_limit_bytes", "What the spool may hold."),
    _counter("kilowatch_spool_readings", "Readings that went in (`put`) and out (`drained`).", "way"),
    _counter(
        "kilowatch_dropped",
        "What was lost or set aside, by cause; what a full spool dropped is counted since its file was made.",
        "cause",
    ),
    _gauge("kilowatch_mqtt_connected", "1 while the broker has our subscription."),
    _gauge(
        "kilowatch_mqtt_lag_seconds", "Age of the oldest message that is not stored yet; 0 if none waits."
    ),
    _gauge("kilowatch_mqtt_waiting_messages", "Messages that were received and are not stored yet."),
    _counter(
        "kilowatch_mqtt_messages",
        "Messages by what became of them: received, acknowledged, superseded, dropped.",
        "result",
    ),
    _counter("kilowatch_mqtt_connections", "Times the broker let us in."),
    _counter("kilowatch_mqtt_failed_batches", "Batches that could not be stored and were tried again."),
)
"""What each collector exposes: its own work."""

EVERY: Final = {metric.name: metric for metric in (*FLEET, *COLLECTOR)}
