"""Power quality of the month (电能质量): its verdicts, and how the report is made."""

from __future__ import annotations

from reports.customers.facts import CustomerFacts, PointFacts
from reports.customers.sheet import Column, Note, Section, Table, Value, Word

VERDICTS = ("violating", "not decidable", "compliant", "not applicable")
_COLUMNS = (
    Column(name="service_point"),
    Column(name="month"),
    Column(name="verdict"),
    *(Column(name=f"count_{verdict.replace(' ', '_')}") for verdict in VERDICTS),
)


def quality(facts: CustomerFacts) -> Section:
    """Return the verdicts of every service point that was judged, and the command for the others."""
    judged = [point for point in facts.points if point.quality is not None]
    absent = [
        Note(
            text=Word(key="no_quality", parameters={"point": point.point.id, "month": facts.month}),
            is_absent=True,
        )
        for point in facts.points
        if point.quality is None
    ]
    rows = [_row(point) for point in judged]
    tables = [Table(name="quality_verdicts", columns=_COLUMNS, rows=rows)] if rows else []
    return Section(key="quality", blocks=[*tables, *absent])


def _row(known: PointFacts) -> list[Value]:
    judged = known.quality
    assert judged is not None  # noqa: S101 - those without are told apart above
    return [
        known.point.id,
        judged.month,
        Word(key=f"verdict_{judged.verdict.replace(' ', '_')}"),
        *(judged.counts.get(verdict, 0) for verdict in VERDICTS),
    ]
