"""Reactive energy of a month (无功电量): lagging and leading, from registers or quadrants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import RegisterPair
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.metered import EDGE_TOLERANCE, TOTAL, segments_met
from analysis.settlement.rounding import shares
from analysis.settlement.segments import Segment
from pipeline.model import MeterId
from pipeline.quantities import QUADRANTS_OF

LAGGING, LEADING = (((whole,), parts) for whole, parts in QUADRANTS_OF.items())
"""The register, or the quadrants that make it, all of them."""


Given = Mapping[int, Mapping[int, Decimal]]
"""What each active register gave to each segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactive:
    """Reactive energy, primary side."""

    lagging_kvarh: Decimal | None
    """Of the segments that adjust by power factor, of all where none does; None where nothing counts it."""
    leading_kvarh: Decimal
    registers: frozenset[int]
    by_segment: Mapping[int, Decimal]
    """Lagging plus leading energy of each segment."""
    findings: Sequence[BillFinding]


def reactive_energy(
    segments: Sequence[Segment], registers: Sequence[RegisterPair], given: Given | None = None
) -> Reactive:
    """Return both, of the time in which a tariff adjusts by power factor; of all where none does.

    A register that spans several segments is shared among them as its meter's active energy is. A meter that
    has no leading register counts none; one of which a quadrant is known and its partner is not is refused.

    Args:
        segments: The month's segments.
        registers: Its register pairs, in the order of the bill.
        given: What each active register gave to each segment.
    """
    adjusted = {segment.number for segment in segments if segment.tariff.power_factor}
    counting = adjusted or {segment.number for segment in segments}
    work = _Shared(segments, registers, given or {}, adjusted)
    lagging, lagging_from = work.direction(LAGGING)
    leading, leading_from = work.direction(LEADING)
    both = {
        number: lagging.get(number, Decimal(0)) + abs(leading.get(number, Decimal(0)))
        for number in {*lagging, *leading}
    }
    return Reactive(
        lagging_kvarh=_sum(lagging, counting),
        leading_kvarh=abs(_sum(leading, counting) or Decimal(0)),
        registers=lagging_from | leading_from,
        by_segment=both,
        findings=work.findings,
    )


class _Shared:
    """Reactive registers, chosen and shared among segments, and what stands against that."""

    def __init__(
        self,
        segments: Sequence[Segment],
        registers: Sequence[RegisterPair],
        given: Given,
        adjusted: set[int],
    ) -> None:
        self._segments, self._registers, self._given, self._adjusted = segments, registers, given, adjusted
        self.findings: list[BillFinding] = []

    def direction(self, ways: Sequence[Sequence[str]]) -> tuple[dict[int, Decimal], frozenset[int]]:
        """Return the energy of each segment, and the registers that those which count come from."""
        kvarh: dict[int, Decimal] = defaultdict(Decimal)
        used = set()
        for index in self._chosen(ways):
            parts = self._parts(self._registers[index])
            for number, part in parts.items():
                kvarh[number] += part
            if not self._adjusted or self._adjusted & set(parts):
                used.add(index)
        return kvarh, frozenset(used)

    def _chosen(self, ways: Sequence[Sequence[str]]) -> list[int]:
        """Return the registers that count: of each meter and stretch the first way that is known whole."""
        groups: dict[tuple[MeterId, int | None], dict[str, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for index, pair in enumerate(self._registers):
            if any(pair.quantity in way for way in ways) and pair.counted >= 0:
                groups[pair.meter, self._stretch(pair)][pair.quantity].append(index)
        chosen: list[int] = []
        for (meter, _), known in groups.items():
            way = next((way for way in ways if all(quantity in known for quantity in way)), None)
            if way is not None:
                chosen += [index for quantity in way for index in known[quantity]]
            elif self._counts(index for found in known.values() for index in found):
                lacking = ", ".join(quantity for quantity in ways[-1] if quantity not in known)
                self.findings.append(refusal(Code.REACTIVE_MISSING, what=f"{meter} {lacking}"))
        return chosen

    def _stretch(self, pair: RegisterPair) -> int | None:
        """Return the total register beside a pair, by which pairs of one stretch are told."""
        middle = pair.opening.at + (pair.closing.at - pair.opening.at) / 2
        return next(
            (
                index
                for index, other in enumerate(self._registers)
                if (other.meter, other.quantity) == (pair.meter, TOTAL)
                and other.opening.at <= middle < other.closing.at
            ),
            None,
        )

    def _counts(self, indices: Iterable[int]) -> bool:
        met = {s.number for index in indices for s in segments_met(self._segments, self._registers[index])}
        return bool(met & self._adjusted)

    def _parts(self, pair: RegisterPair) -> dict[int, Decimal]:
        """Return a register's energy by segment, as the active energy of its meter was."""
        met = segments_met(self._segments, pair)
        if len(met) <= 1:
            return {segment.number: pair.energy for segment in met}
        active = [
            sum((parts.get(s.number, Decimal(0)) for parts in self._beside(pair)), Decimal(0)) for s in met
        ]
        hours = [min(s.ends_at, pair.closing.at) - max(s.starts_at, pair.opening.at) for s in met]
        weights = [float(kwh) for kwh in active] if any(active) else [part.total_seconds() for part in hours]
        decimals = max(segment.tariff.kwh_decimals for segment in met)
        numbers = [segment.number for segment in met]
        parts = dict(zip(numbers, shares(pair.energy, weights, decimals), strict=True))
        adjusted = self._adjusted & set(numbers)
        if adjusted and adjusted != set(numbers) and pair.counted:
            kvarh = sum((parts[number] for number in adjusted), Decimal(0))
            about = {"meter": pair.meter, "register": pair.quantity, "of": pair.energy}
            self.findings.append(finding(Code.REACTIVE_SHARED, kvarh=kvarh, **about))
        return parts

    def _beside(self, pair: RegisterPair) -> list[Mapping[int, Decimal]]:
        """Return what the meter's active registers of the same time gave."""
        return [
            parts
            for index, parts in self._given.items()
            if self._registers[index].meter == pair.meter
            and min(self._registers[index].closing.at, pair.closing.at)
            - max(self._registers[index].opening.at, pair.opening.at)
            > EDGE_TOLERANCE
        ]


def _sum(kvarh: Mapping[int, Decimal], numbers: set[int]) -> Decimal | None:
    found = [part for number, part in kvarh.items() if number in numbers]
    return sum(found, Decimal(0)) if found else None
