"""Part 9: voltage events (电压暂降、暂升与短时中断), their table and the duration-depth plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.supply_events import ride_through_curves
from pipeline.events import EventKind
from reports.charts.event_scatter import Curve, ScatterWords, VoltageEvent, event_scatter
from reports.power_quality.blocks import Block, Cell, Chart, Note, Part, Table
from reports.power_quality.parts.judged import judged_or_absent
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling

MOST_SHOWN = 60
"""Of the meter's own records; what is left out is counted."""
OF_THE_SUPPLY = frozenset(
    {
        EventKind.VOLTAGE_LOSS,
        EventKind.UNDERVOLTAGE,
        EventKind.OVERVOLTAGE,
        EventKind.PHASE_BREAK,
        EventKind.ALL_VOLTAGE_LOSS,
        EventKind.AUXILIARY_SUPPLY_LOSS,
        EventKind.VOLTAGE_REVERSE_SEQUENCE,
        EventKind.VOLTAGE_UNBALANCE,
        EventKind.CURRENT_UNBALANCE,
        EventKind.POWER_DOWN,
        EventKind.SUPPLY_ABNORMAL,
    }
)
"""Records that bear on the quality of the supply; programming and covers are another matter."""


def events(report: MonthlyReport, t: Telling) -> Part:
    """Return judgements, outages, the meter's records, and the plot of those whose depth is known."""
    judgements = report.in_part(9)
    blocks: list[Block] = [
        *judged_or_absent(judgements, 9, report, t),
        *_outages(report.month, t),
        *_records(report.month, t),
    ]
    blocks += _plot(voltage_events(judgements), t)
    return Part(number=9, title=t("part_9"), blocks=blocks)


def _plot(known: Sequence[VoltageEvent], t: Telling) -> list[Block]:
    if not known:
        return [Note(text=t("absent_depths"), kind="absent")]
    curves = ride_through_curves()
    words = ScatterWords(
        title=t("chart_events"),
        x=t("axis_duration"),
        y=t("axis_residual"),
        inside=t("curve_inside", curve=curves[0].name),
        outside=t("curve_outside", curve=curves[0].name),
    )
    drawn = [Curve(name=curve.name, low=curve.low, high=curve.high) for curve in curves]
    sources = t("list_separator").join(f"{c.name}{t('colon')}{t.source(c.reference)}" for c in curves)
    return [
        Chart(title=words.title, drawing=event_scatter(known, drawn, words)),
        Note(text=t("curve_sources", sources=sources)),
    ]


def voltage_events(judgements: Sequence[Judgement]) -> list[VoltageEvent]:
    """Return the events of which both duration and residual voltage were measured."""
    rows = [
        row
        for judgement in judgements
        for table in judgement.figures.values()
        if isinstance(table, list | tuple)
        for row in table
        if isinstance(row, Mapping)
    ]
    return [
        VoltageEvent(
            duration_s=float(duration),
            residual_percent=float(residual),
            is_beyond=_is_beyond(row.get("bears")),
        )
        for row in rows
        if isinstance(duration := row.get("duration_s"), int | float)
        and isinstance(residual := row.get("residual_percent"), int | float)
        and duration > 0
    ]


def _is_beyond(bears: object) -> bool:
    """Tell whether equipment by the first curve need not bear an event; a check has decided it."""
    return isinstance(bears, Mapping) and bears.get(ride_through_curves()[0].name) is False


def _outages(month: PointMonth, t: Telling) -> list[Block]:
    if not month.outages:
        return [Note(text=t("no_outages"))]
    return [
        Table(
            title=t("table_outages"),
            head=[Cell(text=t(f"head_{name}")) for name in ("from", "to", "minutes")],
            rows=[_stretch(begin, end, t) for begin, end in month.outages],
        )
    ]


def _stretch(begin: datetime, end: datetime, t: Telling) -> list[Cell]:
    minutes = (end - begin).total_seconds() / 60.0
    return [Cell(text=t.time(begin)), Cell(text=t.time(end)), Cell(text=t.number(minutes), mark="number")]


def _records(month: PointMonth, t: Telling) -> list[Block]:
    known = sorted(
        (event for event in month.events if event.kind in OF_THE_SUPPLY), key=lambda event: event.starts_at
    )
    if not known:
        return [Note(text=t("no_meter_events"), kind="absent")]
    shown = known[:MOST_SHOWN]
    table = Table(
        title=t("table_meter_events"),
        head=[Cell(text=t(f"head_{name}")) for name in ("kind", "phase", "from", "to")],
        rows=[
            [
                Cell(text=t.event(event.kind)),
                Cell(text=event.part.upper() or NOTHING),
                Cell(text=t.time(event.starts_at)),
                Cell(text=t.time(event.ends_at)),
            ]
            for event in shown
        ],
        dense=True,
    )
    left = len(known) - len(shown)
    return [table, Note(text=t("more_events", n=left))] if left else [table]
