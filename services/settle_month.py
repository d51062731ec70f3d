"""Gathers everything that a service point's bill of one month is worked out of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from analysis.settlement.billing_month import BillingMonth, InterimBill, Lack, Lacking, RegisterPair
from pipeline.bills import bill_span, month_before
from pipeline.errors import ConfigError
from pipeline.intervals import most_per_hour
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry, Role
from pipeline.shown_ratings import as_shown
from pipeline.timegrid import local_day
from services.settle_book import QUADRANTS, REACTIVE, Book
from services.settle_chains import counted
from services.settle_intervals import demands, month_intervals
from services.settle_pairs import Stretch, stretches
from services.settle_terms import agreed, is_supplied, supplied

_REACTIVE = frozenset(q.value for q in (*REACTIVE, *QUADRANTS))


def billing_month(  # noqa: PLR0913 - one month with all that bounds it
    registry: Registry,
    book: Book,
    service_point: str,
    month: str,
    *,
    primary: frozenset[str],
    billed_before_kwh: Decimal = Decimal(0),
    until: date | None = None,
    interim: Sequence[InterimBill] = (),
) -> BillingMonth:
    """Return a service point's month; what could not be found is among its lacks.

    Args:
        registry: The archive.
        book: Where registers and intervals are looked up.
        service_point: Whose month.
        month: ``YYYY-MM``.
        primary: The profiles that report primary values already.
        billed_before_kwh: Energy billed in this calendar year before, for steps over a year.
        until: For an interim bill (分次结算) the first local day that it does not bill; None bills the month.
        interim: Bills of parts of the month given out before.

    Raises:
        ConfigError: If ``until`` does not lie within the month.
    """
    registry = as_shown(_of_point(registry, service_point), primary)
    span = supplied(registry, service_point, bill_span(registry, service_point, month))
    if until is not None:
        span = _part(registry, service_point, span, until)
    terms = agreed(registry, service_point, span)
    own = stretches(registry, service_point, span, primary)
    found = counted(registry, book, own, _span_before(registry, service_point, month), primary)
    pairs = [pair for each in found for pair in each.pairs]
    lacks = [*terms.lacks, *(lack for each in found for lack in each.lacks)]
    if any(dated.tariff.power_factor for dated in terms.terms):
        lacks += _reactive_lacks(own, pairs)
    intervals = month_intervals(registry, book, service_point, span)
    return BillingMonth(
        service_point=service_point,
        month=month,
        starts_at=span[0],
        ends_at=span[1],
        zone=registry.zone_of(service_point),
        terms=terms.terms,
        pairs=pairs,
        demands=demands(book, own, intervals.point, span),
        intervals=intervals.point,
        meter_intervals=intervals.by_meter,
        most_per_hour={meter.id: _most_per_hour(meter) for meter in registry.meters},
        suspensions=registry.suspensions_by_point.get(service_point, ()),
        transformers=registry.transformers,
        market=[m for m in registry.market_energies if (m.service_point, m.month) == (service_point, month)],
        billed_before_kwh=billed_before_kwh,
        lacks=lacks,
        energy_only=until is not None,
        interim=interim,
    )


def billable(registry: Registry) -> list[str]:
    """Return the points that have a main meter and a contract that names a tariff, in the archive's order."""
    metered = {i.service_point for i in registry.installations if i.role is Role.MAIN}
    agreed_on = {contract.service_point for contract in registry.contracts if contract.tariff}
    return [p.id for p in registry.service_points if p.id in metered & agreed_on]


def _most_per_hour(meter: Meter) -> Decimal:
    return Decimal(str(round(most_per_hour(meter) * meter.resolution, 6)))


def _span_before(registry: Registry, service_point: str, month: str) -> tuple[datetime, datetime] | None:
    span = bill_span(registry, service_point, month_before(month))
    is_billed = is_supplied(registry, service_point, span)
    return supplied(registry, service_point, span) if is_billed else None


def _part(
    registry: Registry, service_point: str, span: tuple[datetime, datetime], until: date
) -> tuple[datetime, datetime]:
    ends_at = local_day(until, registry.zone_of(service_point))[0]
    if not span[0] < ends_at < span[1]:
        zone = registry.zone_of(service_point)
        first, last = (edge.astimezone(zone).date() for edge in span)
        raise ConfigError(
            f"--until {until} does not lie within the month of {service_point}, which is billed from {first} "
            f"to {last}. Next step: choose a day after {first} and before {last}"
        )
    return span[0], ends_at


def _of_point(registry: Registry, service_point: str) -> Registry:
    """Return what the archive says of one point: of a large fleet the rest is in every search's way."""
    placed = registry.installations_of(service_point)
    meters = {installation.meter for installation in placed}
    point = registry.service_point_by_id.get(service_point)
    suspensions = registry.suspensions_by_point.get(service_point, [])
    resting = {unit for suspension in suspensions for unit in suspension.transformers}
    return replace(
        registry,
        meters=[registry.meter_by_id[meter] for meter in sorted(meters)],
        installations=placed,
        ratios=[ratio for ratio in registry.ratios if ratio.meter in meters],
        service_points=[] if point is None else [point],
        contracts=registry.contracts_by_point.get(service_point, []),
        suspensions=suspensions,
        # A unit that the point's own suspension names is the point's, though nobody filed where it stands.
        transformers=[
            t
            for t in registry.transformers
            if t.service_point == service_point or (t.service_point is None and t.id in resting)
        ],
        market_energies=[m for m in registry.market_energies if m.service_point == service_point],
    )


def _reactive_lacks(own: Sequence[Stretch], pairs: Sequence[RegisterPair]) -> Iterator[Lack]:
    """Yield the stretches whose reactive registers are not known where those of others are."""
    active: set[tuple[str, datetime]] = set()
    reactive: set[tuple[str, datetime]] = set()
    for stretch in own:
        key = (stretch.placed.meter, stretch.starts_at)
        for pair in pairs:
            middle = pair.opening.at + (pair.closing.at - pair.opening.at) / 2
            if pair.meter == stretch.placed.meter and stretch.starts_at <= middle < stretch.ends_at:
                if pair.quantity == Quantity.ACTIVE_ENERGY_IMPORT:
                    active.add(key)
                if pair.quantity in _REACTIVE:
                    reactive.add(key)
    if not reactive:
        return  # nobody measures it there: the bill says so itself
    for stretch in own:
        if (stretch.placed.meter, stretch.starts_at) in active - reactive:
            yield Lack(
                code=Lacking.REGISTER,
                what=f"{stretch.placed.meter} {Quantity.REACTIVE_ENERGY_IMPORT}",
                starts_at=stretch.starts_at,
                ends_at=stretch.ends_at,
            )
