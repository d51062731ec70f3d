"""An area's quality report (台区电能质量月报): rates by class and by point, as page, paper and file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from analysis.power_quality.area_voltage import AreaVoltage, ClassVoltage, PointVoltage
from reports.power_quality.blocks import Block, Cell, Note, Part, Table
from reports.power_quality.page import style_of, templates
from reports.power_quality.telling import NOTHING, Telling
from reports.spreadsheet import csv_bytes, plain_cell

COLUMNS = (
    *("service_point", "name", "meter", "class", "percent", "least_percent", "verdict", "coverage"),
    *("monitored_minutes", "over_minutes", "under_minutes"),
    *("lowest_v", "highest_v", "low_v", "high_v"),
)
"""Of a point, as files name them."""
_CLASS_HEAD = (
    *("area_class", "area_points", "area_rated", "area_violating"),
    *("area_rate", "area_worst", "coverage"),
)
_POINT_HEAD = (
    *("area_point", "area_meter", "area_class", "area_rate", "area_least", "verdict", "coverage"),
    *("area_over", "area_under", "area_extremes", "area_band"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReport:
    """What the report says; the clock and the archive are the caller's."""

    area: str
    name: str
    zone: ZoneInfo
    month: date
    """Its first day."""
    made_at: datetime
    voltage: AreaVoltage
    not_judged: Sequence[str]
    """Service points of the area without verdicts on the month."""

    @property
    def service_points(self) -> int:
        """How many the area has."""
        return len(self.voltage.points) + len(self.not_judged)

    @property
    def month_text(self) -> str:
        """The month as ``2026-06``."""
        return f"{self.month:%Y-%m}"


def parts(report: AreaReport, t: Telling) -> list[Part]:
    """Return the parts of the report: rates by class, points, and where the numbers stand."""
    return [
        Part(number=1, title=t("area_part_classes"), blocks=_classes(report, t)),
        Part(number=2, title=t("area_part_points"), blocks=_points(report, t)),
        Part(number=3, title=t("area_part_sources"), blocks=_sources(report, t)),
    ]


def area_page(report: AreaReport, language: str, figures_sha256: str) -> str:
    """Return the whole page; ``figures_sha256`` is of the figures' file, so that both belong together."""
    t = Telling(language=language, zone=report.zone)
    return (
        templates()
        .get_template("area.html")
        .render(
            t=t,
            language=language,
            report=report,
            parts=parts(report, t),
            figures_sha256=figures_sha256,
            style=style_of(f"{t('area_title')} · {report.area} · {report.month_text}", t),
        )
    )


def area_document(report: AreaReport) -> dict[str, Any]:  # Any: JSON of several depths
    """Return the figures of the report as JSON."""
    voltage = report.voltage
    return {
        "area": report.area,
        "name": report.name,
        "month": report.month_text,
        "zone": report.zone.key,
        "made_at": report.made_at.isoformat(),
        "verdict": voltage.verdict.value,
        "whole": _class_document(voltage.whole),
        "classes": [_class_document(each) for each in voltage.classes],
        "points": [point_document(point) for point in voltage.points],
        "not_judged": list(report.not_judged),
        "references": [str(reference) for reference in voltage.references],
    }


def area_csv(report: AreaReport) -> bytes:
    """Return the points as a table that spreadsheets read."""
    documents = [point_document(point) for point in report.voltage.points]
    return csv_bytes([list(COLUMNS), *([plain_cell(row[name]) for name in COLUMNS] for row in documents)])


def point_document(point: PointVoltage) -> dict[str, Any]:  # Any: JSON
    """Return the figures of a point by their names in files."""
    own = {name: getattr(point, name) for name in COLUMNS if name not in {"class", "verdict"}}
    letter = None if point.point_class is None else point.point_class.value
    return {**own, "class": letter, "verdict": point.verdict.value}


def _class_document(group: ClassVoltage) -> dict[str, Any]:  # Any: JSON
    return {
        "class": None if group.point_class is None else group.point_class.value,
        "points": group.points,
        "rated": group.rated,
        "violating": group.violating,
        "percent": group.percent,
        "worst_percent": group.worst_percent,
        "coverage": group.coverage,
    }


def _classes(report: AreaReport, t: Telling) -> list[Block]:
    voltage = report.voltage
    if not voltage.points:
        return [Note(text=t("area_nothing"), kind="absent")]
    rows = [_class_row(class_name(each.point_class, t), each, t) for each in voltage.classes]
    return [
        Table(
            head=_head(_CLASS_HEAD, t),
            rows=[*rows, _class_row(t("area_whole"), voltage.whole, t)],
        ),
        Note(text=t("formula_qualification"), kind="formula"),
        Note(text=t("area_class_note"), kind="formula"),
    ]


def class_name(point_class: str | None, t: Telling) -> str:
    """Return what a class of points is called; points without one are told so."""
    return t("area_no_class") if point_class is None else t("point_class_value", letter=point_class)


def _class_row(name: str, group: ClassVoltage, t: Telling) -> list[Cell]:
    counts = (str(group.points), str(group.rated), str(group.violating))
    shares = (rate_text(group.percent), rate_text(group.worst_percent), t.percent(group.coverage))
    return [Cell(text=name), *(Cell(text=text, mark="number") for text in (*counts, *shares))]


def _points(report: AreaReport, t: Telling) -> list[Block]:
    left = [
        Note(text=t("area_not_judged", points=", ".join(report.not_judged)), kind="absent")
        for _ in report.not_judged[:1]
    ]
    if not report.voltage.points:
        return [*left]
    rows = [_point_row(point, t) for point in report.voltage.points]
    return [Table(head=_head(_POINT_HEAD, t), rows=rows, dense=True), *left]


def _point_row(point: PointVoltage, t: Telling) -> list[Cell]:
    letter = NOTHING if point.point_class is None else point.point_class.value
    return [
        Cell(text=" ".join(filter(None, (point.service_point, point.name)))),
        Cell(text=point.meter),
        Cell(text=letter),
        Cell(text=rate_text(point.percent), mark="number"),
        Cell(text=rate_text(point.least_percent), mark="number"),
        Cell(text=t.verdict(point.verdict), mark=point.verdict.value),
        Cell(text=t.percent(point.coverage), mark="number"),
        Cell(text=t.number(point.over_minutes), mark="number"),
        Cell(text=t.number(point.under_minutes), mark="number"),
        Cell(text=span_text(point.lowest_v, point.highest_v, t), mark="number"),
        Cell(text=span_text(point.low_v, point.high_v, t), mark="number"),
    ]


def _sources(report: AreaReport, t: Telling) -> list[Block]:
    found = report.voltage.references
    if not found:
        return [Note(text=t("area_no_standard"), kind="absent")]
    names = ("standard", "clause", "effective", "source", "confirmed")
    rows = [
        [
            Cell(text=each.name),
            Cell(text=t.clause(each)),
            Cell(text=each.effective_from.isoformat()),
            Cell(text=t.source(each)),
            Cell(text=t("yes") if each.confirmed else t("no")),
        ]
        for each in found
    ]
    return [Table(head=[Cell(text=t(f"head_{name}")) for name in names], rows=rows)]


def rate_text(percent: float | None) -> str:
    """Return a rate, cut rather than rounded: 99.9999 % is not 100 %."""
    return NOTHING if percent is None else f"{int(percent * 1000 + 1e-6) / 1000:.3f} %"


def span_text(low: float | None, high: float | None, t: Telling) -> str:
    """Return the two ends of a span of voltages, V."""
    return NOTHING if low is None or high is None else f"{t.number(low)} … {t.number(high)}"


def _head(names: Sequence[str], t: Telling) -> list[Cell]:
    return [Cell(text=t(f"head_{name}")) for name in names]
