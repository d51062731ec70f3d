"""What the database holds of one customer: load, suspensions, verdicts, bills, forecasts, open episodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from analysis.power_quality.documents import judgement_of
from analysis.power_quality.judgement import WORST_FIRST, binds, overall
from analysis.settlement.bill import Bill
from analysis.settlement.bill_documents import bill_of
from detectors.usage.suspended_load import SuspendedLoad
from pipeline.bills import month_before
from pipeline.block import MeterMatrix
from pipeline.model import Episode, MeterId, Scope, Verdict
from pipeline.registry import Registry, ServicePoint
from pipeline.timegrid import local_month, slot_start
from reports.customers.facts import ForecastFacts, QualityMonth
from services.customer_facts import Gathered, recent_suspensions
from services.customers import archive_of
from services.derive import MINUTES
from services.load import AFTER
from services.load_facts import DEMAND, DEMAND_AT
from services.load_subjects import ENERGIES, PHASE_POWERS
from storage.customers import newest_bills
from storage.database import Connection
from storage.detector_records import single_readings
from storage.episodes import list_episodes
from storage.forecasts import StoredForecast, list_forecasts
from storage.matrices import meter_matrix
from storage.quality_judgements import judged_months

MONTHS_BACK = 12
"""Bills told beside the month's own."""
FORECAST_DAYS = timedelta(days=3)
"""An older forecast tells nothing of the next days."""
_MARGIN = timedelta(hours=2)


def gather_stored(  # noqa: PLR0913, PLR0917 - one customer's month with all that bounds it
    connection: Connection,
    archive: Registry,
    customer: str,
    points: Sequence[ServicePoint],
    first: date,
    now: datetime,
    *,
    scope: Scope,
    primary: frozenset[str],
) -> Gathered:
    """Return what is stored of a customer for the local month that begins with ``first``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    own = archive_of(archive, points)
    begins, ends = local_month(first.year, first.month, own.zone_of(points[0].id))
    until = max(min(ends, slot_start(now, MINUTES * 60)), begins + timedelta(minutes=MINUTES))
    meters = [meter.id for meter in own.meters]
    return Gathered(
        customer=customer,
        archive=own,
        first=first,
        now=now,
        matrix=meter_matrix(
            connection,
            own,
            scope=scope,
            starts_at=begins,
            ends_at=until,
            minutes=MINUTES,
            meters=meters,
            quantities=PHASE_POWERS,
            energies=ENERGIES,
            primary_profiles=primary,
        ),
        registers=single_readings(
            connection,
            (DEMAND, DEMAND_AT),
            scope=scope,
            starts_at=begins,
            ends_at=until + AFTER,
            meters=meters,
        ),
        suspended=_suspended(connection, own, until, now, scope=scope, primary=primary),
        bills=_bills(connection, points, first, scope),
        quality=_quality(connection, points, first, scope),
        forecasts=_forecasts(connection, own, now, scope),
        episodes=open_episodes(connection, own, scope),
        primary=primary,
    )


def open_episodes(connection: Connection, own: Registry, scope: Scope) -> list[Episode]:
    """Return a customer's abnormal episodes that still have to be dealt with.

    Raises:
        StorageError: If the database is away or refuses.
    """
    meters = [meter.id for meter in own.meters]
    points = {point.id for point in own.service_points}
    found = [
        *list_episodes(connection, scope=scope, verdict=Verdict.ABNORMAL, meters=meters),
        *list_episodes(connection, scope=scope, verdict=Verdict.ABNORMAL, service_points=sorted(points)),
    ]
    open_ones = {s.episode.id: s.episode for s in found if s.is_pending}
    return [e for e in open_ones.values() if _place(e, own) in points]


def _place(episode: Episode, own: Registry) -> str | None:
    """Return where an episode was found: a meter may hang at another customer's before or after."""
    return episode.service_point or own.service_point_of(episode.meter, episode.starts_at)


def _suspended(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    own: Registry,
    until: datetime,
    now: datetime,
    *,
    scope: Scope,
    primary: frozenset[str],
) -> Mapping[str, MeterMatrix]:
    found = {}
    for suspension in recent_suspensions(own, until, now):
        ends_at = now if suspension.ends_at is None else min(suspension.ends_at + _MARGIN, now)
        placed = {i.meter for i in own.installations_of(suspension.service_point)}
        if ends_at <= suspension.starts_at or not placed:
            continue
        found[suspension.id] = meter_matrix(
            connection,
            own,
            scope=scope,
            starts_at=slot_start(suspension.starts_at - _MARGIN, MINUTES * 60),
            ends_at=slot_start(ends_at, MINUTES * 60),
            minutes=MINUTES,
            meters=sorted(placed),
            quantities=SuspendedLoad.about.needs.quantities,
            primary_profiles=primary,
        )
    return found


def _bills(
    connection: Connection, points: Sequence[ServicePoint], first: date, scope: Scope
) -> Mapping[str, Sequence[Bill]]:
    last = earliest = f"{first:%Y-%m}"
    for _ in range(MONTHS_BACK):
        earliest = month_before(earliest)
    found: dict[str, list[Bill]] = defaultdict(list)
    ids = [point.id for point in points]
    for document in newest_bills(connection, scope=scope, first=earliest, last=last, service_points=ids):
        found[document["service_point"]].append(bill_of(document))
    return found


def _quality(
    connection: Connection, points: Sequence[ServicePoint], first: date, scope: Scope
) -> Mapping[str, QualityMonth]:
    judged = judged_months(
        connection, scope=scope, first=first, last=first, service_points=[point.id for point in points]
    )
    found = {}
    for month in judged:
        verdicts = [j.verdict for j in map(judgement_of, month.documents) if binds(j)]
        found[month.service_point] = QualityMonth(
            month=f"{month.month:%Y-%m}",
            verdict=overall(verdicts).value,
            counts={verdict.value: verdicts.count(verdict) for verdict in WORST_FIRST},
        )
    return found


def _forecasts(
    connection: Connection, own: Registry, now: datetime, scope: Scope
) -> Mapping[MeterId, ForecastFacts]:
    """Return the newest forecast of each meter, if it is of these days; the last of several models."""
    stored = list_forecasts(
        connection,
        scope=scope,
        starts_at=now - FORECAST_DAYS,
        ends_at=now + FORECAST_DAYS,
        meters=[meter.id for meter in own.meters],
    )
    return {one.meter: _forecast(one) for one in sorted(stored, key=lambda one: one.starts_at)}


def _forecast(one: StoredForecast) -> ForecastFacts:
    step, hours = timedelta(minutes=one.minutes), one.minutes / 60.0
    return ForecastFacts(
        meter=one.meter,
        made_at=one.starts_at,
        points=[
            (one.starts_at + place * step, low / hours, middle / hours, high / hours)
            for place, (low, middle, high) in enumerate(zip(one.p10, one.p50, one.p90, strict=True))
        ],
        month_max_p50_kw=one.month_p50_kw,
        month_max_p90_kw=one.month_p90_kw,
    )
