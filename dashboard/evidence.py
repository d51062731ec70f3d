"""An episode's evidence as people read it: the curve with its limit, tables, facts, what would clear it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from string import Formatter
from typing import TypeAlias, cast

from dashboard import words
from dashboard.charts import Chart, Limit, load_chart, stretches_of, suspension_stretches, voltage_chart
from dashboard.evidence_curves import evidence_chart, is_curves
from dashboard.formats import NOTHING, Formats
from dashboard.messages import Told, instant_in, sentence
from pipeline.messages import MESSAGES
from pipeline.model import Json, Verdict
from pipeline.quantities import Quantity
from pipeline.timegrid import local_day
from storage.dashboard_episodes import EpisodeCard
from storage.dashboard_queries import MeterCard, SuspensionCard

_Parameters: TypeAlias = Mapping[str, float | int | str]
MARGIN_AT_LEAST = timedelta(days=1)
"""What is shown before and after an episode: half of its length, within these."""
MARGIN_AT_MOST = timedelta(days=7)
MOST_ROWS = 62
"""Rows of a table that are shown: two months of days."""
MOST_LISTED = 12
WIDE_FROM = 7
"""Columns that half of a page does not hold."""
LEAD = frozenset({"correction"})
"""Facts that stand before tables: what is to be charged or paid back."""
MINUTES_AS_HOURS = 120
"""From here on a length is read more easily in hours."""
STANDING_OUT = "standing_out"
"""Evidence that is told in sentences of the message catalogue."""
DRAWN = frozenset({"curve", "samples", "samples_show", STANDING_OUT})
"""Evidence that the chart shows, or a place of its own."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SHARE = re.compile(r"_share$|^share_(of|without)_|^unexplained_by_")
"""Names of shares of one, written in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the evidence, written out."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    tones: Sequence[str]
    """A style class a row: rows with an abnormal verdict stand out."""
    cut_off: int
    """Rows that are not shown."""
    is_wide: bool = False
    """It wants the whole width of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values that belong together."""

    title: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it."""

    charts: Sequence[Chart]
    lead: Sequence[Facts]
    """Before the tables."""
    facts: Sequence[Facts]
    tables: Sequence[Table]
    clears: str
    """What would clear it, in the reader's language; empty where nobody wrote it down."""
    standing_out: Sequence[str] = ()
    """Sentences that say what stands out, where the episode carries such."""


def evidence_of(told: Told, meter: MeterCard | None, suspensions: Sequence[SuspensionCard]) -> Evidence:
    """Return what an episode is shown with; the curve is drawn from stored readings, not from a copy."""
    f, card = told.f, told.card
    text = f.catalogue.gettext
    shown = {key: value for key, value in card.evidence.items() if key not in DRAWN and value not in ([], {})}
    tables = {key: value for key, value in shown.items() if _is_table(value)}
    drawn = {key: value for key, value in shown.items() if is_curves(value)}
    sections = {key: value for key, value in shown.items() if isinstance(value, Mapping) and key not in drawn}
    titled = {key: Facts(title=_label(key, f), facts=_facts(sections[key], f)) for key in sections}
    unsaid = _unsaid(card)
    apart = tables.keys() | sections.keys() | drawn.keys()
    plain = {key: value for key, value in shown.items() if key not in apart}
    return Evidence(
        charts=_own_charts(told, drawn) or (_charts(told, meter, suspensions) if meter is not None else []),
        tables=[_table(key, tables[key], f) for key in _ordered(tables)],
        lead=[titled[key] for key in _ordered(sections) if key in LEAD],
        facts=[
            *(titled[key] for key in _ordered(sections) if key not in LEAD),
            *([Facts(title=text("What was measured"), facts=_facts(plain, f))] if plain else []),
            *([Facts(title=text("Parameters"), facts=_facts(unsaid, f))] if unsaid else []),
        ],
        clears=words.what_clears(card.detector, f.language),
        standing_out=list(_sentences(card.evidence.get(STANDING_OUT), f)),
    )


def _sentences(rows: Json, f: Formats) -> Iterator[str]:
    """Yield messages with their parameters as sentences; anything else in the list is left out."""
    for row in rows if isinstance(rows, Sequence) else ():
        if isinstance(row, Mapping) and isinstance(row.get("message"), str):
            yield sentence(str(row["message"]), cast("_Parameters", row.get("parameters") or {}), f)


def written(key: str, value: Json, f: Formats) -> str:
    """Return one value as people write it: local times, grouped numbers, a unit by the name's ending."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return f.catalogue.gettext("yes") if value else f.catalogue.gettext("no")
    if isinstance(value, int | float):
        return _written_number(key, value, f)
    if isinstance(value, str):
        named = key == "quantity" or value in _QUANTITY_UNITS
        return words.quantity_label(value, f.catalogue) if named else _written_text(value, f)
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(k, f)} {written(k, v, f)}" for k, v in value.items())
    entries = [written(key, entry, f) for entry in list(value)[:MOST_LISTED]]
    return ("; " if any(", " in entry for entry in entries) else ", ").join(entries)


def _written_number(key: str, value: float, f: Formats) -> str:
    if _SHARE.search(key):
        return f.percent(value, 1)
    unit = _unit(key)
    if unit == " min" and abs(value) >= MINUTES_AS_HOURS:
        value, unit = round(value / 60.0, 1), " h"
    digits = _digits(value)
    return f.number(round(value, digits) + 0.0, digits) + unit  # + 0.0: no minus before a zero


def _written_text(value: str, f: Formats) -> str:
    """Return a code or a known sentence in the reader's language; other texts as they are."""
    instant = instant_in(value)
    if instant is not None:
        return f.when(instant)
    if _DAY.fullmatch(value):
        return f.day(date.fromisoformat(value))
    return words.value_text(value, f.catalogue, f.language)


_UNITS: Mapping[str, str] = {
    "_percent_per_kw": "%/kW",
    "_kwh": "kWh",
    "_kw": "kW",
    "_kva": "kVA",
    "_w": "W",
    "_v": "V",
    "_a": "A",
    "_kvah": "kVAh",
    "_kvarh": "kvarh",
    "_kvar": "kvar",
    "_kvar_to_compensate": "kvar",
    "_kwh_a_day": "kWh",
    "_angle_degrees": "°",
    "hours_above": "h",
    "_s": "s",
    "_percent": "%",
    "minutes": "min",
    "minutes_above": "min",
}
"""Units by the ending of a name; a name may also be the ending alone (``kwh``)."""


_QUANTITY_UNITS: Mapping[str, str] = {q.value: f" {q.unit}".rstrip() for q in Quantity}
"""Units of quantities, which end in their phase: ``voltage_a`` is no current."""


def _unsaid(card: EpisodeCard) -> dict[str, float | int | str]:
    """Return the parameters that stand neither in the episode's sentence nor in its evidence."""
    template = MESSAGES.get(card.message)
    said = set() if template is None else {field for _, field, _, _ in Formatter().parse(template.en)}
    return {key: value for key, value in card.parameters.items() if key not in said | card.evidence.keys()}


def _own_charts(told: Told, drawn: Mapping[str, Json]) -> list[Chart]:
    """Return what the episode itself carries: the very values that were judged, those with limits first."""
    marks = stretches_of([told], now=told.card.ends_at or told.card.detected_at)
    made = (
        evidence_chart(told.card.id, key, value, told.f, marks)
        for key in sorted(_ordered(drawn), key=lambda key: not _has_limits(drawn[key]))
        if isinstance(value := drawn[key], Mapping)
    )
    return [chart for chart in made if chart is not None]


def _has_limits(value: Json) -> bool:
    return isinstance(value, Mapping) and bool(value.get("limits"))


def _charts(told: Told, meter: MeterCard, suspensions: Sequence[SuspensionCard]) -> list[Chart]:
    f, card = told.f, told.card
    ends_at = card.ends_at or card.detected_at
    margin = min(max((ends_at - card.starts_at) / 2, MARGIN_AT_LEAST), MARGIN_AT_MOST)
    since = local_day((card.starts_at - margin).astimezone(f.zone).date(), f.zone)[0]
    # What goes on has no time after it.
    after = timedelta(0) if card.ends_at is None else margin
    until = local_day((ends_at + after).astimezone(f.zone).date(), f.zone)[1]
    if "voltage" in card.detector:
        chart = voltage_chart(meter, f, since=since, until=until, stretches=stretches_of([told], now=ends_at))
        limits = _limits(told, {"V"})
        return [replace(chart, limits=limits, band=_band(card.evidence) or chart.band)]
    stretches = stretches_of([told], now=ends_at, suspensions=suspension_stretches(suspensions, f, until))
    return [
        load_chart(
            meter, f, since=since, until=until, limits=_limits(told, {"kW", "kVA"}), stretches=stretches
        )
    ]


def _limits(told: Told, units: Collection[str]) -> list[Limit]:
    """Return the limits that the message names, such as ``limit_kw``, if they are in a unit of the chart."""
    f, parameters = told.f, told.card.parameters
    found = []
    for key, value in parameters.items():
        unit = str(parameters["unit"]) if "unit" in parameters else _unit(key).strip()
        if key.startswith("limit_") and isinstance(value, int | float) and unit in units:
            label = f"{_label(key, f)} {f.number(value, _digits(value))} {unit}"
            found.append(Limit(value=float(value), label=label))
    return found


def _band(evidence: Mapping[str, Json]) -> tuple[float, float] | None:
    low, high = evidence.get("low_v"), evidence.get("high_v")
    return (low, high) if isinstance(low, int | float) and isinstance(high, int | float) else None


def _table(key: str, rows: Json, f: Formats) -> Table:
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []
    columns = [c for c in _ordered({c for row in found for c in row}) if any(row.get(c) for row in found)]
    return Table(
        title=words.word(words.TABLES, key, f.catalogue) if key in words.TABLES else _label(key, f),
        columns=[_label(column, f) for column in columns],
        rows=[[written(column, row.get(column), f) for column in columns] for row in found[:MOST_ROWS]],
        tones=["row-abnormal" if row.get("verdict") == Verdict.ABNORMAL else "" for row in found],
        cut_off=max(len(found) - MOST_ROWS, 0),
        is_wide=len(columns) >= WIDE_FROM,
    )


def _facts(values: Mapping[str, Json], f: Formats) -> list[tuple[str, str]]:
    """Return names and values in the vocabulary's order (the database keeps none), empty ones left out."""
    found = []
    for key in _ordered(values):
        value = values[key]
        if key == "unit" or value in ([], {}, ""):
            continue  # the unit stands behind its value
        unit = f" {values['unit']}" if key == "value" and "unit" in values else ""
        found.append((_label(key, f), written(key, value, f) + unit))
    return found


def _ordered(keys: Iterable[str]) -> list[str]:
    places = {key: place for place, key in enumerate(words.ORDER)}
    return sorted(keys, key=lambda key: (places.get(key, len(places)), key))


def _label(key: str, f: Formats) -> str:
    return words.evidence_label(key, f.catalogue, f.language)


def _is_table(value: Json) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _digits(value: float) -> int:
    if float(value).is_integer():
        return 0
    return 1 if abs(value) >= 100 else 2  # noqa: PLR2004 -- three figures say enough


def _unit(key: str) -> str:
    if key in _QUANTITY_UNITS:
        return _QUANTITY_UNITS[key]
    return next(
        (
            f" {unit}"
            for ending, unit in _UNITS.items()
            if key.endswith(ending) or key == ending.removeprefix("_")
        ),
        "",
    )
