"""What hands did to a meter, told by the meter itself over the wire: events, parameters, demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pipeline.events import EventKind, MeterEvent
from pipeline.quantities import Quantity
from services.ask_meter import ask_events, ask_identifiers
from simulators.fleet.build import Fleet, build_fleet
from simulators.fleet.file import parse_fleet
from tests.integration.served_fleet import one_line, served

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
"""15:33:20 local."""
STARTED = datetime(2024, 6, 13, 16, tzinfo=UTC)
"""Midnight of the 14th, local: when everything was done."""
METERS = {
    "cover": 'deed = "meter_opened"\npart = "cover"',
    "terminal": 'deed = "meter_opened"\npart = "terminal_cover"\nopen_minutes = 25',
    "magnet": 'deed = "meter_opened"\npart = "magnetic_field"',
    "blind": 'deed = "parameter_changed"\nparameter = "voltage_loss_trigger"',
    "valley": 'deed = "parameter_changed"\nparameter = "tariff_table"',
    "ct": 'deed = "parameter_changed"\nparameter = "ct_ratio"',
    "pt": 'deed = "parameter_changed"\nparameter = "pt_ratio"',
    "display": 'deed = "parameter_changed"\nparameter = "display"',
    "reset": 'deed = "demand_reset"',
    "bridged": 'deed = "bridged_relay"\nkw = 3',
    "honest": "",
}
METER = """
[[meters]]
id = "{id}"
bus = "line"
address = "{address}"
profile = "dlt645_2007_three_phase"
ct = 40
pt = 10
area = "TQ"
load = "continuous"
peak_kw = 120
[[fault]]
deed = "voltage_loss"
meter = "{id}"
days_ago = 1
at = "10:00"
minutes = 30
phase = "b"
factor = 0.65
"""
FAULT = """
[[fault]]
{keys}
meter = "{id}"
days_ago = 1
days = {days}
"""
LASTING = ("blind", "ct", "pt", "bridged")
"""What still is so now; the others were set right at midnight."""


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    parts = [one_line(history_days=4)]
    for number, (name, keys) in enumerate(METERS.items(), 1):
        parts.append(METER.format(id=name, address=f"{number:012d}"))
        if keys:
            parts.append(FAULT.format(id=name, keys=keys, days=3 if name in LASTING else 1))
    return build_fleet(parse_fleet("".join(parts), "hands"), NOW)


@pytest.fixture(scope="module")
def line(fleet: Fleet) -> Iterator[str]:
    with served(fleet, lambda: NOW) as running:
        yield f"dlt645+{running.urls['line']}"


def url(line: str, name: str) -> str:
    return f"{line}/{list(METERS).index(name) + 1:012d}"


def events(line: str, name: str, kind: EventKind) -> list[MeterEvent]:
    told = ask_events(url(line, name), [kind], newest=2)
    assert told.failures == []
    assert sum(count.count for count in told.counts) == len(told.events)
    return sorted(told.events, key=lambda event: event.starts_at)


def content(line: str, name: str, identifier: str) -> str:
    (told,) = ask_identifiers(url(line, name), [identifier])
    (value,) = told.fields.values()
    return value


@pytest.mark.parametrize(
    ("name", "kind", "minutes"),
    [
        ("cover", EventKind.COVER_OPEN, 10),
        ("terminal", EventKind.TERMINAL_COVER_OPEN, 25),
        ("magnet", EventKind.MAGNETIC_FIELD, 10),
    ],
)
def test_an_opening_is_recorded_from_when_to_when(
    line: str, name: str, kind: EventKind, minutes: int
) -> None:
    (event,) = events(line, name, kind)
    assert (event.starts_at, event.ends_at) == (STARTED, STARTED + timedelta(minutes=minutes))
    assert events(line, "honest", kind) == []


def test_a_trigger_of_zero_switches_the_event_off_and_the_record_says_what_was_written(line: str) -> None:
    assert content(line, "honest", "04090101") == "171.6 V"
    assert content(line, "blind", "04090101") == "0.0 V"
    (loss,) = [e for e in events(line, "honest", EventKind.VOLTAGE_LOSS) if e.part == "b"]
    assert loss.starts_at == STARTED + timedelta(hours=10)
    assert events(line, "blind", EventKind.VOLTAGE_LOSS) == []
    (written,) = events(line, "blind", EventKind.PROGRAMMING)
    assert written.starts_at == STARTED
    assert "04090101" in " ".join(written.values.values())


@pytest.mark.parametrize(("name", "identifier", "ratio"), [("ct", "04000306", 40), ("pt", "04000307", 10)])
def test_a_changed_ratio_differs_from_the_archives(line: str, name: str, identifier: str, ratio: int) -> None:
    assert int(content(line, "honest", identifier)) == ratio
    assert int(content(line, name, identifier)) == 1


def test_a_changed_tariff_table_is_noted_with_what_stood_before_and_put_back_at_the_end(line: str) -> None:
    changed, mended = events(line, "valley", EventKind.PERIOD_TABLE_PROGRAMMING)
    assert (changed.starts_at, mended.starts_at) == (STARTED, STARTED + timedelta(days=1))
    assert changed.values != mended.values
    table = {name: ask_identifiers(url(line, name), ["04010001"])[0].fields for name in ("valley", "honest")}
    assert table["valley"] == table["honest"]


def test_under_a_changed_tariff_table_the_whole_day_went_into_the_valley_rate(line: str) -> None:
    """Between the freezes of its two midnights only rate 4 moved."""

    def day(name: str) -> list[float]:
        after, before = (
            [float(text.split()[0]) for record in told.records for text in record.fields.values()]
            for told in ask_identifiers(url(line, name), ["05060101", "05060102"])
        )
        return [round(b - a, 2) for a, b in zip(before, after, strict=True)]

    total, *rates = day("valley")
    assert total > 0
    assert rates == [0.0, 0.0, 0.0, total]
    assert all(rate > 0 for rate in day("honest")[1:])


def test_any_writing_moves_the_counter_of_programming(line: str) -> None:
    changed, mended = events(line, "display", EventKind.PROGRAMMING)
    assert (changed.starts_at, mended.starts_at) == (STARTED, STARTED + timedelta(days=1))
    assert content(line, "display", "04000302") == content(line, "honest", "04000302")
    assert events(line, "honest", EventKind.PROGRAMMING) == []


def test_a_reset_of_demand_is_noted_with_the_peak_that_it_wiped_out(fleet: Fleet, line: str) -> None:
    (reset,) = events(line, "reset", EventKind.DEMAND_RESET)
    assert reset.starts_at == STARTED
    (model,) = [meter.model for meter in fleet.meters if meter.id == "reset"]

    def greatest_kw(start: datetime, end: datetime) -> float:
        """Return the greatest growth of the register in a quarter of an hour, as a mean power."""
        quarter = timedelta(minutes=15)
        edges = [start + n * quarter for n in range((end - start) // quarter + 1)]
        stood = [model.read(edge)[Quantity.ACTIVE_ENERGY_IMPORT] for edge in edges]
        return max(b - a for a, b in pairwise(stood)) * 4

    wiped_kw = float(reset.values["total maximum forward active demand before"].split()[0])
    assert wiped_kw == pytest.approx(greatest_kw(fleet.memory_from, STARTED), abs=1e-4)
    kept = ask_identifiers(url(line, "reset"), ["01010000"])[0].fields.values()
    assert float(next(iter(kept)).split()[0]) == pytest.approx(greatest_kw(STARTED, NOW), abs=1e-4)


def test_behind_a_bridged_relay_the_word_says_open_and_the_load_goes_on(line: str) -> None:
    word, power = ask_identifiers(url(line, "bridged"), ["04000503", "02030000"])
    assert "relay closed" not in " ".join(word.fields.values())
    assert float(next(iter(power.fields.values())).split()[0]) == pytest.approx(3 / 400, abs=1e-4)
    (trip,) = events(line, "bridged", EventKind.RELAY_TRIP)
    assert trip.starts_at == STARTED
    assert "relay closed" in content(line, "honest", "04000503")
