"""Parts 4 and 5: harmonic voltages and currents (谐波电压、谐波电流), order by order against their limits."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.power_quality.harmonic_amperes import harmonic_amperes
from analysis.power_quality.harmonic_readings import voltage_distortion, voltage_orders
from analysis.power_quality.judgement import Compliance, Judgement
from reports.power_quality.blocks import Block, Note, Part
from reports.power_quality.parts.judged import grouped_reasons, judged_or_absent, judgement_blocks
from reports.power_quality.parts.orders import (
    Spectra,
    distributions,
    is_order,
    orders_table,
    side_by_side,
    spectra_of,
    spectrum_chart,
)
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling

FACTORS = ("table_a", "power_factor", "share")
"""From the table's amperes to a customer's limit: times the short-circuit factor, times the share."""


def harmonic_voltage(report: MonthlyReport, t: Telling) -> Part:
    """Return THD and every order of every phase, their spectrum and the distributions that matter."""
    national, beside, others = _apart(report, 4)
    columns = (voltage_distortion(report.sound), voltage_orders(report.sound))
    found = spectra_of(columns, national, "%")
    if not found.columns and not national:
        return Part(number=4, title=t("part_4"), blocks=judged_or_absent(others, 4, report, t))
    blocks: list[Block] = [
        orders_table(found, t("table_harmonic_voltage"), t),
        *grouped_reasons(national, t),
        *_charts(found, t("chart_spectrum_voltage"), t("axis_percent"), "absent_orders", t),
        *_beside(beside, others, t),
    ]
    return Part(number=4, title=t("part_4"), blocks=blocks)


def harmonic_current(report: MonthlyReport, t: Telling) -> Part:
    """Return the amperes of every order against the limit scaled by short-circuit power and shared."""
    national, beside, others = _apart(report, 5)
    found = spectra_of((harmonic_amperes(report.sound),), national, "A")
    if not found.columns and not national:
        return Part(
            number=5,
            title=t("part_5"),
            blocks=[*judged_or_absent(others, 5, report, t), *_beside(beside, (), t)],
        )
    factors = [name for name in FACTORS if any(name in judgement.figures for judgement in national)]
    blocks: list[Block] = [
        orders_table(found, t("table_harmonic_current"), t, factors=factors),
        *_formulas(national, t),
        *grouped_reasons(national, t),
        *_charts(found, t("chart_spectrum_current"), t("axis_amperes"), "absent_current_orders", t),
        *_beside(beside, others, t),
    ]
    return Part(number=5, title=t("part_5"), blocks=blocks)


def _apart(report: MonthlyReport, part: int) -> tuple[list[Judgement], list[Judgement], list[Judgement]]:
    """Return the judgements on orders by standards that bind, those for comparison, and all others."""
    national: list[Judgement] = []
    beside: list[Judgement] = []
    others: list[Judgement] = []
    for judgement in report.in_part(part):
        if report.compares(judgement):
            beside.append(judgement)
        elif is_order(judgement.subject):
            national.append(judgement)
        else:
            others.append(judgement)
    return national, beside, others


def _charts(found: Spectra, title: str, axis: str, absent: str, t: Telling) -> list[Block]:
    chart = spectrum_chart(found, title, axis, t)
    shown: list[Block] = [Note(text=t(absent), kind="absent") if chart is None else chart]
    return [*shown, *distributions(found, axis, t)]


def _formulas(judgements: Sequence[Judgement], t: Telling) -> list[Block]:
    """Return how limits came about: in general, and with its numbers for each order that violates."""
    if not any(judgement.formula for judgement in judgements):
        return []
    violating = [j.formula for j in judgements if j.formula and j.verdict is Compliance.VIOLATING]
    return [Note(text=told, kind="formula") for told in (t("limit_of_amperes"), *violating)]


def _beside(beside: Sequence[Judgement], others: Sequence[Judgement], t: Telling) -> list[Block]:
    blocks: list[Block] = judgement_blocks(others, t) if others else []
    table = side_by_side(beside, t)
    return blocks if table is None else [*blocks, table, *grouped_reasons(beside, t)]
