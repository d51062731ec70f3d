"""Line losses as they are handed out: JSON objects, rows of tables, and files in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from analysis.line_loss import AreaDay, TransformerPart
from analysis.loss_months import AreaMonth
from analysis.loss_problems import LossProblem
from analysis.loss_suspects import Suspect
from analysis.technical_loss import transformer_table
from pipeline.errors import ConfigError
from pipeline.line_loss_texts import loss_text
from pipeline.messages import render
from reports.spreadsheet import csv_bytes, plain_cell
from services.line_loss import AreaReport

MOST_SUSPECTS: Final = 10
"""Shown of an area."""
MOST_POINTS: Final = 5
"""Missing members that a sentence names."""
MINUTES_PER_DAY: Final = 1440
SUSPECT_COLUMNS: Final = ("rank", "service_point", "score", "explained_kwh", "less_kwh")
LEAST_SHARE: Final = 0.05
"""Of what the area loses more: who explains less is not said to explain it."""
LEAST_LOSS_SCORE: Final = 3.0
"""Nor who makes us no surer than one in twenty (ln)."""
Row = dict[str, Any]  # Any: what JSON and cells hold


def report_document(report: AreaReport, language: str = "en") -> Row:
    """Return one area as a JSON object."""
    loss = report.loss
    document: Row = {
        "area": report.area,
        "name": report.name,
        "from": str(report.days[0].day) if report.days else None,
        "to": str(report.days[-1].day) if report.days else None,
        "computable_days": sum(day.loss_kwh is not None for day in report.days),
        "months": [_month_row(report, month) for month in report.months],
        "problems": [
            {
                "kind": problem.kind.value,
                "service_point": problem.service_point,
                "meters": list(problem.meters),
                "text": problem_text(problem, language),
            }
            for problem in report.problems
        ],
    }
    if loss is None:
        return document | {"risen_on": None, "rise": None, "suspects": [], "days": []}
    part = loss.transformer_part
    return document | {
        "risen_on": None if loss.risen_on is None else str(loss.risen_on),
        "rise": None
        if loss.rise is None
        else {
            "kwh_a_day": round(loss.rise.kwh_a_day, 3),
            "points": round(loss.rise.points, 3),
            "standard_errors": round(loss.rise.t, 1),
        },
        "technical": {
            "fixed_kwh_a_slot": round(loss.technical.fixed_kwh, 6),
            "kwh_per_kwh_squared": float(f"{loss.technical.per_square:.6g}"),
            "slot_minutes": report.minutes,
            "learnt_days": loss.learnt_days,
            "transformer": part.value,
            "source": transformer_table().source if part is TransformerPart.BY_TABLE else None,
        },
        "suspects": [suspect_row(report, suspect, language) for suspect in suspects_shown(report)],
        "days": [day_row(day, language) for day in report.days],
    }


def suspects_shown(report: AreaReport) -> Sequence[Suspect]:
    """Return whom to look at; nobody where the loss has not risen, for a ranking of the honest accuses."""
    loss = report.loss
    if loss is None or loss.rise is None:
        return ()
    return loss.suspects[:MOST_SUSPECTS]


def day_row(day: AreaDay, language: str = "en") -> Row:
    """Return a day with rounded figures and words."""
    figures = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(day).items()
    }
    said = "" if day.why is None else why_text(day, language)
    lists = {"missing": list(day.missing), "missing_supplies": list(day.missing_supplies)}
    return figures | lists | {"day": str(day.day), "verdict": day.verdict.value, "why": said}


def _month_row(report: AreaReport, month: AreaMonth) -> Row:
    figures = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(month).items()
    }
    return figures | {
        "month": f"{month.month:%Y-%m}",
        "verdict": month.verdict.value,
        "day_coverage": round(month.day_coverage, 3),
        "missing": [
            {"service_point": point, "meters": list(report.meters.get(point, ())), "days": days}
            for point, days in month.missing
        ],
    }


def suspect_row(report: AreaReport, suspect: Suspect, language: str = "en") -> Row:
    """Return a suspect with the sentences that speak against him."""
    return {
        "rank": suspect.rank,
        "service_point": suspect.service_point,
        "score": round(suspect.score, 1),
        "change_score": round(suspect.change_score, 1),
        "loss_score": round(suspect.loss_score, 1),
        "explained_kwh": round(suspect.explained_kwh, 1),
        "less_kwh": round(suspect.less_kwh, 1),
        "reasons": list(_reasons(report, suspect, language)),
    }


def _reasons(report: AreaReport, suspect: Suspect, language: str) -> Iterator[str]:
    loss = report.loss
    risen = 0.0 if loss is None or loss.rise is None else loss.rise.kwh_a_day * _days_since(report)
    if risen > 0 and suspect.loss_score >= LEAST_LOSS_SCORE and suspect.explained_kwh > LEAST_SHARE * risen:
        percent = min(100.0 * suspect.explained_kwh / risen, 100.0)
        yield loss_text("reason_explains", language, kwh=suspect.explained_kwh, percent=percent)
    if suspect.less_kwh > 0 and suspect.less_kwh >= LEAST_SHARE * risen:
        yield loss_text("reason_less", language, kwh=suspect.less_kwh)
    yield from (render(hint.message, hint.parameters, language) for hint in suspect.hints)
    yield from (render(change.message, change.parameters, language) for change in suspect.changes)


def _days_since(report: AreaReport) -> int:
    loss = report.loss
    if loss is None or loss.risen_on is None:
        return 0
    return sum(day.loss_kwh is not None for day in loss.days if day.day >= loss.risen_on)


def why_text(day: AreaDay, language: str = "en") -> str:
    """Return why a day is unknown, with what to do."""
    if day.why is None:
        return ""
    points = day.missing_supplies if day.why.value == "supply_missing" else day.missing
    return loss_text(
        f"why_{day.why.value}", language, points=_named(points), known=day.known, members=day.members
    )


def problem_text(problem: LossProblem, language: str = "en") -> str:
    """Return what is wrong, with the next step."""
    return loss_text(
        f"problem_{problem.kind.value}",
        language,
        area=problem.area,
        point=problem.service_point or "",
        meters=_named(problem.meters),
        count=problem.count,
        kwh=problem.kwh,
    )


def transformer_text(report: AreaReport, language: str = "en") -> str:
    """Return how the transformer comes into the technical loss."""
    if report.loss is None:
        return ""
    part = report.loss.transformer_part
    fixed = report.loss.transformer.fixed_kwh * MINUTES_PER_DAY / report.minutes
    return loss_text(f"transformer_{part.value}", language, fixed_kwh=fixed)


def as_table(reports: Sequence[AreaReport]) -> list[Row]:
    """Return a line an area and month for people, the worst first: those that rose, then by rate."""
    rows = [(report, month) for report in reports for month in report.months]
    rows.sort(
        key=lambda row: (
            row[0].loss is None or row[0].loss.rise is None,
            -max((month.loss_percent or 0.0 for month in row[0].months), default=0.0),
            row[0].area,
            row[1].month,
        )
    )
    return [_line(report, month) for report, month in rows]


def _line(report: AreaReport, month: AreaMonth) -> Row:
    loss = report.loss
    change = month.change_points
    return {
        "area": report.area,
        "month": f"{month.month:%Y-%m}",
        "verdict": month.verdict.value,
        "in kWh": round(month.energy_in_kwh),
        "out kWh": round(month.energy_out_kwh),
        "loss kWh": round(month.loss_kwh),
        "loss %": None if month.loss_percent is None else round(month.loss_percent, 2),
        "technical": round(month.technical_kwh),
        "unexplained": round(month.unexplained_kwh),
        "change": None if change is None else f"{change:+.2f}",
        "days": f"{month.judged_days}/{month.days}",
        "rose on": None if loss is None or loss.risen_on is None else str(loss.risen_on),
        "first suspect": next((s.service_point for s in suspects_shown(report)), None),
    }


def suspects_table(reports: Sequence[AreaReport]) -> list[Row]:
    """Return the suspects of all areas whose loss has risen, three an area, with their first reason."""
    rows = []
    for report in reports:
        for suspect in suspects_shown(report)[:3]:
            row = suspect_row(report, suspect)
            reasons = list(_reasons(report, suspect, "en"))
            rows.append(
                {
                    "area": report.area,
                    **{key: row[key] for key in SUSPECT_COLUMNS},
                    "reasons": "; ".join(reasons),
                }
            )
    return rows


def write_reports(folder: Path, reports: Sequence[AreaReport]) -> list[Path]:
    """Write ``loss.json`` and tables of days, months, suspects and problems into a folder; return the files.

    Raises:
        ConfigError: If it cannot be written to.
    """
    documents = [report_document(report) for report in reports]
    tables: Mapping[str, list[Row]] = {
        "days.csv": [{"area": r.area, **day_row(day)} for r in reports for day in r.days],
        "months.csv": [{"area": r.area, **_month_row(r, month)} for r in reports for month in r.months],
        "suspects.csv": [
            {"area": r.area, **suspect_row(r, suspect)} for r in reports for suspect in suspects_shown(r)
        ],
        "problems.csv": [
            {"area": r.area, "kind": p.kind.value, "service_point": p.service_point, "text": problem_text(p)}
            for r in reports
            for p in r.problems
        ],
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "loss.json").write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2))
        for name, rows in tables.items():
            (folder / name).write_bytes(_table(rows))
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}") from error
    return [folder / name for name in ("loss.json", *tables)]


def _table(rows: Sequence[Row]) -> bytes:
    if not rows:
        return b""
    return csv_bytes([list(rows[0]), *([plain_cell(_cell(value)) for value in row.values()] for row in rows)])


def _cell(value: object) -> object:
    if isinstance(value, Mapping):
        return " ".join(str(_cell(inner)) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return "; ".join(str(_cell(inner)) for inner in value)
    return "" if value is None else value


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_POINTS
    return ", ".join(names[:MOST_POINTS]) + (f" (+{more})" if more > 0 else "")
