"""Part 11: how good the data are (数据质量): gaps, absent registers, clock, verdicts at both extremes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.judgement import Compliance
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from reports.power_quality.blocks import Block, Cell, Facts, Note, Part, Table
from reports.power_quality.parts.judged import judgement_blocks, subjects_text
from reports.power_quality.phases import by_phase
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling

Open = tuple[Compliance, Compliance | None, Compliance | None]
"""A verdict, and what it would be with all missing readings good, and bad."""
LOOKED_FOR = ("voltage", "voltage_thd", "current", "current_thd")
LOOKED_FOR_SPECTRA = ("voltage_harmonic", "current_harmonic")


def data_quality(report: MonthlyReport, t: Telling) -> Part:
    """Return what is there of what was due, the gaps, what the meter does not give, and both extremes."""
    judgements = report.in_part(11)
    blocks: list[Block] = [
        Facts(rows=_facts(report, t)),
        *(judgement_blocks(judgements, t) if judgements else ()),
        *_extremes(report, t),
    ]
    return Part(number=11, title=t("part_11"), blocks=blocks)


def _facts(report: MonthlyReport, t: Telling) -> list[tuple[str, str]]:
    month = report.month
    rows = [(t("readings"), _share(int(present(month).sum()), month.expected(month.period_s), t))]
    if month.spectrum_period_s is None:
        rows.append((t("spectra"), t("not_measured")))
    else:
        due = month.expected(month.spectrum_period_s)
        rows.append((t("spectra"), _share(len(month.spectrum_at), due, t)))
    absent = [t(f"quantity_{base}") for base in LOOKED_FOR if not by_phase(month.values, base)]
    absent += [t(f"quantity_{base}") for base in LOOKED_FOR_SPECTRA if not by_phase(month.spectra, base)]
    rows.append((t("absent_registers"), t("list_separator").join(absent) or t("none")))
    rows.append((t("clock_offset"), _clock(month, t)))
    return rows


def present(month: PointMonth) -> NDArray[np.bool_]:
    """Return when anything was read: a row of nothing but missing values is no reading."""
    known = np.zeros(len(month.taken_at), dtype=bool)
    for column in month.values.values():
        known |= np.isfinite(column)
    return known


def _share(n: int, due: int, t: Telling) -> str:
    return t("share", n=n, due=due, percent=t.percent(min(n / due, 1.0) if due else None))


def _clock(month: PointMonth, t: Telling) -> str:
    offsets = month.values.get(Quantity.CLOCK_OFFSET)
    known = None if offsets is None else offsets[np.isfinite(offsets)]
    if known is None or not len(known):
        return t("not_measured")
    worst = float(known[np.abs(known).argmax()])
    return t("clock_value", seconds=f"{worst:+g}")


def _extremes(report: MonthlyReport, t: Telling) -> list[Block]:
    """Return the verdicts that missing readings could change; figures of a check that agree in one line."""
    lines: dict[tuple[str, str, str, Open], list[str]] = {}
    for judgement in report.judgements:
        evidence = judgement.evidence
        found = (judgement.verdict, evidence.if_missing_good, evidence.if_missing_bad)
        if judgement.verdict is Compliance.NOT_APPLICABLE:
            continue
        if evidence.if_missing_good is not evidence.if_missing_bad:
            key = (str(judgement.reference or ""), judgement.check, t.percent(evidence.coverage), found)
            lines.setdefault(key, []).append(judgement.subject)
    if not lines:
        return [Note(text=t("extremes_agree"))]
    names = ("standard", "item", "coverage", "verdict", "if_good", "if_bad")
    return [
        Table(
            title=t("table_extremes"),
            head=[Cell(text=t(f"head_{name}")) for name in names],
            rows=[
                [
                    Cell(text=standard),
                    Cell(text=f"{t.check(check)} {subjects_text(subjects, t)}".strip()),
                    Cell(text=coverage, mark="number"),
                    *(
                        Cell(text=t.verdict(verdict), mark="" if verdict is None else verdict.value)
                        for verdict in verdicts
                    ),
                ]
                for (standard, check, coverage, verdicts), subjects in lines.items()
            ],
            dense=True,
        )
    ]
