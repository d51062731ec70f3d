"""Part 12: the same figures in other months (与上月、上年同期比较)."""

from __future__ import annotations

from analysis.power_quality.judgement import Judgement
from reports.power_quality.blocks import Cell, Note, Part, Table
from reports.power_quality.parts.judged import judgement_blocks
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling

Key = tuple[str, str, str, str]


def comparison(report: MonthlyReport, t: Telling) -> Part:
    """Return each judged figure beside those of the other months, with their limit where it was another."""
    own = judgement_blocks(report.in_part(12), t) if report.in_part(12) else []
    if not report.comparisons:
        return Part(number=12, title=t("part_12"), blocks=[*own, Note(text=t("absent_12"), kind="absent")])
    others = [(c.month, {_key(j): j for j in c.judgements}) for c in report.comparisons]
    rows = [
        [
            Cell(text=t.item(judgement)),
            Cell(text=t.unit(judgement)),
            Cell(text=t.limits(judgement), mark="number"),
            *_pair(judgement, judgement, t),
            *(cell for _, known in others for cell in _pair(known.get(_key(judgement)), judgement, t)),
        ]
        for judgement in report.judgements
        if judgement.value is not None and report.binds(judgement)
    ]
    table = Table(
        over_head=[
            Cell(text="", span=3),
            Cell(text=report.month_text, span=2),
            *(Cell(text=month, span=2) for month, _ in others),
        ],
        head=[
            *(Cell(text=t(f"head_{name}")) for name in ("item", "unit", "limit")),
            *(Cell(text=t(f"head_{name}")) for _ in range(1 + len(others)) for name in ("value", "verdict")),
        ],
        rows=rows,
        dense=True,
    )
    return Part(number=12, title=t("part_12"), blocks=[*own, table])


def _pair(judgement: Judgement | None, now: Judgement, t: Telling) -> list[Cell]:
    if judgement is None:
        return [Cell(text=NOTHING, mark="number"), Cell(text=NOTHING)]
    limits = t.limits(judgement)
    return [
        Cell(text=t.value(judgement) + ("" if limits == t.limits(now) else f" ({limits})"), mark="number"),
        Cell(text=t.verdict(judgement.verdict), mark=judgement.verdict.value),
    ]


def _key(judgement: Judgement) -> Key:
    reference = judgement.reference
    phase = judgement.evidence.phase or ""
    return (
        judgement.check,
        judgement.subject,
        "" if reference is None else f"{reference.standard}-{reference.edition}",
        # The worst phase of an order may be another one each month; a subject of one phase names it itself.
        "" if judgement.subject else phase,
    )
