"""Forecast (负荷预测): the next slots with P10 to P90, and the month's maximum against what was agreed."""

from __future__ import annotations

from pipeline.tariff import BasicTerms
from reports.customers.facts import CustomerFacts, ForecastFacts, PointFacts
from reports.customers.sheet import Block, Fact, Facts, Fan, Note, Section, Word

DOUBLE_SHARE = float(BasicTerms().over_share)
"""Above this share of the contract demand the excess is charged double, where no tariff says otherwise."""


def forecast(facts: CustomerFacts) -> Section:
    """Return the newest forecast of every main meter; where there is none, the command that makes it."""
    return Section(
        key="forecast", blocks=[block for point in facts.points for block in _of_point(facts, point)]
    )


def _of_point(facts: CustomerFacts, known: PointFacts) -> list[Block]:
    if not known.forecasts:
        wants = "no_forecast_file" if facts.from_files else "no_forecast"
        return [Note(text=Word(key=wants, parameters={"point": known.point.id}), is_absent=True)]
    return [block for one in known.forecasts for block in _of_meter(known, one)]


def _of_meter(known: PointFacts, one: ForecastFacts) -> list[Block]:
    agreed = None if known.contract is None else known.contract.contract_demand_kw
    p90 = one.month_max_p90_kw
    wants = Word(key="wants_contract", parameters={"entry": "contract_demand_kw", "point": known.point.id})
    facts = Facts(
        title=one.meter,
        rows=[
            Fact(name="forecast_from", value=one.made_at),
            Fact(name="month_max_p50", value=one.month_max_p50_kw, unit="kW", digits=1),
            Fact(name="month_max_p90", value=p90, unit="kW", digits=1),
            Fact(name="contract_demand_kw", value=agreed, unit="kW", digits=0, wants=wants),
            Fact(
                name="p90_of_contract",
                value=None if not agreed or p90 is None else 100.0 * p90 / agreed,
                unit="%",
                digits=1,
                wants=wants,
            ),
        ],
    )
    blocks: list[Block] = [facts]
    basic = None if known.tariff is None else known.tariff.basic
    share = DOUBLE_SHARE if basic is None else float(basic.over_share)
    if agreed and p90 is not None and p90 > share * agreed:
        over = round(p90 - share * agreed, 1)
        blocks.append(Note(text=Word(key="demand_warning", parameters={"kw": over})))
    return [*blocks, Fan(name="forecast_slots", unit="kW", points=one.points, limit=agreed)]
