"""What was agreed (合同): capacity, demand, class, tariff, standard, of each service point."""

from __future__ import annotations

from analysis.power_factor import standard_of
from pipeline.source_texts import CATEGORIES, in_words
from reports.customers.facts import CustomerFacts, PointFacts
from reports.customers.sheet import Block, Fact, Facts, Note, Section, Told, Value, Word

_WANTED = (
    ("category", "", 0),
    ("tariff", "", 0),
    ("capacity_kva", "kVA", 0),
    ("contract_demand_kw", "kW", 0),
    ("basic_charge", "", 0),
    ("power_factor_standard", "", 2),
    ("supply_voltage_kv", "kV", 1),
    ("metering_side", "", 0),
    ("settlement_day", "", 0),
    ("starts_at", "", 0),
)
"""Keys of a contract as registry files have them, with unit and decimals."""
_USUAL = {"contract_demand_kw", "power_factor_standard", "settlement_day", "starts_at", "metering_side"}
"""What may rightly be left out: no demand agreed, the standard of the class, the 1st, since ever."""


def contract(facts: CustomerFacts) -> Section:
    """Return the contract of every service point; what is not filed names its entry."""
    return Section(key="contract", blocks=[_of_point(point) for point in facts.points])


def _of_point(known: PointFacts) -> Block:
    point = known.point
    title = f"{point.id} {point.name}".strip()
    if known.contract is None:
        return Note(text=Word(key="no_contract", parameters={"point": point.id}), is_absent=True)
    rows = [_fact(known, key, unit, digits) for key, unit, digits in _WANTED]
    if known.contract.tariff is not None:
        rows.insert(2, _tariff(known, known.contract.tariff))
    return Facts(title=title, rows=[Fact(name="area", value=point.area), *rows])


def _fact(known: PointFacts, key: str, unit: str, digits: int) -> Fact:
    value: Value = getattr(known.contract, key)
    if value is None and key == "starts_at":
        return Fact(name=key, value=Word(key="since_ever"))
    if value is None and key == "power_factor_standard" and known.contract is not None:
        standard = standard_of(known.contract)
        if standard is not None:
            said = {"value": f"{standard.value:.2f}"}
            return Fact(name=key, value=Word(key="of_class", parameters=said))
    if value is None:
        wanted = "usual" if key in _USUAL else "wants_contract"
        wants = Word(key=wanted, parameters={"point": known.point.id, "entry": key})
        return Fact(name=key, value=None, wants=wants)
    if key in {"basic_charge", "metering_side"}:
        return Fact(name=key, value=Word(key=f"{key}_{value}"))
    if key == "category":
        return Fact(name=key, value=Told(zh=in_words(CATEGORIES, str(value), "zh"), en=str(value)))
    return Fact(name=key, value=value, unit=unit, digits=digits)


def _tariff(known: PointFacts, name: str) -> Fact:
    if known.tariff is None:
        return Fact(name="prices", value=None, wants=Word(key="wants_tariff", parameters={"tariff": name}))
    confirmed = "prices_confirmed" if known.tariff.confirmed else "prices_to_confirm"
    said = {"name": known.tariff.name or name, "source": known.tariff.source or "-"}
    return Fact(name="prices", value=Word(key=confirmed, parameters=said))
