"""The sheet as one HTML page of a language, for A4 paper and for keeping."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.charts.band import BandPoint, BandWords, band
from reports.customers.sheet import Block, Curve, CustomerSheet, Fan, Table, Value
from reports.customers.telling import Telling


def page(sheet: CustomerSheet, language: str) -> str:
    """Return the whole page; ``language`` is ``zh`` or ``en``."""
    t = Telling(language=language, zone=sheet.zone)
    return (
        _templates()
        .get_template("sheet.html")
        .render(t=t, sheet=sheet, style=_style(sheet, t), chart=partial(chart, t=t))
    )


def chart(block: Curve | Fan, t: Telling) -> Markup:
    """Return what is drawn of days or of a forecast."""
    if isinstance(block, Curve):
        points = [
            BandPoint(label=f"{day:%d}", low=low, middle=mean, high=high)
            for day, low, mean, high in block.days
        ]
        x = t("day")
    else:
        points = [
            BandPoint(label=f"{at.astimezone(t.zone):%d %H:%M}", low=low, middle=middle, high=high)
            for at, low, middle, high in block.points
        ]
        x = t("slot")
    words = BandWords(title=t(block.name), x=f"{x} · {t(block.name)}", y=block.unit, limit=t("limit"))
    return band(points, limit=block.limit, words=words)


def is_number(value: Value) -> bool:
    """Tell whether a value is set as a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def kind_of(block: Block) -> str:
    """Return what a block is, as templates tell it."""
    return type(block).__name__.lower()


def number_columns(table: Table) -> Sequence[bool]:
    """Tell of each column whether it is set as numbers: its first known value is one."""
    firsts = [next((v for v in column if v is not None), None) for column in zip(*table.rows, strict=True)]
    return [is_number(value) for value in firsts] or [False] * len(table.columns)


def _style(sheet: CustomerSheet, t: Telling) -> Markup:
    """Return the style sheet with the running foot of the paper in it; CSS has its own escapes."""
    return Markup(  # noqa: S704 - what is put in is escaped for CSS, and the sheet is ours
        _templates(autoescape=False)
        .get_template("sheet.css")
        .render(
            running=_css(f"{t('title')} · {sheet.customer} · {sheet.month}"),
            page_before=_css(t("page_before")),
            page_after=_css(t("page_after")),
        )
    )


def _css(words: str) -> str:
    """Return words as they stand in a string of CSS: all but letters and digits by their numbers."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in words)


@cache
def _templates(*, autoescape: bool = True) -> Environment:
    found = Environment(
        loader=PackageLoader("reports.customers"),
        autoescape=autoescape,  # noqa: S701 - off for the style sheet only, whose strings are escaped for CSS
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(kind_of=kind_of, is_number=is_number, number_columns=number_columns, zip=zip)
    return found
