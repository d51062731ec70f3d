"""Writes a customer's sheet into a folder: JSON, CSV, Excel, HTML in both languages, and PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # Any: JSON of several depths

import orjson

from reports.customers.document import sheet_document
from reports.customers.page import page
from reports.customers.sheet import CustomerSheet
from reports.customers.table import sheet_csv
from reports.customers.workbook import sheet_workbook
from reports.folders import put_files
from reports.pdf import Pdf, pdf_of, pdfs_of

LANGUAGES = ("zh", "en")
_OURS = ("sheet.json", "sheet.*.csv", "sheet.*.xlsx", "sheet.*.html", "sheet.*.pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSheet:
    """What was written, and what a reader of it should know."""

    folder: Path
    files: Sequence[str]
    warnings: Sequence[str]


def write_sheet(
    sheet: CustomerSheet,
    folder: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    pdf: bool = True,
    make_pdf: Callable[[str], Pdf] = pdf_of,
) -> WrittenSheet:
    """Write a sheet; files of an earlier one are replaced. Without PDFs the rest is written, and said.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    files = {"sheet.json": json_bytes(sheet_document(sheet))}
    pages = {language: page(sheet, language) for language in languages}
    for language, html in pages.items():
        files[f"sheet.{language}.csv"] = sheet_csv(sheet, language)
        files[f"sheet.{language}.xlsx"] = sheet_workbook(sheet, language)
        files[f"sheet.{language}.html"] = html.encode()
    pdfs, warnings = pdfs_of(pages if pdf else {}, make_pdf)
    files |= {f"sheet.{language}.pdf": raw for language, raw in pdfs.items()}
    put_files(files, folder, ours=_OURS, what="sheet")
    return WrittenSheet(folder=folder, files=sorted(files), warnings=warnings)


def json_bytes(document: Mapping[str, Any]) -> bytes:  # Any: JSON
    """Return a document as it is written and sent."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
