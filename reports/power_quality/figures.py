"""The figures of a month for machines: ``report.json`` in one canonical form, ``report.csv`` beside it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from analysis.power_quality.documents import judgement_document
from analysis.power_quality.judgement import Judgement
from pipeline.quality_texts import reason_text
from reports.power_quality.page import LANGUAGES
from reports.power_quality.parts.verdicts import by_standard
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling
from reports.spreadsheet import csv_bytes, plain_cell

CSV_COLUMNS = (
    "service_point",
    "month",
    "check",
    "subject",
    "standard",
    "clause",
    "verdict",
    "phase",
    "value",
    "unit",
    "limit",
    "low_limit",
    "formula",
    "n",
    "coverage",
    "rank",
    "at",
    "if_missing_good",
    "if_missing_bad",
)
"""Then the reasons, one column a language."""


def figures_document(report: MonthlyReport) -> dict[str, Any]:  # Any: JSON of several depths
    """Return what stands in ``report.json``: the point, its month, every verdict with what it rests on."""
    month, point = report.month, report.month.point
    lines = by_standard(report)
    return {
        "service_point": point.service_point,
        "month": report.month_text,
        "customer": point.customer,
        "meter": point.meter,
        "from": month.starts_at.isoformat(),
        "to": month.ends_at.isoformat(),
        "zone": point.zone.key,
        "nominal_v": point.nominal_v,
        "nominal_kv": point.nominal_kv,
        "wiring": point.wiring.value,
        "ct": point.ct,
        "pt": point.pt,
        "made_at": report.made_at.isoformat(),
        "verdict": report.verdict.value,
        "standards": [
            {
                "standard": line.standard,
                "binds": line.binds,
                "verdict": line.verdict.value,
                "coverage": line.coverage,
                "judgements": len(line.judgements),
            }
            for line in lines
        ],
        "verdicts": [_verdict(judgement, report) for judgement in report.judgements],
        "readings": {
            "n": len(month.taken_at),
            "due": month.expected(month.period_s),
            "spectra": len(month.spectrum_at),
            "waveforms": list(month.recorded.names),
            "sha256": report.readings_sha256,
            "query": report.query,
        },
        "rectifications": [
            {"id": r.id, "state": r.state.value, "due": r.due.isoformat(), "check": r.violation.check}
            for r in report.rectifications
        ],
    }


def canonical(document: object) -> bytes:
    """Return JSON in one form only: keys sorted, no white space, UTF-8, NaN as null, a line end."""
    return (
        orjson.dumps(
            document, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        )
        + b"\n"
    )


def sha256_of(raw: bytes) -> str:
    """Return the SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def figures_csv(report: MonthlyReport) -> bytes:
    """Return the verdicts as a table: UTF-8 with a mark at its head, so that spreadsheets read the Chinese.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    rows: list[list[object]] = [[*CSV_COLUMNS, *(f"reasons_{language}" for language in LANGUAGES)]]
    for judgement in report.judgements:
        document = judgement_document(judgement) | {
            "service_point": report.month.point.service_point,
            "month": report.month_text,
        }
        told = [_told(judgement, language, report) for language in LANGUAGES]
        rows.append([plain_cell(value) for value in (*(document[name] for name in CSV_COLUMNS), *told)])
    return csv_bytes(rows)


def _verdict(judgement: Judgement, report: MonthlyReport) -> dict[str, Any]:  # Any: JSON of several depths
    document = judgement_document(judgement)
    reasons = [
        {
            "key": reason.key,
            "parameters": dict(reason.parameters),
            **{language: reason_text(reason.key, reason.parameters, language) for language in LANGUAGES},
        }
        for reason in judgement.reasons
    ]
    return {**document, "reasons": reasons, "part": report.part_of(judgement)}


def _told(judgement: Judgement, language: str, report: MonthlyReport) -> str:
    return Telling(language=language, zone=report.month.point.zone).reasons(judgement)
