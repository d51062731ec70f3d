"""Part 2: one line a standard, how much of the month it rests on, and what missing readings could change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.power_quality.judgement import Compliance, Judgement, excess, overall
from reports.power_quality.blocks import Cell, Note, Part, Table
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardVerdict:
    """What all judgements by one standard come to."""

    standard: str
    """With its edition."""
    verdict: Compliance
    binds: bool
    """Whether it has a part in the month's verdict."""
    coverage: float | None
    """The least one of the judgements that were reached from readings."""
    judgements: Sequence[Judgement]

    def count(self, verdict: Compliance) -> int:
        """Return how many judgements came out so."""
        return sum(j.verdict is verdict for j in self.judgements)

    @property
    def worst(self) -> Judgement | None:
        """The violating judgement that is furthest above its limit; None where nothing violates."""
        violating = [j for j in self.judgements if j.verdict is Compliance.VIOLATING]
        return max(violating, key=excess, default=None)


def by_standard(report: MonthlyReport) -> list[StandardVerdict]:
    """Return one verdict a standard as the report comes to them: those that bind, then the others."""
    groups: dict[str, list[Judgement]] = {}
    for judgement in report.judgements:
        if judgement.reference is not None:
            name = judgement.reference.name
            groups.setdefault(name, []).append(judgement)
    found = [
        StandardVerdict(
            standard=name,
            binds=report.binds(group[0]),
            verdict=overall([j.verdict for j in group]),
            coverage=min(
                (
                    j.evidence.coverage
                    for j in group
                    if j.evidence.n and j.verdict is not Compliance.NOT_APPLICABLE
                ),
                default=None,
            ),
            judgements=group,
        )
        for name, group in groups.items()
    ]
    return sorted(found, key=lambda line: not line.binds)


def verdicts(report: MonthlyReport, t: Telling) -> Part:
    """Return the table of standards, each with its counts and the worst of its figures."""
    found = by_standard(report)
    if not found:
        return Part(number=2, title=t("part_2"), blocks=[Note(text=t("nothing_judged"), kind="absent")])
    head = ("standard", "verdict", "n_compliant", "n_violating", "n_open", "n_not_applicable", "coverage")
    table = Table(
        head=[Cell(text=t(f"head_{name}")) for name in (*head, "worst")],
        rows=[_row(line, t) for line in found],
    )
    return Part(number=2, title=t("part_2"), blocks=[table, Note(text=t("verdict_words"))])


def _row(line: StandardVerdict, t: Telling) -> list[Cell]:
    counts = (
        Compliance.COMPLIANT,
        Compliance.VIOLATING,
        Compliance.NOT_DECIDABLE,
        Compliance.NOT_APPLICABLE,
    )
    return [
        Cell(text=standard_text(line, t)),
        Cell(text=t.verdict(line.verdict), mark=line.verdict.value),
        *(Cell(text=str(line.count(verdict)), mark="number") for verdict in counts),
        Cell(text=t.percent(line.coverage), mark="number"),
        Cell(text=worst_text(line, t)),
    ]


def standard_text(line: StandardVerdict, t: Telling) -> str:
    """Return a standard's name, and whether it is there for comparison only."""
    return line.standard if line.binds else f"{line.standard} {t('for_comparison')}"


def worst_text(line: StandardVerdict, t: Telling) -> str:
    """Return the worst violation of a standard in words."""
    worst = line.worst
    if worst is None:
        return NOTHING
    of_phase = worst.evidence.phase if worst.evidence.phase != worst.subject else None
    phase = f" {of_phase}" if of_phase else ""
    return (
        f"{t.item(worst)}{phase}{t('colon')}{t.value(worst)} {t.unit(worst)} ({t('limit')} {t.limits(worst)})"
    )
