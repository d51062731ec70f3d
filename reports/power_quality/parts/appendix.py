"""Part 14: formulas, the limits that were used with their sources, how to repeat it all, and signatures."""

from __future__ import annotations

from analysis.power_quality.judgement import Reference
from reports.power_quality.blocks import Block, Cell, Facts, Note, Part, Table
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling

FORMULAS = (
    "formula_rank",
    "formula_qualification",
    "formula_thd",
    "formula_scaling",
    "formula_sharing",
    "formula_unbalance",
    "formula_extremes",
)


def appendix(report: MonthlyReport, t: Telling, figures_sha256: str) -> Part:
    """Return what a reader needs to repeat and to dispute every figure."""
    blocks: list[Block] = [
        *(Note(text=t(key), kind="formula") for key in FORMULAS),
        *_limits(report, t),
        Facts(
            rows=[
                (t("query"), report.query or t("not_told")),
                (t("readings_sha256"), report.readings_sha256),
                (t("figures_sha256"), figures_sha256),
                (t("signature_key"), report.key_fingerprint or t("unsigned")),
            ]
        ),
        Note(text=t("how_to_verify")),
    ]
    return Part(number=14, title=t("part_14"), blocks=blocks)


def _limits(report: MonthlyReport, t: Telling) -> list[Block]:
    references = dict.fromkeys(j.reference for j in report.judgements if j.reference is not None)
    if not references:
        return [Note(text=t("no_limits"), kind="absent")]
    names = ("standard", "clause", "effective", "source", "confirmed")
    return [
        Table(
            title=t("table_limits"),
            head=[Cell(text=t(f"head_{name}")) for name in names],
            rows=[_row(reference, t) for reference in references],
            dense=True,
        )
    ]


def _row(reference: Reference, t: Telling) -> list[Cell]:
    return [
        Cell(text=reference.name),
        Cell(text=t.clause(reference)),
        Cell(text=reference.effective_from.isoformat()),
        Cell(text=t.source(reference)),
        Cell(text=t("confirmed") if reference.confirmed else t("to_be_confirmed")),
    ]
