"""Tables of judgements, for every part that has no form of its own, and the words for parts without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.power_quality.judgement import Judgement
from reports.power_quality.blocks import Block, Cell, Note, Part, Table
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling

COLUMNS: Mapping[str, Sequence[str]] = {
    "stretches": ("starts_at", "side", "minutes", "extreme_v"),
    "gaps": ("starts_at", "minutes", "cause", "readings"),
}
"""What stands in the rows of figures that are lists of lists; those not named here are for charts."""
SHOWN_ELSEWHERE = frozenset({"matrix"})
"""Tables that other parts show in a better form."""
FROM_ROWS = 4
"""So many judgements of one check in a part are a table of their own, with a column a figure."""
MOST_COLUMNS = 6
"""Of figures, besides those of every judgement."""
EMPTY = ("", NOTHING)
"""Cells that say nothing: a wide table leaves a column of them out."""
MOST_ROWS = 20
"""Of a table of figures; the rest stands in ``report.json``."""
_HEAD = ("item", "phase", "value", "limit", "unit", "n", "coverage", "at", "verdict")


OF_ONE_FIGURE = frozenset(
    {
        "any_order",
        "bounded_by_thd",
        "few_readings",
        "interval_crosses_limit",
        "low_coverage",
        "no_readings",
        "no_statistical_proof",
    }
)
"""Reasons that hold for the figure they are given for; others stand with a check's first for all of them."""


def plain_part(number: int, report: MonthlyReport, t: Telling) -> Part:
    """Return a part that is a table of its judgements and no more."""
    return Part(
        number=number,
        title=t(f"part_{number}"),
        blocks=judged_or_absent(report.in_part(number), number, report, t),
    )


def judged_or_absent(
    judgements: Sequence[Judgement], number: int, report: MonthlyReport, t: Telling
) -> list[Block]:
    """Return the tables of a part's judgements, or in words that there are none and why."""
    if not judgements:
        return [Note(text=t(f"absent_{number}"), kind="absent")]
    beside = [judgement for judgement in judgements if report.compares(judgement)]
    own = [judgement for judgement in judgements if not report.compares(judgement)]
    return [*(judgement_blocks(own, t) if own else ()), *comparison_blocks(beside, t)]


def comparison_blocks(judgements: Sequence[Judgement], t: Telling) -> list[Block]:
    """Return a short table of what standards for comparison say, and why."""
    if not judgements:
        return []
    table = Table(
        title=t("table_side_by_side"),
        head=[Cell(text=t(f"head_{name}")) for name in ("standard", *_HEAD)],
        rows=[[Cell(text=t.reference(judgement.reference)), *_row(judgement, t)] for judgement in judgements],
        dense=True,
    )
    return [table, *grouped_reasons(judgements, t)]


def judgement_blocks(judgements: Sequence[Judgement], t: Telling) -> list[Block]:
    """Return tables of judgements with their reasons and figures, then the tables among the figures.

    A few judgements have a line of remarks each; many of one check have a table of their own.
    """
    by_check: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        by_check.setdefault(judgement.check, []).append(judgement)
    few = [j for group in by_check.values() if len(group) < FROM_ROWS for j in group]
    blocks: list[Block] = []
    if few:
        rows = [row for judgement in few for row in _rows(judgement, t)]
        blocks.append(Table(head=[Cell(text=t(f"head_{name}")) for name in _HEAD], rows=rows))
    for check, group in by_check.items():
        if len(group) >= FROM_ROWS:
            blocks += [_wide_table(check, group, t), *grouped_reasons(group, t, each=True)]
    return [*blocks, *(found for judgement in judgements for found in figure_tables(judgement, t))]


def _wide_table(check: str, judgements: Sequence[Judgement], t: Telling) -> Table:
    figures = dict.fromkeys(
        name for j in judgements for name, value in j.figures.items() if isinstance(value, str | int | float)
    )
    names = list(figures)[:MOST_COLUMNS]
    head = ("figure", *_HEAD[1:])
    heads = [
        *(Cell(text=t(f"head_{name}")) for name in head[:-1]),
        *(Cell(text=t.figure(name)) for name in names),
        Cell(text=t(f"head_{head[-1]}")),
    ]
    rows = [
        [
            Cell(text=t.subject_name(judgement.subject)),
            *(cells := _row(judgement, t))[1:-1],
            *(_cell(judgement.figures.get(name), t) for name in names),
            cells[-1],
        ]
        for judgement in judgements
    ]
    told = [place for place in range(len(heads)) if any(row[place].text not in EMPTY for row in rows)]
    clauses = dict.fromkeys(t.reference(j.reference) for j in judgements if j.reference is not None)
    return Table(
        title=" · ".join([t.check(check), *clauses]),
        head=[heads[place] for place in told],
        rows=[[row[place] for place in told] for row in rows],
        dense=True,
    )


def _rows(judgement: Judgement, t: Telling) -> list[list[Cell]]:
    row, remark = _row(judgement, t), remarks(judgement, t)
    return [row, [Cell(text=remark, mark="remark", span=len(_HEAD))]] if remark else [row]


def _row(judgement: Judgement, t: Telling) -> list[Cell]:
    evidence = judgement.evidence
    return [
        Cell(text=t.item(judgement)),
        Cell(text=evidence.phase or NOTHING),
        Cell(text=t.value(judgement), mark="number"),
        Cell(text=t.limits(judgement), mark="number"),
        Cell(text=t.unit(judgement)),
        Cell(text=str(evidence.n) if evidence.n else NOTHING, mark="number"),
        Cell(text=t.percent(evidence.coverage) if evidence.coverage else NOTHING, mark="number"),
        Cell(text=t.time(evidence.at)),
        Cell(text=t.verdict(judgement.verdict), mark=judgement.verdict.value),
    ]


def remarks(judgement: Judgement, t: Telling) -> str:
    """Return clause, formula, reasons and plain figures of a judgement in one line."""
    told = (
        t.reference(judgement.reference),
        judgement.formula,
        t.reasons(judgement),
        t.figures(judgement.figures),
    )
    return " · ".join(part for part in told if part)


def grouped_reasons(judgements: Sequence[Judgement], t: Telling, *, each: bool = False) -> list[Note]:
    """Return each reason once, with the figures that it is given for; ``each`` names them in any case.

    Reasons of one figure alone stand together in one line.
    """
    given: dict[str, list[str]] = {}
    for judgement in judgements:
        for reason in judgement.reasons:
            of = given.setdefault(t.reason(reason), [])
            if each or reason.key in OF_ONE_FIGURE:
                of.append(judgement.subject)
    own: dict[str, list[str]] = {}
    shared = []
    for told, of in given.items():
        if len(of) == 1 and of[0]:
            own.setdefault(of[0], []).append(told)
        else:
            shared.append(Note(text=f"{subjects_text(of, t)}{t('colon')}{told}" if any(of) else told))
    return [
        *shared,
        *(
            Note(text=f"{t.subject_name(subject)}{t('colon')}{t('list_separator').join(told)}")
            for subject, told in own.items()
        ),
    ]


def subjects_text(subjects: Sequence[str], t: Telling) -> str:
    """Return subjects in one line, orders in a row as ``h2 … h21``."""
    runs: list[list[str]] = []
    for subject in dict.fromkeys(subjects):
        follows = runs and subject[1:].isdigit() and runs[-1][-1] == f"h{int(subject[1:]) - 1}"
        if follows:
            runs[-1].append(subject)
        else:
            runs.append([subject])
    names = [
        t.subject_name(run[0]) if len(run) == 1 else f"{t.subject_name(run[0])} … {t.subject_name(run[-1])}"
        for run in runs
    ]
    return ", ".join(filter(None, names))


def figure_tables(judgement: Judgement, t: Telling) -> list[Table | Note]:
    """Return every list of rows among a judgement's figures as a table; other lists are for charts."""
    found: list[Table | Note] = []
    for key, value in judgement.figures.items():
        rows = [] if key in SHOWN_ELSEWHERE else _rows_of(key, value)
        if rows:
            found.append(_table(f"{t.item(judgement)}{t('colon')}{t.figure(key)}", rows[:MOST_ROWS], t))
        if len(rows) > MOST_ROWS:
            found.append(Note(text=t("more_rows", n=len(rows) - MOST_ROWS)))
    return found


def _rows_of(key: str, value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list | tuple):
        return []
    columns = COLUMNS.get(key)
    return [
        row if isinstance(row, Mapping) else dict(zip(columns or (), row, strict=True))
        for row in value
        if isinstance(row, Mapping)
        or (columns is not None and isinstance(row, list | tuple) and len(row) == len(columns))
    ]


def _table(title: str, rows: Sequence[Mapping[str, object]], t: Telling) -> Table:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return Table(
        title=title,
        head=[Cell(text=t.figure(name)) for name in columns],
        rows=[[_cell(row.get(name), t) for name in columns] for row in rows],
        dense=True,
    )


def _cell(value: object, t: Telling) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(text=t.plain(value), mark="number" if is_number else "")
