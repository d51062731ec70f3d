from __future__ import annotations

from dataclasses import replace

from pipeline.events import EventKind, MeterEvent
from reports.power_quality.blocks import Chart, Table
from reports.power_quality.parts.events import MOST_SHOWN, events, voltage_events
from reports.power_quality.telling import Telling
from tests.fix_quality_month import BEGIN, ZONE, judgements, quality_report

EN = Telling(language="en", zone=ZONE)


def test_events_with_duration_and_depth_are_plotted() -> None:
    found = voltage_events(judgements())
    assert [(event.duration_s, event.residual_percent) for event in found] == [(0.11, 62.0), (0.06, 81.5)]
    assert [event.is_beyond for event in found] == [True, False]
    assert any(isinstance(block, Chart) for block in events(quality_report(), EN).blocks)


def test_without_a_depth_there_is_no_plot_and_no_claim() -> None:
    report = replace(quality_report(), judgements=())
    assert not any(isinstance(block, Chart) for block in events(report, EN).blocks)


def test_only_records_of_the_supply_are_shown_and_what_is_left_out_is_counted() -> None:
    report = quality_report()
    many = [
        MeterEvent(kind=EventKind.UNDERVOLTAGE, part="a", number=n, starts_at=BEGIN)
        for n in range(MOST_SHOWN + 7)
    ]
    cover = MeterEvent(kind=EventKind.COVER_OPEN, number=1, starts_at=BEGIN)
    blocks = events(replace(report, month=replace(report.month, events=[*many, cover])), EN).blocks
    table = next(b for b in blocks if isinstance(b, Table) and "recorded" in b.title)
    assert len(table.rows) == MOST_SHOWN
    assert {row[0].text for row in table.rows} == {"undervoltage"}
    assert any("7 more records" in getattr(block, "text", "") for block in blocks)
