"""A page as PDF through WeasyPrint (the extra ``reports``), and whether its font had all the characters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.errors import MissingPartError

INSTALL = (
    "pip install 'kilowatch[reports]' and, on Debian or Ubuntu, "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0"
)
FONT = (
    "no font here has these characters: {characters}; install a Chinese font (Debian, Ubuntu: "
    "apt-get install fonts-noto-cjk; Fedora: dnf install google-noto-sans-cjk-fonts), then make the report "
    "again"
)
MOST_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdf:
    """A document, and the characters it shows as empty boxes because no font has them."""

    raw: bytes
    pages: int
    lacking: str

    @property
    def warning(self) -> str | None:
        """What to do where characters are lacking; None where all is well."""
        return FONT.format(characters=self.lacking[:MOST_NAMED]) if self.lacking else None


def pdf_of(html: str) -> Pdf:
    """Return a page as PDF; nothing is fetched from anywhere.

    Raises:
        MissingPartError: If WeasyPrint or the libraries it needs are not installed; says how to get them.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 - an extra that not everybody has
        from weasyprint.urls import URLFetcher  # noqa: PLC0415 - likewise
    except (ImportError, OSError) as error:
        raise MissingPartError(f"no PDF without WeasyPrint: {INSTALL} ({error})") from error
    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=())).render()
    raw = document.write_pdf()
    return Pdf(raw=bytes(raw or b""), pages=len(document.pages), lacking=_lacking(document.fonts.values()))


def pdfs_of(
    pages: Mapping[str, str], make_pdf: Callable[[str], Pdf] = pdf_of
) -> tuple[dict[str, bytes], list[str]]:
    """Return pages as PDFs by the same keys, and what a reader should know.

    Where PDFs cannot be made there are none, and one warning says why.
    """
    made: dict[str, bytes] = {}
    warnings: list[str] = []
    for key, html in pages.items():
        try:
            pdf = make_pdf(html)
        except MissingPartError as error:
            return made, [*warnings, str(error)]
        made[key] = pdf.raw
        if pdf.warning:
            warnings.append(pdf.warning)
    return made, warnings


def _lacking(fonts: Iterable[object]) -> str:
    """Return the characters that had to be drawn as boxes; a font of WeasyPrint keeps them by code point."""
    return "".join(sorted({chr(point) for font in fonts for point in getattr(font, "missing", ())}))
