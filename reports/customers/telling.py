"""How a sheet's values are written for the readers of one language, in the zone of the customer's area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pipeline.report_texts import REPORT_TEXTS, report_text
from pipeline.source_texts import CATEGORIES, in_words
from reports.customers.sheet import Column, Fact, Told, Value, Word

NOTHING = "–"
"""What stands where there is no value: never a 0."""
PREFIX = "customer_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One reader."""

    language: str
    zone: ZoneInfo

    def __call__(self, key: str, **parameters: object) -> str:
        """Return a text of the sheet."""
        return report_text(f"{PREFIX}{key}", self.language, **parameters)

    def value(self, value: Value, digits: int = 0) -> str:
        """Return a value without its unit."""
        match value:
            case None:
                return NOTHING
            case bool():
                return self("yes") if value else self("no")
            case int() | float() | Decimal():
                told = f"{value:,.{digits}f}"
                return told.removeprefix("-") if not float(told.replace(",", "")) else told
            case _:
                return self.words(value)

    def words(self, value: datetime | date | Word | Told | str) -> str:
        """Return what is no number."""
        match value:
            case datetime():
                return self.time(value)
            case Word():
                return self(value.key, **value.parameters)
            case Told():
                return value.zh if self.language.startswith("zh") else value.en
            case _:
                return str(value)

    def category(self, category: str | None) -> str:
        """Return what a category of use (用电类别) is called; one of the archive's own stands as it is."""
        return in_words(CATEGORIES, category or "", self.language)

    def time(self, at: datetime) -> str:
        """Return an instant in local time, to the minute."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def unit(self, unit: str) -> str:
        """Return a unit: yuan has a name in each language, the others are signs."""
        key = f"unit_{unit.replace('/', '_')}"
        return self(key) if f"{PREFIX}{key}" in REPORT_TEXTS else unit

    def fact(self, fact: Fact) -> str:
        """Return a fact's value with its unit and time, or what it wants."""
        if fact.value is None:
            return NOTHING if fact.wants is None else self.words(fact.wants)
        told = self.value(fact.value, fact.digits)
        if fact.unit:
            told = f"{told} {self.unit(fact.unit)}"
        return told if fact.at is None else self("at", value=told, at=self.time(fact.at))

    def head(self, column: Column) -> str:
        """Return a column's head with its unit."""
        name = self(column.name)
        return f"{name} ({self.unit(column.unit)})" if column.unit else name
