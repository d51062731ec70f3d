"""``kilowatch coverage`` and ``kilowatch missing``: how well meters are read, what is missing and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli.output import JsonFlag, print_json, print_table


class By(StrEnum):
    """What is counted apart; as in ``storage.coverage.CoverageBy``."""

    METER = "meter"
    BUS = "bus"
    AREA = "area"
    DAY = "day"
    PROFILE = "profile"
    GROUP = "group"


Apart = Annotated[By, typer.Option("--by", help="What to count apart.")]
Days = Annotated[float, typer.Option(min=0.01, max=400, help="Look back so many days.")]


def coverage(*, by: Apart = By.BUS, days: Days = 1.0, as_json: JsonFlag = False) -> None:
    """Tell the success rate (抄表成功率) by meter, bus, area, day, profile or group.

    Example: kilowatch coverage --by day --days 7
    """
    from services.success import success_rates
    from storage.coverage import CoverageBy

    shares = success_rates(CoverageBy(by), days)
    if as_json:
        for share in shares:
            print_json(
                {
                    by.value: share.key,
                    "expected": share.expected,
                    "got": share.got,
                    "late": share.late,
                    "backfilled": share.backfilled,
                    "not_stored": share.not_stored,
                    "missing": share.missing,
                    "share": round(share.share, 6),
                }
            )
        return
    rows = [
        (
            share.key or "-",
            f"{share.share:.2%}",
            share.expected,
            share.got,
            share.late,
            share.backfilled,
            share.not_stored,
            share.missing,
        )
        for share in shares
    ]
    columns = (by.value, "success", "expected", "got", "late", "backfilled", "not stored", "missing")
    print_table(f"last {days:g} days", columns, rows)


def missing(*, by: Apart = By.METER, days: Days = 1.0, as_json: JsonFlag = False) -> None:
    """List what is missing (漏抄) by meter, bus, area, day, profile or group, each with its cause.

    Example: kilowatch missing --by bus --days 7
    """
    from services.success import worklist
    from storage.coverage import CoverageBy

    entries = worklist(CoverageBy(by), days)
    if as_json:
        for entry in entries:
            print_json(
                {
                    by.value: entry.key,
                    "cause": entry.cause,
                    "readings": entry.readings,
                    "meters": entry.meters,
                    "first_at": entry.first_at,
                    "last_at": entry.last_at,
                }
            )
        return
    rows = [
        (
            entry.key or "-",
            entry.cause or "unknown",
            entry.readings,
            entry.meters,
            entry.first_at,
            entry.last_at,
        )
        for entry in entries
    ]
    columns = (by.value, "cause", "readings", "meters", "first", "last")
    print_table(f"missing of the last {days:g} days", columns, rows)
