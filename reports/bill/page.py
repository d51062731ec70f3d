"""A bill as one HTML page of a language, for screen and A4 paper; each line leads to its registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.bill_texts import bill_text, finding_text, item_name, register_name, word_of
from pipeline.tariff import Period

LANGUAGES = ("zh", "en")
NOTHING = "–"
LEAST_DECIMALS = 2

Document: TypeAlias = Mapping[str, Any]  # Any: JSON of a bill


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How one reader's bill is written: a language, and the zone of the service point."""

    language: str
    zone: ZoneInfo

    def __call__(self, key: str, **parameters: object) -> str:
        """Return a word of the page."""
        return bill_text(f"word.{key}", self.language, **parameters)

    def item(self, line: Document) -> str:
        """Return what a line is called."""
        return item_name(line, self.language)

    def period(self, period: str | None) -> str:
        """Return what a period is called."""
        return "" if period is None else word_of("period", period, self.language)

    def unit(self, unit: str) -> str:
        """Return a unit as people write it."""
        return word_of("unit", unit, self.language)

    def source(self, source: str) -> str:
        """Return where a register comes from."""
        return word_of("source", source, self.language)

    def register(self, quantity: str) -> str:
        """Return what a register is called."""
        return register_name(quantity, self.language)

    def finding(self, found: Document) -> str:
        """Return a finding as a sentence, its times in the zone of the service point."""
        told = {name: self._readable(value) for name, value in found["parameters"].items()}
        return finding_text(found["code"], told, self.language)

    def number(self, text: str | float | Decimal | None) -> str:
        """Return a number with all its digits, at least two decimals, thousands apart."""
        if text is None:
            return NOTHING
        decimals = len(self.plain(text).partition(".")[2])
        return f"{Decimal(str(text)):,.{max(decimals, LEAST_DECIMALS)}f}"

    def plain(self, text: str | float | Decimal) -> str:
        """Return a number with the digits that it needs."""
        told = f"{Decimal(str(text)):f}"
        return told.rstrip("0").rstrip(".") if "." in told else told

    def signed(self, value: Decimal) -> str:
        """Return a difference with its sign."""
        return f"{'+' if value > 0 else ''}{self.number(str(value))}"

    def price(self, text: str | Decimal) -> str:
        """Return a price with the digits that it was given with."""
        return f"{Decimal(text):f}"

    def time(self, text: str | None) -> str:
        """Return an instant in local time, to the minute."""
        return (
            NOTHING
            if text is None
            else f"{datetime.fromisoformat(text).astimezone(self.zone):%Y-%m-%d %H:%M}"
        )

    def _readable(self, value: object) -> Any:  # noqa: ANN401 - as JSON has it
        if isinstance(value, str):
            try:
                instant = datetime.fromisoformat(value)
            except ValueError:
                return value
            return value if instant.tzinfo is None else self.time(value)
        return value


def page(document: Document, language: str) -> str:
    """Return the whole page.

    Args:
        document: A bill as ``analysis.settlement.bill_documents`` makes it, with ``name`` and ``customer``.
        language: ``zh`` or ``en``.
    """
    t = Wording(language=language, zone=ZoneInfo(document["zone"]))
    return (
        _templates()
        .get_template("bill.html")
        .render(
            t=t,
            language=language,
            bill=document,
            periods=[p.value for p in Period if _is_used(document, p.value)],
            style=Markup(_templates().get_template("bill.css").render()),  # noqa: S704 - the sheet is ours
        )
    )


def _is_used(document: Document, period: str) -> bool:
    return any(period in day["kwh"] for day in document["basis"]["days"])


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("reports.bill"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
