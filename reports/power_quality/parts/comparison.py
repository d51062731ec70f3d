"""Part 12: the same figures in other months (与上月、上年同期比较)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.power_quality.judgement import Judgement
from reports.power_quality.blocks import Block, Cell, Note, Part, Table
from reports.power_quality.parts.judged import grouped_reasons, judgement_blocks
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling

VERDICTS = "verdicts"
"""The figure under which a check tells what each standard says."""
Key = tuple[str, str, str, str]


def comparison(report: MonthlyReport, t: Telling) -> Part:
    """Return each judged figure beside those of the other months, with their limit where it was another."""
    judgements = report.in_part(12)
    matrix = [judgement for judgement in judgements if VERDICTS in judgement.figures]
    trends = [judgement for judgement in judgements if VERDICTS not in judgement.figures]
    blocks: list[Block] = [
        *(judgement_blocks(trends, t) if trends else ()),
        *_standards(matrix, t),
        *_months(report, t),
    ]
    return Part(number=12, title=t("part_12"), blocks=blocks)


def _standards(judgements: Sequence[Judgement], t: Telling) -> list[Block]:
    """Return what each standard says of each check's figures, and why they differ."""
    told = [(judgement, _verdicts(judgement)) for judgement in judgements]
    standards = list(dict.fromkeys(name for _, verdicts in told for name in verdicts))
    if not standards:
        return []
    table = Table(
        title=t("table_standards"),
        head=[Cell(text=t("head_item")), *(Cell(text=name) for name in standards)],
        rows=[
            [
                Cell(text=t.subject_name(judgement.subject)),
                *(Cell(text=t.plain(verdicts.get(name)), mark=verdicts.get(name, "")) for name in standards),
            ]
            for judgement, verdicts in told
        ],
    )
    return [table, *grouped_reasons(judgements, t, each=True)]


def _verdicts(judgement: Judgement) -> dict[str, str]:
    rows = judgement.figures[VERDICTS]
    if not isinstance(rows, list | tuple):
        return {}
    return {str(row["standard"]): str(row["verdict"]) for row in rows if isinstance(row, Mapping)}


def _months(report: MonthlyReport, t: Telling) -> list[Block]:
    if not report.comparisons:
        return [Note(text=t("absent_12"), kind="absent")]
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
    return [table]


def _pair(judgement: Judgement | None, now: Judgement, t: Telling) -> list[Cell]:
    if judgement is None:
        return [Cell(text=NOTHING, mark="number"), Cell(text=NOTHING)]
    is_same = (judgement.low_limit, judgement.limit) == (now.low_limit, now.limit)
    return [
        Cell(text=t.value(judgement) + ("" if is_same else f" ({t.limits(judgement)})"), mark="number"),
        Cell(text=t.verdict(judgement.verdict), mark=judgement.verdict.value),
    ]


def _key(judgement: Judgement) -> Key:
    reference = judgement.reference
    phase = judgement.evidence.phase or ""
    return (
        judgement.check,
        judgement.subject,
        "" if reference is None else reference.name,
        # The worst phase of an order may be another one each month; a subject of one phase names it itself.
        "" if judgement.subject else phase,
    )
