"""Reports of the customer (报告): where each is opened, and the command that writes it."""

from __future__ import annotations

import shlex

from reports.customers.facts import CustomerFacts
from reports.customers.sheet import Column, Section, Table, Value, Word

_COLUMNS = (Column(name="report"), Column(name="service_point"), Column(name="command"))


def documents(facts: CustomerFacts) -> Section:
    """Return a row a report and service point."""
    rows = [row for point in facts.points for row in _of_point(point.point.id, facts.month)]
    sheet = f"kilowatch customers --customer {shlex.quote(facts.customer)} --month {facts.month} --out DIR"
    return Section(
        key="documents",
        blocks=[
            Table(name="reports", columns=_COLUMNS, rows=[[Word(key="report_sheet"), None, sheet], *rows])
        ],
    )


def _of_point(point: str, month: str) -> list[list[Value]]:
    quoted = shlex.quote(point)
    return [
        [
            Word(key="report_quality"),
            point,
            f"kilowatch quality --month {month} --point {quoted} --out DIR",
        ],
        [Word(key="report_bill"), point, f"kilowatch settle --month {month} --point {quoted} --out DIR"],
    ]
