"""An episode's evidence as people read it: the curve with its limit, tables, facts, what would clear it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dashboard import words
from dashboard.charts import Chart, Limit, load_chart, stretches_of, suspension_stretches, voltage_chart
from dashboard.formats import Formats
from dashboard.messages import Told, instant_in
from pipeline.model import Json
from pipeline.timegrid import local_day
from storage.dashboard_queries import MeterCard, SuspensionCard

MARGIN_AT_LEAST = timedelta(days=1)
MARGIN_AT_MOST = timedelta(days=7)
MOST_ROWS = 62
"""Rows of a table that are shown: two months of days."""
MOST_LISTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the evidence, written out."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    cut_off: int
    """Rows that are not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values that belong together."""

    title: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it."""

    charts: Sequence[Chart]
    facts: Sequence[Facts]
    tables: Sequence[Table]


def evidence_of(
    told: Told, meter: MeterCard | None, suspensions: Sequence[SuspensionCard], *, now: datetime
) -> Evidence:
    """Return what an episode is shown with; the curve is drawn from stored readings, not from a copy."""
    f, card = told.f, told.card
    text = f.catalogue.gettext
    plain = {key: value for key, value in card.evidence.items() if _is_scalar(value)}
    sections = [
        Facts(title=text("What was measured"), facts=_facts(plain, f)),
        *(
            Facts(title=_label(key, f), facts=_facts(value, f))
            for key, value in card.evidence.items()
            if isinstance(value, Mapping)
        ),
        *(
            Facts(title=_label(key, f), facts=[("", written("", entry, f)) for entry in value[:MOST_LISTED]])
            for key, value in card.evidence.items()
            if isinstance(value, Sequence) and value and all(isinstance(entry, str) for entry in value)
            and not isinstance(value, str)
        ),
        Facts(title=text("Parameters"), facts=_facts(card.parameters, f)),
    ]  # fmt: skip
    return Evidence(
        charts=_charts(told, meter, suspensions, now) if meter is not None else [],
        facts=[section for section in sections if section.facts],
        tables=[
            _table(key, value, f)
            for key, value in card.evidence.items()
            if isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value)
        ],
    )


def written(key: str, value: Json, f: Formats) -> str:
    """Return one value as people write it: local times, grouped numbers, a unit by the name's ending."""
    instant = instant_in(value)
    if instant is not None:
        return f.when(instant)
    if isinstance(value, bool):
        return f.catalogue.gettext("yes") if value else f.catalogue.gettext("no")
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return f.number(value, _digits(value)) + _unit(key)
    if isinstance(value, str):
        return words.word(words.VALUES, value, f.catalogue) if value in words.VALUES else value
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(k, f)} {written(k, v, f)}" for k, v in value.items())
    return ", ".join(written(key, entry, f) for entry in list(value)[:MOST_LISTED])


_UNITS: Mapping[str, str] = {
    "_kwh": "kWh", "_kvarh": "kvarh", "_kw": "kW", "_kva": "kVA", "_w": "W", "_v": "V", "_a": "A", "_s": "s",
    "_minutes": "min", "_percent": "%", "_yuan": "CNY",
}  # fmt: skip


def _charts(
    told: Told, meter: MeterCard, suspensions: Sequence[SuspensionCard], now: datetime
) -> list[Chart]:
    f, card = told.f, told.card
    ends_at = card.ends_at or card.detected_at
    margin = min(max((ends_at - card.starts_at) / 5, MARGIN_AT_LEAST), MARGIN_AT_MOST)
    since = local_day((card.starts_at - margin).astimezone(f.zone).date(), f.zone)[0]
    until = local_day((ends_at + margin).astimezone(f.zone).date(), f.zone)[1]
    stretches = stretches_of([told], now=ends_at, suspensions=suspension_stretches(suspensions, f, until))
    limits = [
        Limit(value=float(value), label=f"{_label(key, f)} {written(key, value, f)}")
        for key, value in {**card.parameters, **card.evidence}.items()
        if key.startswith(("limit_", "setpoint_")) and isinstance(value, int | float)
    ]
    if "voltage" in card.detector:
        chart = voltage_chart(meter, f, since=since, until=until, stretches=stretches)
        return [replace(chart, limits=limits)]
    return [load_chart(meter, f, since=since, until=until, limits=limits, stretches=stretches)]


def _table(key: str, rows: Json, f: Formats) -> Table:
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []
    columns = list(dict.fromkeys(column for row in found for column in row))
    return Table(
        title=_label(key, f),
        columns=[_label(column, f) for column in columns],
        rows=[[written(column, row.get(column), f) for column in columns] for row in found[:MOST_ROWS]],
        cut_off=max(len(found) - MOST_ROWS, 0),
    )


def _facts(values: Mapping[str, Json], f: Formats) -> list[tuple[str, str]]:
    return [(_label(key, f), written(key, value, f)) for key, value in values.items()]


def _label(key: str, f: Formats) -> str:
    return words.word(words.EVIDENCE, key, f.catalogue)


def _is_scalar(value: Json) -> bool:
    return value is None or isinstance(value, str | int | float)


def _digits(value: float) -> int:
    if float(value).is_integer():
        return 0
    return 1 if abs(value) >= 100 else 2  # noqa: PLR2004 -- three figures say enough


def _unit(key: str) -> str:
    return next((f" {unit}" for ending, unit in _UNITS.items() if key.endswith(ending)), "")
