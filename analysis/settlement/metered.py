"""Active energy by segment and period, from registers; intervals only allocate what registers counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from analysis.settlement.allocation import Cell, SlotMap, Weights
from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth, PointIntervals, RegisterPair
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.rounding import shares
from analysis.settlement.segments import Segment
from pipeline.model import MeterId
from pipeline.quantities import Quantity

TOTAL = Quantity.ACTIVE_ENERGY_IMPORT
RATE = f"{TOTAL}_t"
EDGE_TOLERANCE = timedelta(hours=1)
"""A register read so late or early still stands at the edge; a shorter overlap with a segment is none."""
LEAST_KNOWN = 0.99
"""Below this share of known intervals an allocation by them is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What registers counted, by cell, before losses and rounding."""

    kwh: Mapping[Cell, Decimal]
    registers: Mapping[Cell, frozenset[int]]
    """Which registers each comes from."""
    given: Mapping[int, Mapping[int, Decimal]]
    """What each register gave to each segment, whatever its sign."""
    allocated: Mapping[Cell, str]
    """By what cells were told apart, ``intervals`` or ``hours``, where no register of their own did."""
    total: Decimal
    """By the registers that count: of a meter its total, or its rates where they price."""
    findings: Sequence[BillFinding]


def metered_energy(
    month: BillingMonth, segments: Sequence[Segment], registers: Sequence[RegisterPair], slots: SlotMap
) -> Metered:
    """Return the energy of each cell.

    A meter's rate registers give the periods where they cover all that its segment's tariff knows; else its
    total register is allocated. What spans several cells is allocated by the intervals within it.

    Args:
        month: What the bill is worked out of.
        segments: Its segments.
        registers: Its register pairs, in the order of the bill.
        slots: Which cell each slot lies in.
    """
    work = _Sums(month, segments, registers, slots)
    work.run()
    return Metered(
        kwh=dict(work.kwh),
        registers={cell: frozenset(found) for cell, found in work.used.items()},
        given={index: dict(parts) for index, parts in work.given.items()},
        allocated=work.allocated,
        total=sum(work.kwh.values(), Decimal(0)),
        findings=work.findings,
    )


def segments_met(segments: Sequence[Segment], pair: RegisterPair) -> list[Segment]:
    """Return the segments that a pair's stretch lies in; one that it but touches is left out."""
    overlaps = [(min(s.ends_at, pair.closing.at) - max(s.starts_at, pair.opening.at), s) for s in segments]
    within = [s for length, s in overlaps if length > EDGE_TOLERANCE]
    return within or [s for length, s in overlaps if length > timedelta(0)]


class _Sums:
    """Energy of each cell as it grows, register by register."""

    def __init__(
        self,
        month: BillingMonth,
        segments: Sequence[Segment],
        registers: Sequence[RegisterPair],
        slots: SlotMap,
    ) -> None:
        self._month, self._segments, self._registers, self._slots = month, segments, registers, slots
        self.kwh: dict[Cell, Decimal] = defaultdict(Decimal)
        self.given: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.used: dict[Cell, set[int]] = defaultdict(set)
        self.allocated: dict[Cell, str] = {}
        self.findings: list[BillFinding] = []

    def run(self) -> None:
        if not self._segments:
            return
        totals: dict[MeterId, list[int]] = defaultdict(list)
        rates: dict[MeterId, list[int]] = defaultdict(list)
        for index, pair in enumerate(self._registers):
            if pair.quantity == TOTAL:
                totals[pair.meter].append(index)
            elif pair.quantity.startswith(RATE):
                rates[pair.meter].append(index)
        for meter in sorted({*totals, *rates}):
            left = set(rates[meter])
            for index in totals[meter]:
                mine = [i for i in rates[meter] if self._lies_in(i, index)]
                left -= set(mine)
                self._one_total(index, mine)
            if not totals[meter]:
                self._rates_alone(meter, rates[meter])
            elif left:
                self._leave_out(meter, sorted(left))

    def _lies_in(self, rate: int, total: int) -> bool:
        inner, outer = self._registers[rate], self._registers[total]
        return inner.opening.at >= outer.opening.at and inner.closing.at <= outer.closing.at

    def _one_total(self, index: int, rates: Sequence[int]) -> None:
        pair = self._registers[index]
        segments = segments_met(self._segments, pair)
        if rates and self._usable(pair, rates, segments):
            self._tie_out(pair, [self._registers[rate] for rate in rates])
            for rate in rates:
                self._rate(rate)
            return
        cells = [
            (s.number, period)
            for s in segments
            for period in self._slots.periods_of(s, pair.opening.at, pair.closing.at)
        ]
        self._give(index, cells)

    def _rates_alone(self, meter: MeterId, rates: Sequence[int]) -> None:
        """Bill rates without their total; refuse it where the tariff knows periods that they do not count."""
        counted = {_rate_of(self._registers[rate]) for rate in rates}
        whole = all(
            set(self._slots.periods_of(s, s.starts_at, s.ends_at))
            <= {period for number, period in s.tariff.rates.items() if number in counted}
            for s in self._segments
        )
        self.findings.append((finding if whole else refusal)(Code.TOTAL_MISSING, meter=meter))
        for rate in rates:
            self._rate(rate)

    def _leave_out(self, meter: MeterId, rates: Sequence[int]) -> None:
        """Tell of rates read over another stretch than their total: the total counts."""
        names = sorted({f"t{_rate_of(self._registers[rate])}" for rate in rates})
        tariffs = ", ".join(dict.fromkeys(s.tariff.id for s in self._segments))
        self.findings.append(finding(Code.RATES_UNUSED, meter=meter, tariff=tariffs, what=", ".join(names)))

    def _rate(self, index: int) -> None:
        pair = self._registers[index]
        number = _rate_of(pair)
        cells = [
            (segment.number, segment.tariff.rates[number])
            for segment in segments_met(self._segments, pair)
            if number in segment.tariff.rates
        ]
        if pair.counted or cells:
            self._give(index, cells)

    def _usable(self, total: RegisterPair, rates: Sequence[int], segments: Sequence[Segment]) -> bool:
        """Tell whether the rates cover what the tariffs price by; say so where they do not."""
        if all(len(self._slots.periods_of(s, total.opening.at, total.closing.at)) == 1 for s in segments):
            return False
        pairs = [self._registers[rate] for rate in rates]
        whole = timedelta(0)
        covered: dict[int, timedelta] = defaultdict(lambda: whole)
        counting = set()
        for pair in pairs:
            covered[_rate_of(pair)] += pair.closing.at - pair.opening.at
            if pair.counted:
                counting.add(_rate_of(pair))
        span = total.closing.at - total.opening.at
        complete = {number for number, length in covered.items() if length >= span - EDGE_TOLERANCE}
        for segment in segments:
            periods = set(self._slots.periods_of(segment, total.opening.at, total.closing.at))
            named = {segment.tariff.rates[n] for n in complete if n in segment.tariff.rates}
            told = {segment.tariff.rates.get(n) for n in counting}
            if not periods <= named or not told <= periods:
                missing = sorted(str(period) for period in periods - named)
                foreign = sorted(f"t{n}" for n in counting if segment.tariff.rates.get(n) not in periods)
                self.findings.append(
                    finding(
                        Code.RATES_UNUSED,
                        meter=total.meter,
                        tariff=segment.tariff.id,
                        what=", ".join(missing or foreign),
                    )
                )
                return False
        return True

    def _tie_out(self, total: RegisterPair, rates: Sequence[RegisterPair]) -> None:
        by_rates = sum((pair.counted * pair.factor for pair in rates), Decimal(0))
        tolerance = (len({pair.quantity for pair in rates}) + 1) * total.step * total.factor
        if abs(by_rates - total.counted * total.factor) > tolerance:
            self.findings.append(
                refusal(
                    Code.RATES_DO_NOT_ADD_UP,
                    meter=total.meter,
                    total_kwh=total.counted * total.factor,
                    rates_kwh=by_rates,
                    tolerance_kwh=tolerance,
                )
            )

    def _give(self, index: int, cells: Sequence[Cell]) -> None:
        """Add a register's energy to its cells."""
        pair = self._registers[index]
        cells = list(dict.fromkeys(cells))
        if pair.counted < 0:
            return
        if not cells:
            self._lost(pair)
            return
        parts = [pair.energy] if len(cells) == 1 else self._allocated(pair, cells)
        for cell, part in zip(cells, parts, strict=True):
            self.kwh[cell] += part
            self.given[index][cell[0]] += abs(part)
            self.used[cell].add(index)

    def _lost(self, pair: RegisterPair) -> None:
        """Refuse energy that no segment takes; a stretch outside all terms has its own finding."""
        self.findings.append(
            refusal(
                Code.PRICE_MISSING,
                item=pair.quantity,
                period="",
                tariff=", ".join(sorted({s.tariff.id for s in self._segments})),
            )
        )

    def _allocated(self, pair: RegisterPair, cells: Sequence[Cell]) -> list[Decimal]:
        intervals = self._intervals_for(pair)
        weights = self._slots.weights(cells, pair.opening.at, pair.closing.at, intervals)
        known = weights.missing < sum(weights.slots)
        decimals = max(s.tariff.kwh_decimals for s in self._segments)
        if not known or sum(weights.kwh) <= 0:
            if pair.counted:
                by_days = len({period for _, period in cells}) == 1
                code = Code.SPLIT_BY_DAYS if by_days else Code.PERIODS_BY_TIME
                self.findings.append(
                    (finding if by_days else refusal)(
                        code, meter=pair.meter, register=pair.quantity, kwh=pair.energy
                    )
                )
            self.allocated.update(dict.fromkeys(cells, "hours"))
            return shares(pair.energy, weights.slots, decimals)
        self._judge(pair, weights)
        if intervals is not None:
            self._judge_length(pair, intervals)
        self.allocated.update({cell: "intervals" for cell in cells if cell not in self.allocated})
        return shares(pair.energy, weights.kwh, decimals)

    def _intervals_for(self, pair: RegisterPair) -> PointIntervals | None:
        """Return the meter's own intervals; the point's where no other meter counts meanwhile."""
        own = self._month.meter_intervals.get(pair.meter)
        beside = (
            min(other.closing.at, pair.closing.at) - max(other.opening.at, pair.opening.at)
            for other in self._registers
            if other.meter != pair.meter
        )
        alone = max(beside, default=timedelta(0)) <= EDGE_TOLERANCE
        return self._month.intervals if own is None and alone else own

    def _judge(self, pair: RegisterPair, weights: Weights) -> None:
        """Tell of intervals that are missing or estimated where they allocate."""
        slots = sum(weights.slots)
        about: dict[str, object] = {"meter": pair.meter, "register": pair.quantity, "of": slots}
        if weights.missing:
            tell = refusal if weights.missing > (1 - LEAST_KNOWN) * slots else finding
            self.findings.append(tell(Code.INTERVALS_MISSING, slots=weights.missing, **about))
        if weights.estimated:
            self.findings.append(finding(Code.INTERVALS_ESTIMATED, slots=weights.estimated, **about))

    def _judge_length(self, pair: RegisterPair, intervals: PointIntervals) -> None:
        """Tell of prices that change within an interval, all of which then counts at the first of them."""
        for tariff in dict.fromkeys(self._slots.cut(pair.opening.at, pair.closing.at, intervals)):
            self.findings.append(
                finding(
                    Code.INTERVALS_TOO_LONG,
                    meter=pair.meter,
                    register=pair.quantity,
                    minutes=intervals.minutes,
                    tariff=tariff,
                )
            )


def _rate_of(pair: RegisterPair) -> int:
    return int(pair.quantity.removeprefix(RATE))
