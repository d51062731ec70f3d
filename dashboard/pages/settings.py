"""The page of settings (配置): the numbers that rules judge by, tariffs and schedules, as they are filed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask, Asking
from dashboard.paging import Paged
from dashboard.rendering import page
from pipeline.archive_records import Threshold
from pipeline.bill_texts import word_of
from pipeline.messages import DETECTOR_TEXTS
from pipeline.source_texts import SOURCES, UNITS, in_words
from pipeline.tariff import Period, Tariff
from services.rule_numbers import RuleNumber, rule_numbers
from storage.dashboard_queries import schedule_intervals
from storage.filed_thresholds import filed_thresholds
from storage.registry import load_table

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a rule with what the archive says otherwise."""

    number: RuleNumber
    filed: Sequence[Threshold]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule and its numbers."""

    name: str
    title: str
    numbers: Sequence[Number]

    @property
    def filed(self) -> int:
        """How many numbers the archive lays down otherwise."""
        return sum(len(number.filed) for number in self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one item of a tariff costs, by period."""

    item: str
    by_period: Mapping[str, Decimal]


@router.get("/settings", name="settings", response_class=HTMLResponse, include_in_schema=False)
def show_settings(asking: Ask, rule: Annotated[str, Query(max_length=64)] = "") -> HTMLResponse:
    """Show the rules with their numbers, the tariffs and the schedules; ``rule`` narrows to one."""
    rules = rules_of(asking)
    return page(
        asking,
        "settings.html",
        rules=[entry for entry in rules if rule in ("", entry.name)],
        names=[(entry.name, entry.title) for entry in rules],
        chosen=rule,
        unit_text=partial(in_words, UNITS, language=asking.formats.language),
        source_text=partial(in_words, SOURCES, language=asking.formats.language),
        tariffs=[(tariff, prices_of(tariff, asking)) for tariff in load_table(asking.connection, "tariff")],
        schedules=schedule_intervals(asking.connection),
    )


@router.get("/api/settings/rules", tags=["api"])
def api_rules(asking: Ask, paging: Paged) -> Sequence[Rule]:
    """Return every rule with its numbers, their sources, and what the archive lays down otherwise."""
    return paging.part_of(rules_of(asking))


def rules_of(asking: Asking) -> list[Rule]:
    """Return the rules in the order of the catalogue, with the thresholds of the caller's areas."""
    filed: dict[tuple[str, str], list[Threshold]] = defaultdict(list)
    for threshold in filed_thresholds(asking.connection, scope=asking.scope):
        filed[threshold.detector, threshold.parameter].append(threshold)
    numbers: dict[str, list[Number]] = defaultdict(list)
    for number in rule_numbers():
        numbers[number.rule].append(Number(number=number, filed=filed[number.rule, number.parameter]))
    return [Rule(name=name, title=_title(name, asking), numbers=of_rule) for name, of_rule in numbers.items()]


def prices_of(tariff: Tariff, asking: Asking) -> list[Price]:
    """Return the prices per kWh of a tariff, by the names of the periods."""
    language = asking.formats.language
    return [
        Price(
            item=(charge.name_zh if language == "zh" else charge.name_en)
            or word_of("item", charge.item, language),
            by_period={
                word_of("period", period.value, language): price
                for period in Period
                if (price := charge.price_in(period)) is not None
            },
        )
        for charge in tariff.charges
    ]


def _title(name: str, asking: Asking) -> str:
    texts = DETECTOR_TEXTS.get(name)
    if texts is not None:
        return texts.name.in_language(asking.formats.language)
    return asking.formats.catalogue.gettext("Validation and estimation (VEE)")
