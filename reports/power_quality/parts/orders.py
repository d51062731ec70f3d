"""What both parts on harmonics show: a table of orders by phase, the spectrum, standards side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.harmonic_readings import THD, PhaseColumns
from analysis.power_quality.judgement import Compliance, Judgement
from reports.charts.cumulative import CumulativeWords, cumulative
from reports.charts.spectrum import OrderBars, SpectrumWords, spectrum
from reports.power_quality.blocks import Cell, Chart, Table
from reports.power_quality.phases import Statistics, statistics
from reports.power_quality.telling import DECIMALS, NOTHING, Telling, decimals_apart, equals

HIGHEST_ORDER = 25
"""GB/T 14549-1993 limits orders 2 to 25."""
MOST_DISTRIBUTIONS = 3
_ORDER = re.compile(r"h(\d+)")
_STATISTICS = ("highest", "mean", "lowest", "p95")

ByPhase = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra:
    """The sound readings of a month, by subject (``thd``, ``h5``) and phase, with the verdicts on them."""

    unit: str
    columns: Mapping[str, ByPhase]
    judged: Mapping[str, Judgement]
    """By the standard that binds the supply."""
    figures: Mapping[tuple[str, str], Statistics]
    """Of each column, by subject and phase."""

    @property
    def subjects(self) -> list[str]:
        """THD, then every order that was read or judged."""
        return sorted({*self.columns, *self.judged}, key=place)

    @property
    def phases(self) -> list[str]:
        """All that any subject has."""
        return list(dict.fromkeys(part for series in self.columns.values() for part in series))

    def limit(self, subject: str) -> float | None:
        """Return the limit a subject was judged by."""
        return self.judged[subject].limit if subject in self.judged else None


def spectra_of(blocks: Sequence[PhaseColumns | None], judgements: Sequence[Judgement], unit: str) -> Spectra:
    """Return the readings of some blocks of phases and orders beside their verdicts; absent is absent."""
    columns: dict[str, dict[str, NDArray[np.floating]]] = {}
    for block in blocks:
        if block is None:
            continue
        for row, order in enumerate(block.orders):
            subject = block.subject(row)
            for part, readings in zip(block.phases, (own[row] for own in block.values), strict=True):
                if order <= HIGHEST_ORDER and np.isfinite(readings).any():
                    columns.setdefault(subject, {})[part] = readings
    return Spectra(
        unit=unit,
        columns=columns,
        judged={judgement.subject: judgement for judgement in judgements},
        figures={
            (subject, part): statistics(readings)
            for subject, series in columns.items()
            for part, readings in series.items()
        },
    )


def is_order(subject: str) -> bool:
    """Tell whether a subject is an order, or the total of them."""
    return subject == THD or _ORDER.fullmatch(subject) is not None


def place(subject: str) -> tuple[int, str]:
    """Return where a subject stands among others: THD, then the orders by number."""
    found = _ORDER.fullmatch(subject)
    return (int(found.group(1)), subject) if found else (0, subject)


def orders_table(found: Spectra, title: str, t: Telling, *, factors: Sequence[str] = ()) -> Table:
    """Return highest, mean, lowest and judged value of each order and phase, its limit and verdict.

    ``factors`` are figures of the judgements from which a limit came about; each has a column of its own.
    """
    phases = found.phases
    return Table(
        title=title,
        over_head=[
            Cell(text=""),
            *(Cell(text=t.phase(part), span=len(_STATISTICS)) for part in phases),
            Cell(text="", span=2 + len(factors)),
        ],
        head=[
            Cell(text=t("head_order")),
            *(Cell(text=t(f"head_{name}"), mark="number") for _ in phases for name in _STATISTICS),
            *(Cell(text=t.figure(name)) for name in factors),
            Cell(text=t("head_limit")),
            Cell(text=t("head_verdict")),
        ],
        rows=[_row(found, subject, factors, t) for subject in found.subjects],
        dense=True,
    )


def _row(found: Spectra, subject: str, factors: Sequence[str], t: Telling) -> list[Cell]:
    judgement, limit = found.judged.get(subject), found.limit(subject)
    known = [figures for part in found.phases if (figures := found.figures.get((subject, part)))]
    values = [getattr(figures, name) for figures in known for name in _STATISTICS]
    decimals = DECIMALS if limit is None else decimals_apart(values, limit, DECIMALS)
    cells = [Cell(text=t.subject_name(subject))]
    for part in found.phases:
        figures = found.figures.get((subject, part))
        cells += [
            Cell(
                text=NOTHING if figures is None else t.fixed(getattr(figures, name), decimals), mark="number"
            )
            for name in _STATISTICS
        ]
    told = {} if judgement is None else judgement.figures
    cells += [Cell(text=t.plain(told.get(name)), mark="number") for name in factors]
    cells.append(Cell(text=t.fixed(nan if limit is None else limit, decimals), mark="number"))
    cells.append(verdict_cell(judgement, t))
    return cells


def verdict_cell(judgement: Judgement | None, t: Telling) -> Cell:
    """Return the cell of a verdict; of nothing where there is none."""
    if judgement is None:
        return Cell(text=NOTHING)
    return Cell(text=t.verdict(judgement.verdict), mark=judgement.verdict.value)


def spectrum_chart(found: Spectra, title: str, y: str, t: Telling) -> Chart | None:
    """Return the judged value of each order and phase against its limit; None where no order is known."""
    bars = [
        OrderBars(
            order=place(subject)[0],
            values={part: found.figures[subject, part].p95 for part in found.columns[subject]},
            limit=found.limit(subject),
            violating=_violating(found, subject),
        )
        for subject in found.subjects
        if subject in found.columns and subject != THD
    ]
    if not bars:
        return None
    words = SpectrumWords(
        title=title, x=t("axis_order"), y=y, limit=t("limit"), violating=t("chart_violating")
    )
    phases = {part: t.phase(part) for part in found.phases}
    return Chart(title=title, drawing=spectrum(bars, phases=phases, words=words))


def _violating(found: Spectra, subject: str) -> frozenset[str]:
    """Return which phases exceed the limit of a violating judgement: its worst one, others by their value."""
    judgement, limit = found.judged.get(subject), found.limit(subject)
    if judgement is None or judgement.verdict is not Compliance.VIOLATING or limit is None:
        return frozenset()
    return frozenset(
        part
        for part in found.columns[subject]
        if part == judgement.evidence.phase
        or (found.figures[subject, part].p95 > limit and not equals(found.figures[subject, part].p95, limit))
    )


def distributions(found: Spectra, x: str, t: Telling) -> list[Chart]:
    """Return the distribution of the total, and of the orders that violate."""
    shown = [
        subject
        for subject in found.subjects
        if subject in found.columns
        and (
            subject == THD
            or (subject in found.judged and found.judged[subject].verdict is Compliance.VIOLATING)
        )
    ]
    return [_distribution(found, subject, x, t) for subject in shown[:MOST_DISTRIBUTIONS]]


def _distribution(found: Spectra, subject: str, x: str, t: Telling) -> Chart:
    title = t("chart_cumulative", subject=t.subject_name(subject))
    return Chart(
        title=title,
        drawing=cumulative(
            {t.phase(part): column for part, column in found.columns[subject].items()},
            limit=found.limit(subject),
            words=CumulativeWords(
                title=title, x=x, y=t("axis_share"), limit=t("limit"), judged=t("axis_judged")
            ),
        ),
    )


def side_by_side(judgements: Sequence[Judgement], t: Telling) -> Table | None:
    """Return what standards for comparison say of the same readings; None where there are none."""
    standards = list(dict.fromkeys(_standard(judgement) for judgement in judgements))
    if not standards:
        return None
    known = {(_standard(judgement), judgement.subject): judgement for judgement in judgements}
    subjects = sorted({judgement.subject for judgement in judgements}, key=place)
    return Table(
        title=t("table_side_by_side"),
        over_head=[Cell(text=""), *(Cell(text=name, span=3) for name in standards)],
        head=[
            Cell(text=t("head_order")),
            *(Cell(text=t(f"head_{name}")) for _ in standards for name in ("value", "limit", "verdict")),
        ],
        rows=[
            [
                Cell(text=t.subject_name(subject)),
                *(cell for name in standards for cell in _cells(known.get((name, subject)), t)),
            ]
            for subject in subjects
        ],
        dense=True,
    )


def _cells(judgement: Judgement | None, t: Telling) -> list[Cell]:
    if judgement is None:
        return [Cell(text=NOTHING)] * 3
    return [
        Cell(text=t.value(judgement), mark="number"),
        Cell(text=t.limits(judgement), mark="number"),
        verdict_cell(judgement, t),
    ]


def _standard(judgement: Judgement) -> str:
    reference = judgement.reference
    return "" if reference is None else reference.name
