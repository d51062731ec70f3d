"""Average selling price out of the ordinary (售电均价异常, D37): among like customers and own months."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, TypeAlias

from analysis.settlement.average_price import Effect as Part
from analysis.settlement.average_price import PriceChange, lowest_price
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.engine import episode_id
from detectors.shapes import Said, record_episode
from detectors.stretches import number
from detectors.thresholds import at_point
from detectors.usage.price_reference import (
    Priced,
    Reference,
    change,
    likeness,
    priced,
    reference,
)
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.records import BilledPrice
from pipeline.registry import Registry, Role, in_force
from pipeline.tariff import MarketEnergy, Tariff

_Key: TypeAlias = tuple[str, str, int]
"""Month, class and capacity band."""
USED = (Part.MIX, Part.USE)
"""Effects of how energy was used: a person should know of them, but nothing need be wrong."""
HALF_STEP = 0.000_005
"""Yuan/kWh: what a price of six decimals leaves off."""
ROUNDED_YUAN = 0.05
"""What ten lines that are each rounded to a cent may take off a bill."""
IMPOSSIBLE = "episode.average_price_impossible"
_NAMES = {
    Part.PRICE: "the prices of the periods",
    Part.MIX: "the hours of use",
    Part.STEPS: "the steps of the tariff",
    Part.POWER_FACTOR: "the power-factor adjustment",
    Part.BASIC: "the basic charge",
    Part.USE: "the basic charge on other energy",
    Part.OTHER: "other charges",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """One month whose price stands out, and what explains it."""

    month: Priced
    message: str
    usual: float
    members: int
    effect: Part
    score: float
    severity: Severity
    change: PriceChange | None
    """What leads from the usual price to this one."""

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether no use at all gives such a price, and whether it is too dear."""
        return self.message == IMPOSSIBLE, self.month.price > self.usual


class _Known:
    """All bills of a run by what they are compared with."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._bought: dict[tuple[str, str], list[MarketEnergy]] = defaultdict(list)
        for energy in registry.market_energies:
            self._bought[energy.service_point, energy.month].append(energy)
        self._keys: dict[int, _Key] = {}
        self._alike: dict[_Key, list[Priced]] = defaultdict(list)
        self._usual: dict[_Key, Reference] = {}
        self._lowest: dict[tuple[str, datetime | None, int], Decimal | None] = {}

    def add(self, month: Priced) -> None:
        """File a month with those of like customers."""
        like = likeness(month.contract)
        if like is not None:
            key = self._keys[id(month)] = (month.bill.month, *like)
            self._alike[key].append(month)

    def compare(self) -> None:
        """Work out what is usual, once all months are filed."""
        self._usual = {
            key: reference("peers", [month.price for month in group]) for key, group in self._alike.items()
        }

    def usual(self, month: Priced) -> Reference | None:
        """Return what is usual among like customers; None where the contract does not tell who they are."""
        key = self._keys.get(id(month))
        return None if key is None else self._usual[key]

    def like(self, month: Priced) -> Sequence[Priced]:
        """Return the same month of like customers, its own included."""
        return self._alike[self._keys[id(month)]]

    def level(self, old: Priced, month: Priced, least_peers: float) -> float:
        """Return how like customers' median moved since an older month; 1 where nobody can tell."""
        then, now = self.usual(old), self.usual(month)
        if then is None or now is None or min(then.members, now.members) <= least_peers or then.usual <= 0:
            return 1.0
        return now.usual / then.usual

    def lowest(self, month: Priced) -> float | None:
        """Return the least that a kWh of a bill can have cost, yuan; None without a tariff."""
        contract, bill = month.contract, month.bill
        if contract is None or contract.tariff is None:
            return None
        instants = bill.starts_at, bill.ends_at - datetime.resolution
        versions = [self._registry.tariff_of(contract.tariff, instant) for instant in instants]
        bought = self._bought.get((bill.service_point, bill.month), ())
        prices = [
            self._price(version, number, bought)
            for version in versions
            if version is not None
            for number in {bill.starts_at.month, int(bill.month[5:])}
        ]
        return min((float(price) for price in prices if price is not None), default=None)

    def _price(self, version: Tariff, month: int, bought: Sequence[MarketEnergy]) -> Decimal | None:
        if bought:
            return lowest_price(version, month, bought)
        key = version.id, version.starts_at, month
        if key not in self._lowest:
            self._lowest[key] = lowest_price(version, month)
        return self._lowest[key]


@detectors.register("average_price")
@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrice:
    """Judges each bill's yuan/kWh three times: against the tariff's lowest price, like customers, own months.

    Like customers have the same class and capacity band in the same month. Own months are moved with the
    median of like customers, so that a new tariff for all is nobody's finding. What is left of a deviation
    without the effect of use that meters bear out decides how grave it is.
    """

    trigger: float = parameter(
        6.0, "robust standard deviations", "see docs/customers.md", "M", Effect.TRIGGER
    )
    least_apart: float = parameter(
        0.05, "1", "deviation of the price from the usual one", "own", Effect.TRIGGER
    )
    least_spread: float = parameter(0.01, "1", "MAD, as a share of the usual price, at the least", "own")
    least_peers: float = parameter(8, "customers", "of the same class and capacity band", "own")
    least_months: float = parameter(6, "months", "own ones before", "own", Effect.ON_DELAY)
    most_months: float = parameter(12, "months", "own ones before that are looked at", "own")
    least_kwh: float = parameter(500, "kWh a month", "less has no price worth judging", "own")

    about: ClassVar[About] = About(
        name="average_price",
        number="D37",
        kind=Kind.RECORDS,
        together=Together.POINT,
        needs=Needs(bills=True, archive=("contract", "installation", "tariff")),
        messages=(
            IMPOSSIBLE,
            "episode.average_price_peers",
            "episode.average_price_own",
        ),
        severity=Severity.MINOR,
        dated=(
            "trigger",
            "least_apart",
            "least_spread",
            "least_peers",
            "least_months",
            "most_months",
            "least_kwh",
        ),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode for each run of months in a row that stand out in the same way."""
        known = _Known(registry)
        by_point: dict[str, list[Priced]] = defaultdict(list)
        for bill in sorted(window.records.bills, key=lambda bill: (bill.service_point, bill.month)):
            rule = at_point(self, registry, bill.service_point, bill.starts_at)
            month = priced(bill, registry.contract_of(bill.service_point, bill.starts_at), rule.least_kwh)
            if month is not None:
                by_point[bill.service_point].append(month)
                known.add(month)
        known.compare()
        found = []
        for point, months in by_point.items():
            findings: dict[str, _Finding] = {}
            for place, month in enumerate(months):
                rule = at_point(self, registry, point, month.bill.starts_at)
                recent = months[max(place - int(rule.most_months), 0) : place]
                # What stood out itself is no measure of what is usual.
                before = [old for old in recent if old.bill.month not in findings]
                finding = rule.judge(known, before, month)
                if finding is not None:
                    findings[month.bill.month] = finding
            found += [_episode(registry, run, months) for run in _runs(months, findings)]
        return sorted(found, key=lambda episode: (episode.starts_at, episode.id))

    def judge(self, known: _Known, before: Sequence[Priced], month: Priced) -> _Finding | None:
        """Return what stands out in one month of a point; the gravest way of three."""
        floor = known.lowest(month)
        rounded = HALF_STEP + ROUNDED_YUAN / float(month.bill.kwh)
        if floor is not None and month.price < floor - rounded:
            return _Finding(
                month=month,
                message=IMPOSSIBLE,
                usual=floor,
                members=0,
                effect=Part.PRICE,
                score=1.0,
                severity=Severity.MAJOR,
                change=None,
            )
        found = []
        peers = known.usual(month)
        if peers is not None and peers.members > self.least_peers:
            others = known.like(month)
            found.append(self._held_against(peers, others, [1.0] * len(others), month))
        if len(before) >= self.least_months:
            levels = [known.level(old, month, self.least_peers) for old in before]
            own = reference("own", [old.price * by for old, by in zip(before, levels, strict=True)])
            found.append(self._held_against(own, before, levels, month))
        seen = [finding for finding in found if finding is not None]
        return max(seen, key=lambda finding: (finding.severity, finding.score), default=None)

    def _held_against(
        self, usual: Reference, others: Sequence[Priced], levels: Sequence[float], month: Priced
    ) -> _Finding | None:
        if not self._stands_out(usual, month.price):
            return None
        made_of = change(month, others, levels)
        if made_of is None:
            return None
        effect = made_of.main_effect
        used = [float(made_of.effects[part]) for part in USED if _is_proven(part, month)]
        is_used = effect in USED and not self._stands_out(usual, month.price - sum(used))
        return _Finding(
            month=month,
            message=f"episode.average_price_{usual.kind}",
            usual=float(made_of.reference),
            members=sum(other is not month for other in others),
            effect=effect,
            score=min(abs(usual.scores(month.price, self.least_spread)) / (3 * self.trigger), 1.0),
            severity=Severity.INFO if is_used else Severity.MINOR,
            change=made_of,
        )

    def _stands_out(self, usual: Reference, price: float) -> bool:
        return (
            abs(usual.scores(price, self.least_spread)) > self.trigger
            and abs(usual.apart(price)) > self.least_apart
        )


def _is_proven(part: Part, month: Priced) -> bool:
    """Whether meters bear an effect of use out: hours of use need intervals that do not contradict."""
    return part is not Part.MIX or month.bill.is_mix_proven is not False


def _runs(months: Sequence[Priced], findings: Mapping[str, _Finding]) -> Iterator[list[_Finding]]:
    """Yield findings of bills that follow one another and say the same: too dear, too cheap, impossible."""
    run: list[_Finding] = []
    for month in months:
        finding = findings.get(month.bill.month)
        if run and (finding is None or finding.kind != run[-1].kind):
            yield run
            run = []
        if finding is not None:
            run.append(finding)
    if run:
        yield run


def _episode(registry: Registry, run: Sequence[_Finding], months: Sequence[Priced]) -> Episode:
    first, last = run[0].month.bill, run[-1].month.bill
    finding = run[-1]
    is_open = last.month == months[-1].bill.month
    apart = finding.month.price / finding.usual - 1.0 if finding.usual > 0 else 0.0
    stake = (finding.month.price - finding.usual) * float(last.kwh)
    episode = record_episode(
        AveragePrice.about,
        registry,
        _main_meter(registry, first),
        Said(
            key=first.service_point,
            message=finding.message,
            severity=max(each.severity for each in run),
            score=round(max(each.score for each in run), 3),
            parameters={
                "service_point": first.service_point,
                "month": last.month,
                "price": round(finding.month.price, 4),
                "usual": round(finding.usual, 4),
                "apart_percent": round(100.0 * apart, 1),
                "effect": _NAMES[finding.effect],
                "like": finding.members,
            },
            evidence=_evidence(run, finding, stake),
        ),
        starts_at=first.starts_at,
        ends_at=None if is_open else last.ends_at,
        detected_at=last.ends_at,
    )
    # The bill is the service point's, whichever meter hangs there: a swap is no new episode.
    key = first.starts_at.isoformat()
    return replace(
        episode,
        id=episode_id(AveragePrice.about.name, first.service_point, key),
        service_point=first.service_point,
    )


def _evidence(run: Sequence[_Finding], finding: _Finding, stake: float) -> dict[str, Json]:
    made_of = {} if finding.change is None else finding.change.effects
    effects: list[Json] = [
        {"effect": _NAMES[part], "apart_yuan_kwh": float(yuan)} for part, yuan in made_of.items()
    ]
    return {
        "effects": effects,
        "apart_yuan": number(stake, 2),
        "hours_proven": finding.month.bill.is_mix_proven,
        "billed_months": [
            {
                "month": each.month.bill.month,
                "kwh": number(float(each.month.bill.kwh), 2),
                "yuan_kwh": number(each.month.price, 4),
                "usual_yuan_kwh": number(each.usual, 4),
            }
            for each in run
        ],
    }


def _main_meter(registry: Registry, bill: BilledPrice) -> MeterId:
    """Return the main meter that hung there as a bill began, so that a later swap changes nothing."""
    placed = registry.installations_by_point.get(bill.service_point, ())
    mains = [stay for stay in placed if stay.role is Role.MAIN]
    then = [stay for stay in mains if in_force(stay.starts_at, stay.ends_at, bill.starts_at)]
    return (then or mains)[-1].meter if mains else MeterId("")
