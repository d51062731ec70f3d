"""Writes a customer's sheet into a folder: JSON, CSV, Excel, HTML in both languages, and PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # Any: JSON of several depths

import orjson

from pipeline.errors import ConfigError, MissingPartError
from reports.customers.document import sheet_document
from reports.customers.page import page
from reports.customers.sheet import CustomerSheet
from reports.customers.table import sheet_csv
from reports.customers.workbook import sheet_workbook
from reports.pdf import Pdf, pdf_of

LANGUAGES = ("zh", "en")


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
    """Write a sheet; where PDFs cannot be made the rest is written and a warning says why.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    files = {"sheet.json": json_bytes(sheet_document(sheet))}
    warnings: list[str] = []
    for language in languages:
        files[f"sheet.{language}.csv"] = sheet_csv(sheet, language)
        files[f"sheet.{language}.xlsx"] = sheet_workbook(sheet, language)
        files[f"sheet.{language}.html"] = page(sheet, language).encode()
    for language in languages if pdf else ():
        try:
            made = make_pdf(files[f"sheet.{language}.html"].decode())
        except MissingPartError as error:
            warnings.append(str(error))
            break
        files[f"sheet.{language}.pdf"] = made.raw
        if made.warning:
            warnings.append(made.warning)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
    except OSError as error:
        raise ConfigError(f"cannot write the sheet into {folder}: {error.strerror}") from error
    return WrittenSheet(folder=folder, files=sorted(files), warnings=warnings)


def json_bytes(document: Mapping[str, Any]) -> bytes:  # Any: JSON
    """Return a document as it is written and sent."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
