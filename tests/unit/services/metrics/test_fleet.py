"""The fleet's figures as samples, out of a seeded database and out of figures by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from pipeline.errors import StorageError
from services.metrics.catalogue import FLEET
from services.metrics.exposition import exposition
from services.metrics.fleet import FleetMetrics, fleet_samples, freshness_samples, read_samples
from storage.database import Connection, connect
from storage.fleet_figures import FreshnessFigures, ReadFigures
from tests.fix_dashboard import NOW


def reads(bus: str | None, area: str | None, due: int, arrived: int) -> ReadFigures:
    return ReadFigures(
        quantity_group="register",
        bus=bus,
        area=area,
        due=due,
        arrived=arrived,
        meters=2,
        silent=arrived == 0,
        newest_age_s=60.0 * (arrived + 1) if bus else None,
    )


def test_rates_are_weighted_by_what_was_due() -> None:
    samples = read_samples([reads("b1", "A", 90, 90), reads("b2", "A", 10, 0), reads(None, None, 4, 3)])
    found = {(s.name, s.labels): s.value for s in samples}
    assert found["kilowatch_area_success_ratio", ("A",)] == 0.9
    assert found["kilowatch_bus_success_ratio", ("b2",)] == 0.0
    assert found["kilowatch_bus_success_ratio", ("(push)",)] == 0.75
    assert found["kilowatch_area_success_ratio", ("(none)",)] == 0.75
    assert found["kilowatch_group_success_ratio", ("register",)] == 93 / 104
    assert found["kilowatch_group_silent_meters", ("register",)] == 1
    assert found["kilowatch_bus_newest_age_seconds", ("b1",)] == 91 * 60
    assert found["kilowatch_area_newest_age_seconds", ("A",)] == 60, "its freshest bus"
    assert ("kilowatch_bus_newest_age_seconds", ("(push)",)) not in found, "nothing ever came"
    assert found["kilowatch_group_meters", ("register",)] == 6


def test_where_nobody_tries_there_is_no_rate_but_an_age() -> None:
    found = {s.name: s.value for s in read_samples([reads("b1", "A", 0, 0)])}
    assert found == {"kilowatch_bus_newest_age_seconds": 60, "kilowatch_area_newest_age_seconds": 60}


def test_nothing_that_came_has_no_age() -> None:
    none = FreshnessFigures(quantity_group="demand", period_s=3600.0, newest_age_s=None, median_age_s=None)
    some = FreshnessFigures(quantity_group="register", period_s=900.0, newest_age_s=540.0, median_age_s=None)
    assert [(s.name, s.value, s.labels) for s in freshness_samples([none, some])] == [
        ("kilowatch_group_period_seconds", 3600.0, ("demand",)),
        ("kilowatch_group_period_seconds", 900.0, ("register",)),
        ("kilowatch_group_newest_age_seconds", 540.0, ("register",)),
    ]


def test_a_city_is_told_with_every_metric_of_the_catalogue_that_it_has(city_url: str) -> None:
    with connect(city_url) as connection:
        samples = list(fleet_samples(connection, NOW))
    found = {(s.name, s.labels): s.value for s in samples}
    assert found["kilowatch_database_up", ()] == 1
    assert found["kilowatch_migrations_pending", ()] == 0
    assert found["kilowatch_installed_meters", ()] == 30
    assert found["kilowatch_group_silent_meters", ("electrical",)] == 1, "M-1007 does not answer"
    assert found["kilowatch_group_newest_age_seconds", ("register",)] == 24 * 60 + 10
    assert found["kilowatch_missing_reads", ("no answer",)] == 2 * 7, "two groups, the slots of two hours"
    told = {sample.name for sample in samples}
    assert {m.name for m in FLEET} - told == {
        "kilowatch_figures_seconds",
        "kilowatch_unmatched_messages",
        # Nobody has worked out incidents there.
        "kilowatch_open_incidents",
        "kilowatch_alarm_deliveries",
        "kilowatch_alarms_looked_age_seconds",
    }
    assert exposition(samples)


def test_it_asks_once_however_often_it_is_fetched(city_url: str) -> None:
    asked: list[str] = []

    def connecting() -> AbstractContextManager[Connection]:
        asked.append(city_url)
        return connect(city_url)

    metrics = FleetMetrics(connecting, lambda: NOW, kept_s=3600.0)
    assert metrics.samples() is metrics.samples()
    assert len(asked) == 1


def test_a_database_that_is_away_is_a_figure() -> None:
    @contextmanager
    def away() -> Iterator[Connection]:
        raise StorageError("away")
        yield

    samples = FleetMetrics(away, lambda: NOW).samples()
    assert [(s.name, s.value) for s in samples] == [("kilowatch_database_up", 0.0)]


def test_a_database_without_a_schema_tells_what_is_pending(empty_timescale_url: str) -> None:
    samples = FleetMetrics(lambda: connect(empty_timescale_url), lambda: NOW).samples()
    found = {s.name: s.value for s in samples}
    assert found["kilowatch_database_up"] == 1
    assert found["kilowatch_schema_version"] == 0
    pending = found["kilowatch_migrations_pending"]
    assert isinstance(pending, int)
    assert pending > 20
