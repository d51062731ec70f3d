"""Writes a bill into a folder: HTML in both languages, PDF where it can be made, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, MissingPartError
from reports.bill.page import LANGUAGES, page
from reports.pdf import Pdf, pdf_of

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
    warnings: list[str] = []
    for language, html in pages.items() if pdf else ():
        try:
            made = make_pdf(html)
        except MissingPartError as error:
            warnings.append(str(error))
            break
        files[f"bill.{language}.pdf"] = made.raw
        if made.warning:
            warnings.append(made.warning)
    _put(files, folder)
    return warnings


def _table(document: Mapping[str, Any]) -> bytes:  # Any: JSON
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(document["lines"])
    # Spreadsheets take a file with this mark for UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _put(files: Mapping[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in _OURS:
            for old in folder.glob(pattern):
                old.unlink()
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
    except OSError as error:
        raise ConfigError(f"cannot write the bill into {folder}: {error.strerror}") from error
