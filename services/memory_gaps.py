"""What meters remember and the database misses: load records, daily freezes, settlements (补抄)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from collectors.targets import Target
from pipeline.model import EVERYTHING, MeterId
from protocols.profile import Profile
from protocols.session import Remembers
from storage.database import Connection, connect
from storage.gaps import Span, load_record_gaps, stored_instants

CHUNK: Final = timedelta(days=5)
"""One request round: what is fetched is stored after each, so that a kill costs little."""
INSTANT: Final = timedelta(minutes=1)
"""A stretch that holds one instant and asks for hardly more."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def memory_gaps(
    database_url: str,
    targets: Sequence[Target],
    profiles: Mapping[MeterId, Profile],
    since: datetime,
    until: datetime,
) -> dict[MeterId, list[Span]]:
    """Return what each meter is to be asked of ``[since, until)``, in chunks, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with connect(database_url) as connection:
        records = _record_gaps(connection, {t.meter: profiles[t.meter] for t in targets}, since, until)
        missed = _missed_instants(connection, targets, since, until)
    gaps: dict[MeterId, list[Span]] = {}
    for target in targets:
        spans = records.get(target.meter, [])
        alone = [at for at in missed.get(target.meter, []) if not any(b <= at < e for b, e in spans)]
        keeps_records = bool(profiles[target.meter].load_record_minutes)
        pieces = [(at, at + INSTANT) for at in alone] if keeps_records else _whole(alone)
        pieces = sorted([*chunks(spans), *pieces], reverse=True)
        if pieces:
            gaps[target.meter] = pieces
    return gaps


def chunks(spans: Sequence[Span]) -> list[Span]:
    """Cut spans into pieces of at most ``CHUNK``, the newest first: what is newest is wanted most."""
    pieces: list[Span] = []
    for starts_at, ends_at in reversed(spans):
        at = ends_at
        while at > starts_at:
            pieces.append((max(starts_at, at - CHUNK), at))
            at -= CHUNK
    return pieces


def _record_gaps(
    connection: Connection, profiles: Mapping[MeterId, Profile], since: datetime, until: datetime
) -> dict[MeterId, list[Span]]:
    keeping = {meter: profile for meter, profile in profiles.items() if profile.load_record_minutes}
    if not keeping:
        return {}
    begins = {meter: max(since, _memory_begins(profile, until)) for meter, profile in keeping.items()}
    gaps = load_record_gaps(
        connection,
        scope=EVERYTHING,
        starts_at=min(begins.values()),
        ends_at=until,
        minutes={meter: profile.load_record_minutes or 0 for meter, profile in keeping.items()},
    )
    return {meter: _since(begins[meter], spans) for meter, spans in gaps.items()}


def _missed_instants(
    connection: Connection, targets: Sequence[Target], since: datetime, until: datetime
) -> dict[MeterId, list[datetime]]:
    """Return the instants of freezes and settlements that meters keep and nobody has fetched, in order."""
    kept = {
        (target.meter, origin): instants
        for target in targets
        if isinstance(target.driver, Remembers)
        for origin, instants in target.driver.kept_instants(since, until).items()
    }
    if not any(kept.values()):
        return {}
    meters, origins = {meter for meter, _ in kept}, {origin for _, origin in kept}
    stored = stored_instants(
        connection, sorted(meters), sorted(origins), scope=EVERYTHING, starts_at=since, ends_at=until
    )
    missed: dict[MeterId, set[datetime]] = {}
    for (meter, origin), instants in kept.items():
        missed.setdefault(meter, set()).update(set(instants) - stored.get((meter, origin), set()))
    return {meter: sorted(instants) for meter, instants in missed.items()}


def _whole(instants: Sequence[datetime]) -> list[Span]:
    """One question tells a run of days apart, so all are asked for together."""
    return chunks([(instants[0], instants[-1] + INSTANT)]) if instants else []


def _memory_begins(profile: Profile, until: datetime) -> datetime:
    """Return how far back a meter of this model can be asked; without limit where that is not known."""
    return until - timedelta(days=profile.load_record_days) if profile.load_record_days else _LONG_AGO


def _since(begin: datetime, spans: Sequence[Span]) -> list[Span]:
    return [(max(begin, starts_at), ends_at) for starts_at, ends_at in spans if ends_at > begin]
