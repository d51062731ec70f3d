"""Writes a monthly report into a folder: HTML in both languages, PDF where it can be made, figures, seal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reports.folders import put_files
from reports.pdf import Pdf, pdf_of, pdfs_of
from reports.power_quality.figures import canonical, figures_csv, figures_document, sha256_of
from reports.power_quality.page import LANGUAGES, page
from reports.power_quality.subject import MonthlyReport
from reports.seal import SIGNATURE, SUMS, fingerprint, signature_of, sums_of

FIGURES, TABLE = "report.json", "report.csv"
_OURS = ("report.json", "report.csv", "report.*.html", "report.*.pdf", SUMS, SIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written, and what a reader of it should know."""

    folder: Path
    files: Sequence[str]
    figures_sha256: str
    warnings: Sequence[str]


def write_report(  # noqa: PLR0913 - what a caller may choose about one report
    report: MonthlyReport,
    folder: Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    pdf: bool = True,
    key: Ed25519PrivateKey | None = None,
    make_pdf: Callable[[str], Pdf] = pdf_of,
) -> Written:
    """Write a report; files of an earlier one in the folder are replaced, none of them is left over.

    Args:
        report: What it is about; ``key_fingerprint`` is filled in from ``key``.
        folder: Made where it is not there.
        languages: One HTML file each, and one PDF.
        pdf: Whether to make PDFs; where that cannot be done the rest is written and a warning says why.
        key: Signs the list of hashes; none leaves it unsigned.
        make_pdf: How a page becomes a PDF.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    told = report if key is None else replace(report, key_fingerprint=fingerprint(key.public_key()))
    figures = canonical(figures_document(told))
    digest = sha256_of(figures)
    pages = {language: page(told, language, digest) for language in languages}
    files = {FIGURES: figures, TABLE: figures_csv(told)}
    files |= {f"report.{language}.html": html.encode() for language, html in pages.items()}
    pdfs, warnings = pdfs_of(pages if pdf else {}, make_pdf)
    files |= {f"report.{language}.pdf": raw for language, raw in pdfs.items()}
    sums = sums_of(files)
    files[SUMS] = sums
    if key is not None:
        files[SIGNATURE] = signature_of(sums, key)
    put_files(files, folder, ours=_OURS, what="report")
    return Written(folder=folder, files=sorted(files), figures_sha256=digest, warnings=warnings)
