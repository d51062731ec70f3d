"""What the rules of validation found, at rest: one row a place, kept when it is gone again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql
from psycopg.rows import class_row

from pipeline.model import MeterId, Scope
from pipeline.timegrid import from_numpy
from pipeline.vee_window import Finding
from storage.database import Connection, storage_errors
from storage.registry import meter_numbers
from storage.visible import visible_meters

SAVING_LOCK = 0x6B77_7666
"""The advisory lock of those who save findings ("kwvf")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """One place where a rule is not, or was not, met."""

    meter: str
    rule: str
    energy: str
    starts_at: datetime
    minutes: int
    slots: int
    expected: str
    came: str
    found_at: datetime
    gone_at: datetime | None
    """When a later run no longer found it; None while it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a run looked at: some meters' slots of one energy."""

    meters: Sequence[MeterId]
    energy: str
    starts_at: datetime
    ends_at: datetime
    minutes: int
    rules: Mapping[str, datetime]
    """Each rule that could judge, and from when on it did."""


_UPSERT = (
    "INSERT INTO vee_finding AS old (meter_id, rule, energy, starts_at, minutes, slots, expected, came, "
    "found_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (meter_id, rule, energy, starts_at) DO UPDATE SET minutes = excluded.minutes, "
    "slots = excluded.slots, expected = excluded.expected, came = excluded.came, gone_at = NULL "
    "WHERE (old.minutes, old.slots, old.expected, old.came, old.gone_at) IS DISTINCT FROM "
    "(excluded.minutes, excluded.slots, excluded.expected, excluded.came, NULL)"
)


def save_findings(connection: Connection, judged: Judged, found: Sequence[Finding], *, now: datetime) -> int:
    """Bring the stored findings in line with what a run found; return how many are new, changed or gone.

    A stretch that reaches into the span from before it keeps its beginning, and ends where the span begins
    if it is no longer found there. Saving the same again changes nothing.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"saving {len(found)} findings"), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SAVING_LOCK,))
        all_numbers = meter_numbers(connection)
        numbers = {all_numbers[meter]: meter for meter in judged.meters}
        earlier = _reaching_in(connection, judged, list(numbers))
        rows: list[tuple[object, ...]] = []
        kept: list[tuple[int, str, datetime]] = []
        for finding in found:
            number, starts_at, slots = (
                all_numbers[finding.meter],
                from_numpy(finding.starts_at),
                finding.slots,
            )
            if starts_at == judged.starts_at and (number, finding.rule) in earlier:
                begun, _ = earlier.pop((number, finding.rule))
                slots += _slots(begun, starts_at, judged.minutes)
                starts_at = begun
            place = number, finding.rule, finding.energy, starts_at
            rows.append((*place, judged.minutes, slots, finding.expected, finding.came, now))
            kept.append((number, finding.rule, starts_at))
        changed = 0
        with connection.cursor() as cursor:
            if rows:
                cursor.executemany(_UPSERT, rows)
                changed += max(0, cursor.rowcount)
            for (number, rule), (begun, _) in earlier.items():
                # What lies before the span cannot be judged again; it ended with it.
                cursor.execute(
                    "UPDATE vee_finding SET slots = %s WHERE meter_id = %s AND rule = %s AND energy = %s "
                    "AND starts_at = %s",
                    (_slots(begun, judged.starts_at, judged.minutes), number, rule, judged.energy, begun),
                )
                changed += cursor.rowcount
        return changed + _mark_gone(connection, judged, list(numbers), kept, now)


def save_point_findings(
    connection: Connection, found: Sequence[Finding], *, rule: str, now: datetime
) -> None:
    """Store findings about an instant each; one that is there is brought up to date.

    Raises:
        StorageError: If the database is away or refuses.
    """
    if not found:
        return
    with storage_errors(f"saving {len(found)} findings of {rule}"), connection.transaction():
        numbers = meter_numbers(connection)
        with connection.cursor() as cursor:
            cursor.executemany(
                _UPSERT,
                [
                    (
                        numbers[f.meter],
                        rule,
                        f.energy,
                        from_numpy(f.starts_at),
                        0,
                        f.slots,
                        f.expected,
                        f.came,
                        now,
                    )
                    for f in found
                ],
            )


def forget_point_findings(
    connection: Connection, places: Sequence[tuple[MeterId, datetime]], *, rule: str, now: datetime
) -> None:
    """Mark the findings of a rule at some instants of some meters as gone.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"closing findings of {rule}"):
        connection.execute(
            "UPDATE vee_finding AS f SET gone_at = %s FROM meter AS m, "
            "unnest(%s::text[], %s::timestamptz[]) AS place (meter, at) WHERE m.meter_id = f.meter_id "
            "AND m.id = place.meter AND f.starts_at = place.at AND f.rule = %s AND f.gone_at IS NULL",
            (now, [meter for meter, _ in places], [at for _, at in places], rule),
        )


def findings(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    starts_at: datetime,
    ends_at: datetime,
    meters: Sequence[MeterId] | None = None,
    rules: Sequence[str] | None = None,
    gone: bool = False,
    limit: int = 1000,
) -> list[StoredFinding]:
    """Return the findings that begin in ``[starts_at, ends_at)``, newest first; gone ones if wanted.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with (
        storage_errors("reading findings"),
        connection.cursor(row_factory=class_row(StoredFinding)) as cursor,
    ):
        visible = visible_meters(connection, meters, scope=scope)
        return cursor.execute(
            sql.SQL(
                "SELECT m.id AS meter, f.rule, f.energy, f.starts_at, f.minutes, f.slots, f.expected, "
                "f.came, f.found_at, f.gone_at FROM vee_finding AS f JOIN meter AS m USING (meter_id) "
                "WHERE {visible} AND f.starts_at >= %(from)s AND f.starts_at < %(to)s "
                "AND (%(rules)s::text[] IS NULL OR f.rule = ANY(%(rules)s)) "
                "AND (%(gone)s OR f.gone_at IS NULL) "
                "ORDER BY f.starts_at DESC, m.id, f.rule, f.energy LIMIT %(limit)s"
            ).format(visible=visible.at("f", "starts_at")),
            {
                **visible.bound,
                "from": starts_at,
                "to": ends_at,
                "rules": None if rules is None else list(rules),
                "gone": gone,
                "limit": limit,
            },
        ).fetchall()


def _reaching_in(
    connection: Connection, judged: Judged, numbers: Sequence[int]
) -> dict[tuple[int, str], tuple[datetime, int]]:
    """Return what began before the span and was still found at its first slot."""
    rows = connection.execute(
        "SELECT DISTINCT ON (meter_id, rule) meter_id, rule, starts_at, slots FROM vee_finding "
        "WHERE gone_at IS NULL AND meter_id = ANY(%(meters)s) AND energy = %(energy)s "
        "AND rule = ANY(%(rules)s) AND starts_at < %(from)s "
        "AND starts_at + slots * minutes * INTERVAL '1 minute' > %(from)s "
        "ORDER BY meter_id, rule, starts_at DESC",
        {
            "meters": list(numbers),
            "energy": judged.energy,
            "rules": [rule for rule, since in judged.rules.items() if since == judged.starts_at],
            "from": judged.starts_at,
        },
    ).fetchall()
    return {(number, rule): (starts_at, slots) for number, rule, starts_at, slots in rows}


def _mark_gone(
    connection: Connection,
    judged: Judged,
    numbers: Sequence[int],
    kept: Sequence[tuple[int, str, datetime]],
    now: datetime,
) -> int:
    return connection.execute(
        "UPDATE vee_finding AS old SET gone_at = %(now)s "
        "FROM unnest(%(rules)s::text[], %(since)s::timestamptz[]) AS judged (rule, since) "
        "WHERE old.gone_at IS NULL AND old.rule = judged.rule AND old.meter_id = ANY(%(meters)s) "
        "AND old.energy = %(energy)s AND old.starts_at >= judged.since AND old.starts_at < %(to)s "
        "AND NOT EXISTS (SELECT 1 FROM unnest(%(k_meters)s::int[], %(k_rules)s::text[], "
        "%(k_starts)s::timestamptz[]) AS kept (meter_id, rule, starts_at) "
        "WHERE (kept.meter_id, kept.rule, kept.starts_at) = (old.meter_id, old.rule, old.starts_at))",
        {
            "now": now,
            "rules": list(judged.rules),
            "since": list(judged.rules.values()),
            "meters": list(numbers),
            "energy": judged.energy,
            "to": judged.ends_at,
            "k_meters": [number for number, _, _ in kept],
            "k_rules": [rule for _, rule, _ in kept],
            "k_starts": [starts_at for _, _, starts_at in kept],
        },
    ).rowcount


def _slots(starts_at: datetime, ends_at: datetime, minutes: int) -> int:
    return (ends_at - starts_at) // timedelta(minutes=minutes)
