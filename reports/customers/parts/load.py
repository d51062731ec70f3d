"""Load of the month (负荷): maximum with its time, load factor, energy, how much of the month is known."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.load.advice import Advice, told_formula
from analysis.load.summary import LoadSummary
from pipeline.load_wants import Want, want_text
from reports.customers.facts import CustomerFacts, PointFacts
from reports.customers.sheet import Block, Column, Curve, Fact, Facts, Note, Section, Table, Told, Value, Word

_ADVICE = (
    Column(name="advised"),
    Column(name="saving", unit="yuan", digits=2),
    Column(name="formula"),
    Column(name="saving_wants"),
)


def load(facts: CustomerFacts) -> Section:
    """Return the month's figures and curve of every service point."""
    return Section(key="load", blocks=[block for point in facts.points for block in _of_point(facts, point)])


def _of_point(facts: CustomerFacts, known: PointFacts) -> list[Block]:
    point = known.point.id
    if known.load is None:
        wants = "no_load_file" if facts.from_files else "no_load"
        return [Note(text=Word(key=wants, parameters={"point": point, "month": facts.month}), is_absent=True)]
    blocks: list[Block] = [Facts(title=point, rows=_rows(known, known.load))]
    if known.days:
        agreed = None if known.contract is None else known.contract.contract_demand_kw
        blocks.append(
            Curve(
                name="load_days",
                unit="kW",
                days=[(day.day, day.low, day.mean, day.high) for day in known.days],
                limit=agreed,
            )
        )
    advice = known.load.advice
    return [*blocks, *([_advice(advice)] if advice else [])]


def _advice(found: Sequence[Advice]) -> Table:
    """Return what would cost less, the greatest saving first."""
    ordered = sorted(found, key=lambda one: -(one.saving_yuan or 0))
    rows: list[list[Value]] = [
        [
            Told(zh=one.zh, en=one.en),
            one.saving_yuan,
            Told(zh=told_formula(one.formula, "zh"), en=told_formula(one.formula, "en")),
            _wanted(one.wants),
        ]
        for one in ordered
    ]
    return Table(name="advice", columns=_ADVICE, rows=rows)


def _wanted(want: Want | None) -> Told | None:
    if want is None:
        return None
    zh, en = (want_text(want.key, want.parameters, language, ", ".join) for language in ("zh", "en"))
    return Told(zh=zh, en=en)


def _rows(known: PointFacts, summary: LoadSummary) -> list[Fact]:
    curve, demand = summary.curve, summary.demand
    lowest, highest = curve.minimum, demand.block
    agreed, factor, unit = summary.contract, summary.power_factor, summary.transformer
    point, shape = known.point.id, summary.shape
    return [
        Fact(
            name="load_shape",
            value=None if shape is None else Told(zh=shape.zh, en=shape.en),
            wants=Word(key="wants_days"),
        ),
        Fact(
            name="maximum",
            value=None if highest is None else highest.kw,
            unit="kW",
            digits=2,
            at=None if highest is None else highest.at,
        ),
        Fact(
            name="minimum",
            value=None if lowest is None else lowest.kw,
            unit="kW",
            digits=2,
            at=None if lowest is None else lowest.at,
        ),
        Fact(name="mean", value=curve.mean_kw, unit="kW", digits=2),
        Fact(name="load_factor", value=_percent(curve.load_factor), unit="%", digits=1),
        Fact(name="energy", value=curve.energy_kwh, unit="kWh", digits=1),
        Fact(name="utilisation_hours", value=curve.utilisation_hours, unit="h", digits=1),
        Fact(
            name="of_contract_demand",
            value=None if agreed is None else agreed.used_percent,
            unit="%",
            digits=1,
            wants=_contract("contract_demand_kw", point),
        ),
        Fact(
            name="transformer_highest",
            value=None if unit is None else unit.highest_percent,
            unit="%",
            digits=1,
            wants=Word(key="wants_transformer", parameters={"point": point}),
        ),
        Fact(
            name="power_factor",
            value=None if factor is None else factor.power_factor,
            digits=2,
            wants=Word(key="wants_reactive"),
        ),
        Fact(name="coverage", value=_percent(curve.coverage), unit="%", digits=1),
        Fact(name="actual_share", value=_percent(summary.actual_share), unit="%", digits=1),
    ]


def _contract(key: str, point: str) -> Word:
    return Word(key="wants_contract", parameters={"entry": key, "point": point})


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
