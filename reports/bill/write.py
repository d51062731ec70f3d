"""Writes a bill into a folder: HTML in both languages, PDF where it can be made, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.bill.page import LANGUAGES, page
from reports.folders import put_files
from reports.pdf import Pdf, pdf_of, pdfs_of
from reports.spreadsheet import csv_bytes, plain_cell

_OURS = ("bill.json", "bill.csv", "bill.*.html", "bill.*.pdf")
COLUMNS = (
    "item",
    "name_zh",
    "name_en",
    "period",
    "quantity",
    "unit",
    "price",
    "days",
    "of_days",
    "amount",
    "starts_at",
    "ends_at",
)
"""Of the table of lines; the JSON file has everything."""
TEXTS = frozenset({"item", "name_zh", "name_en", "period", "unit"})
"""Of them what somebody wrote; the others are numbers in text, whose sign must stay."""


def write_bill(
    document: Mapping[str, Any],  # Any: JSON
    folder: Path,
    *,
    pdf: bool = True,
    make_pdf: Callable[[str], Pdf] = pdf_of,
) -> Sequence[str]:
    """Write a bill and return what a reader should know; files of an earlier one are replaced.

    Args:
        document: A bill as ``analysis.settlement.bill_documents`` makes it, with ``name`` and ``customer``.
        folder: Made where it is not there.
        pdf: Whether to make PDFs; where that cannot be done the rest is written and a warning says why.
        make_pdf: How a page becomes a PDF.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    pages = {language: page(document, language) for language in LANGUAGES}
    files = {
        "bill.json": json.dumps(dict(document), ensure_ascii=False, indent=1).encode(),
        "bill.csv": _table(document),
    }
    files |= {f"bill.{language}.html": html.encode() for language, html in pages.items()}
    pdfs, warnings = pdfs_of(pages if pdf else {}, make_pdf)
    files |= {f"bill.{language}.pdf": raw for language, raw in pdfs.items()}
    put_files(files, folder, ours=_OURS, what="bill")
    return warnings


def _table(document: Mapping[str, Any]) -> bytes:  # Any: JSON
    rows = (
        [plain_cell(line.get(name)) if name in TEXTS else line.get(name) for name in COLUMNS]
        for line in document["lines"]
    )
    return csv_bytes([COLUMNS, *rows])
