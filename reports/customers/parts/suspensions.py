"""Suspensions and reductions (暂停、减容) and how they were kept: the highest load against what was left."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from analysis.suspension_check import Outcome, SuspensionCheck
from reports.customers.facts import CustomerFacts
from reports.customers.sheet import Column, Note, Section, Table, Value, Word

_COLUMNS = (
    Column(name="suspension"),
    Column(name="kept"),
    Column(name="service_point"),
    Column(name="kind"),
    Column(name="from"),
    Column(name="to"),
    Column(name="remaining_kva", unit="kVA", digits=0),
    Column(name="limit", digits=1),
    Column(name="limit_unit"),
    Column(name="max_kw", unit="kW", digits=2),
    Column(name="max_at"),
    Column(name="window_kwh", unit="kWh", digits=1),
    Column(name="days_above"),
)


def suspensions(facts: CustomerFacts) -> Section:
    """Return a row a suspension, the newest first; that there was none is said."""
    checks = [check for point in facts.points for check in point.suspensions]
    if not checks:
        return Section(key="suspensions", blocks=[Note(text=Word(key="no_suspension"))])
    newest = sorted(checks, key=lambda check: check.suspension.starts_at, reverse=True)
    rows = [_row(check, facts.zone) for check in newest]
    return Section(
        key="suspensions",
        blocks=[
            Table(
                name="suspensions_checked",
                columns=_COLUMNS,
                rows=rows,
            ),
            Note(text=Word(key="suspensions_rule")),
        ],
    )


def _row(check: SuspensionCheck, zone: ZoneInfo) -> list[Value]:
    suspension = check.suspension
    return [
        suspension.id,
        _kept(check, zone),
        suspension.service_point,
        Word(key=f"kind_{suspension.kind.value}"),
        suspension.starts_at,
        suspension.ends_at if suspension.ends_at is not None else Word(key="lasts"),
        suspension.remaining_kva,
        check.limit,
        check.unit,
        check.max_kw,
        check.max_at,
        check.kwh,
        check.days_above,
    ]


def _kept(check: SuspensionCheck, zone: ZoneInfo) -> Word:
    if check.outcome is not Outcome.UNKNOWN or not check.uncovered or check.days_unknown:
        return Word(key=f"kept_{check.outcome.value}", parameters={"days": check.days_unknown})
    days = [
        f"{since.astimezone(zone):%Y-%m-%d}/{(until - datetime.resolution).astimezone(zone):%Y-%m-%d}"
        for since, until in check.uncovered
    ]
    return Word(key="kept_uncovered", parameters={"spans": ", ".join(days)})
