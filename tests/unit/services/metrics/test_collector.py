"""A collector's counters become samples; what nobody counts has none."""

from __future__ import annotations

from collections import defaultdict

from collectors.counters import BusCounters
from collectors.spool import SpoolCounters
from collectors.subscriber import SubscriberCounters
from pipeline.ports import WriteReport
from protocols.session import DropReason
from services.counters import Counters
from services.landing import LandingCounters
from services.metrics.collector import bus_samples, collector_samples
from services.metrics.exposition import MOST_LABELS, OTHERS, exposition

LANDING = LandingCounters(
    report=WriteReport(written=50, refused=2),
    behind=True,
    failed_commits=1,
    slow_commits=0,
    unreadable_records=0,
    spool=SpoolCounters(waiting=9, used_bytes=4096, dropped={0: 3, 1: 4}),
)
BUS = BusCounters(
    bus="b1", exchanges=10, answered=7, refused=1, busy_s=5.0, watched_s=20.0, silent=2, owned=True
)


def counters() -> Counters:
    found = Counters(None)
    found.add("landing", lambda: LANDING)
    found.add("queue", lambda: {"waiting": 3, "room": 4000})
    found.add("buses", lambda: (BUS,))
    found.add("mqtt", lambda: SubscriberCounters(received=7, dropped=1, lag_s=2.5, connected=True))
    return found


def test_what_is_counted_is_told_under_its_name() -> None:
    found = {(s.name, s.labels): s.value for s in collector_samples("host:1:ab", 1_000_000, counters())}
    assert found["kilowatch_collector_info", ("host:1:ab",)] == 1
    assert found["kilowatch_readings", ("written",)] == 50
    assert found["kilowatch_spool_bytes", ()] == 4096
    assert found["kilowatch_spool_limit_bytes", ()] == 1_000_000
    assert found["kilowatch_dropped", ("spool_full",)] == 7
    assert found["kilowatch_dropped", ("database_refused",)] == 2
    assert found["kilowatch_dropped", ("mqtt_queue_full",)] == 1
    assert found["kilowatch_exchanges", ("b1", "unanswered")] == 2
    assert found["kilowatch_bus_utilisation_ratio", ("b1",)] == 0.25
    assert found["kilowatch_breaker_open_meters", ("b1",)] == 2
    assert found["kilowatch_mqtt_lag_seconds", ()] == 2.5
    assert found["kilowatch_queue_entries", ()] == 3


def test_every_sample_is_in_the_catalogue() -> None:
    assert b"kilowatch_commit_seconds_count 0" in exposition(collector_samples("host:1:ab", 1, counters()))


def test_a_bus_that_nobody_used_has_no_utilisation() -> None:
    names = {sample.name for sample in bus_samples([BusCounters(bus="idle")])}
    assert "kilowatch_bus_utilisation_ratio" not in names
    assert "kilowatch_bus_owned" in names


def test_a_thousand_buses_have_bounded_labels_and_lose_no_exchange() -> None:
    buses = [
        BusCounters(bus=f"{n:04}", exchanges=2, answered=1, dropped={DropReason.NOISE: 1})
        for n in range(1000)
    ]
    by_name: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for sample in bus_samples(buses):
        assert isinstance(sample.value, float)
        by_name[sample.name][sample.labels] = sample.value
    assert len(by_name["kilowatch_bus_owned"]) == MOST_LABELS + 1
    assert by_name["kilowatch_exchanges"][OTHERS, "answered"] == 1000 - MOST_LABELS
    assert sum(by_name["kilowatch_exchanges"].values()) == 2000
    assert by_name["kilowatch_frames_dropped"] == {("noise",): 1000}
