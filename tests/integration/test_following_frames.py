"""Answers in several frames (后续帧) from meters that do them wrongly, asked as a person asks, over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collectors.exchange import WRONG_SEQUENCE
from pipeline.events import EventKind
from services.ask_meter import ask_events, ask_identifiers
from services.inquiry import Reply, Told
from simulators.fleet.build import build_fleet
from simulators.fleet.file import parse_fleet
from tests.integration.served_fleet import one_line, served

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
TRAITS = {"honest": "", "sequence": "wrong_sequence = true", "refusing": "refuses_following = true"}
"""Numbers following frames one too high; says that more follows (D5) and refuses it (12)."""
METER = """
[[meters]]
id = "{id}"
bus = "line"
address = "{address}"
profile = "dlt645_2007_three_phase"
area = "TQ"
load = "continuous"
peak_kw = 3
base_kwh = 100
[meters.traits]
{trait}
[[fault]]
deed = "parameter_changed"
meter = "{id}"
days_ago = 1
days = 3
parameter = "tariff_table"
"""
"""Its tariff tables were written: that record keeps the tables of before, 672 bytes in four frames."""
TABLES = "03300501"


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    meters = [
        METER.format(id=name, address=f"{number:012d}", trait=trait)
        for number, (name, trait) in enumerate(TRAITS.items(), 1)
    ]
    fleet = build_fleet(parse_fleet(one_line(history_days=2) + "".join(meters), "following"), NOW)
    with served(fleet, lambda: NOW) as running:
        yield f"dlt645+{running.urls['line']}"


def url(line: str, name: str) -> str:
    return f"{line}/{list(TRAITS).index(name) + 1:012d}?timeout_s=0.2"


def record(line: str, name: str) -> Told:
    (told,) = ask_identifiers(url(line, name), [TABLES])
    return told


def events(line: str, name: str) -> Reply:
    return ask_events(url(line, name), [EventKind.PERIOD_TABLE_PROGRAMMING], newest=1)


def test_an_honest_meter_tells_the_whole_record(line: str) -> None:
    told = events(line, "honest")
    assert list(told.failures) == []
    (event,) = told.events
    assert len(event.values) > 16 * 14


@pytest.mark.parametrize(("name", "said"), [("sequence", WRONG_SEQUENCE), ("refusing", "no such data")])
def test_a_rest_that_comes_wrongly_or_not_is_told_in_words(line: str, name: str, said: str) -> None:
    told = record(line, name)
    assert told.failure.startswith("the rest did not come")
    assert said in told.failure
    assert "no answer" not in told.failure  # it did answer
    (failure,) = events(line, name).failures
    assert failure == told.failure


@pytest.mark.parametrize("name", ["sequence", "refusing"])
def test_the_first_part_is_kept_and_right(line: str, name: str) -> None:
    """Its frame is the honest meter's, but for the address and so the checksum."""
    first = bytes.fromhex(record(line, name).raw)
    assert first[8] == 0xB1  # an answer (91) with D5
    (whole,) = events(line, "honest").events
    partly = events(line, name).events
    assert len(partly) == 1
    for event in partly:
        assert event.starts_at == whole.starts_at
        assert event.values.items() <= whole.values.items()
        assert len(event.values) < len(whole.values)


@pytest.mark.parametrize("name", ["sequence", "refusing"])
def test_what_fits_one_frame_costs_such_a_meter_nothing(line: str, name: str) -> None:
    (energy,) = ask_identifiers(url(line, name), ["0001FF00"])
    assert energy.failure == ""
    assert len(energy.fields) == 5
