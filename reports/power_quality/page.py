"""The monthly report as one HTML page of a language, for the screen and for A4 paper."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.power_quality.blocks import Part
from reports.power_quality.parts.advice import advice
from reports.power_quality.parts.appendix import appendix
from reports.power_quality.parts.comparison import comparison
from reports.power_quality.parts.data_quality import data_quality
from reports.power_quality.parts.events import events
from reports.power_quality.parts.harmonics import harmonic_current, harmonic_voltage
from reports.power_quality.parts.judged import plain_part
from reports.power_quality.parts.load import load
from reports.power_quality.parts.site import site
from reports.power_quality.parts.verdicts import by_standard, standard_text, verdicts, worst_text
from reports.power_quality.parts.voltage import voltage
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling

LANGUAGES = ("zh", "en")
_CLASSES = {
    "compliant": "v compliant",
    "violating": "v violating",
    "not decidable": "v undecided",
    "not applicable": "v inapplicable",
}
"""How a cell is set that holds a verdict; other marks are classes themselves."""


def parts(report: MonthlyReport, t: Telling, figures_sha256: str) -> list[Part]:
    """Return the fourteen parts in their order; one without data is there and says so."""
    return [
        site(report, t),
        verdicts(report, t),
        voltage(report, t),
        harmonic_voltage(report, t),
        harmonic_current(report, t),
        *(plain_part(number, report, t) for number in (6, 7, 8)),
        events(report, t),
        load(report, t),
        data_quality(report, t),
        comparison(report, t),
        advice(report, t),
        appendix(report, t, figures_sha256),
    ]


def page(report: MonthlyReport, language: str, figures_sha256: str) -> str:
    """Return the whole page.

    Args:
        report: What it is about.
        language: ``zh`` or ``en``.
        figures_sha256: Of the figures' file, so that paper and figures belong together.
    """
    t = Telling(language=language, zone=report.month.point.zone)
    lines = by_standard(report)
    return (
        templates()
        .get_template("report.html")
        .render(
            t=t,
            language=language,
            report=report,
            point=report.month.point,
            verdict=report.verdict,
            lines=lines,
            standard_text=standard_text,
            worst_text=worst_text,
            parts=parts(report, t, figures_sha256),
            figures_sha256=figures_sha256,
            style=style_of(f"{t('title')} · {report.month.point.service_point} · {report.month_text}", t),
        )
    )


def style_of(running: str, t: Telling) -> Markup:
    """Return the style sheet with the running foot of the paper in it; CSS has its own escapes."""
    return Markup(  # noqa: S704 - what is put in is escaped for CSS, and the sheet is ours
        templates(autoescape=False)
        .get_template("report.css")
        .render(
            running=_css(running),
            page_before=_css(t("page_before")),
            page_after=_css(t("page_after")),
        )
    )


def _css(words: str) -> str:
    """Return words as they stand in a string of CSS: all but letters and digits by their numbers."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in words)


@cache
def templates(*, autoescape: bool = True) -> Environment:
    """Return the templates of the reports on power quality."""
    found = Environment(
        loader=PackageLoader("reports.power_quality"),
        autoescape=autoescape,  # noqa: S701 - off for the style sheet only, whose strings are escaped for CSS
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        kind_of=lambda block: type(block).__name__.lower(),
        mark_class=lambda mark: _CLASSES.get(mark, mark),
    )
    return found
