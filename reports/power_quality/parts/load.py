"""Part 10: the load behind the figures (负荷情况): what ran in the month, and when the worst was measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from reports.power_quality.blocks import Block, Cell, Note, Part, Table
from reports.power_quality.parts.judged import judgement_blocks
from reports.power_quality.phases import by_phase, statistics
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling

SHOWN = (
    (Quantity.ACTIVE_POWER, "kW"),
    (Quantity.REACTIVE_POWER, "kvar"),
    (Quantity.APPARENT_POWER, "kVA"),
    (Quantity.POWER_FACTOR, ""),
)


def load(report: MonthlyReport, t: Telling) -> Part:
    """Return power, power factor and current over the month, and at the moments that were judged worst."""
    columns = _columns(report.sound_values)
    known = {name: column for name, column in columns.items() if np.isfinite(column[0]).any()}
    if not known:
        blocks: list[Block] = [Note(text=t("absent_10"), kind="absent")]
    else:
        blocks = [_table(known, t), *_moments(report, known, t)]
    return Part(number=10, title=t("part_10"), blocks=[*blocks, *_judged(report, t)])


def _judged(report: MonthlyReport, t: Telling) -> list[Block]:
    judgements = report.in_part(10)
    return judgement_blocks(judgements, t) if judgements else []


def _columns(values: Mapping[Quantity, Columns]) -> dict[str, tuple[Columns, str]]:
    found = {quantity.value: (values[quantity], unit) for quantity, unit in SHOWN if quantity in values}
    currents = by_phase(values, "current")
    return found | {f"current_{part}": (column, "A") for part, column in currents.items()}


def _table(columns: dict[str, tuple[Columns, str]], t: Telling) -> Table:
    rows = []
    for name, (column, unit) in columns.items():
        found = statistics(column)
        figures = (found.highest, found.mean, found.lowest, found.p95)
        rows.append(
            [
                Cell(text=t(f"load_{name}")),
                Cell(text=unit),
                *(Cell(text=t.number(figure), mark="number") for figure in figures),
                Cell(text=str(found.n), mark="number"),
            ]
        )
    names = ("quantity", "unit", "highest", "mean", "lowest", "p95", "n")
    return Table(title=t("table_load"), head=[Cell(text=t(f"head_{name}")) for name in names], rows=rows)


def _moments(report: MonthlyReport, columns: dict[str, tuple[Columns, str]], t: Telling) -> list[Block]:
    """Return what ran when the worst reading of each violation was taken."""
    violations = [
        judgement
        for judgement in report.judgements
        if report.binds(judgement)
        and judgement.verdict is Compliance.VIOLATING
        and judgement.evidence.at is not None
    ]
    if not violations:
        return [Note(text=t("no_violation_moments"))]
    heads = [Cell(text=t("head_item")), Cell(text=t("head_at"))]
    heads += [
        Cell(text=f"{t(f'load_{name}')}{f' / {unit}' if unit else ''}") for name, (_, unit) in columns.items()
    ]
    return [
        Table(
            title=t("table_moments"),
            head=heads,
            rows=[_moment(judgement, report.month, columns, t) for judgement in violations],
            dense=True,
        )
    ]


def _moment(
    judgement: Judgement,
    month: PointMonth,
    columns: dict[str, tuple[Columns, str]],
    t: Telling,
) -> list[Cell]:
    at = judgement.evidence.at
    row = None if at is None else nearest(month, to_numpy(at))
    return [
        Cell(text=t.item(judgement)),
        Cell(text=t.time(at)),
        *(
            Cell(text=NOTHING if row is None else t.number(float(column[row])), mark="number")
            for column, _ in columns.values()
        ),
    ]


def nearest(month: PointMonth, at: np.datetime64) -> int | None:
    """Return the reading nearest to a moment; None where none was taken within one reading period."""
    if not len(month.taken_at):
        return None
    place = int(np.searchsorted(month.taken_at, at))
    nearby = [row for row in (place - 1, place) if 0 <= row < len(month.taken_at)]
    row = min(nearby, key=lambda candidate: abs(month.taken_at[candidate] - at))
    period = np.timedelta64(round(month.period_s * 1_000_000), "us")
    return row if abs(month.taken_at[row] - at) <= period else None
