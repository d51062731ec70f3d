"""The newest values of a meter as pages show them: each with its own age, grey where that is too great."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from dashboard.asking import Asking
from dashboard.success import silent_after
from storage.dashboard_values import CurrentValue, current_values

STALE_WITHOUT_SCHEDULE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """A current value with its age; a stale one is greyed."""

    value: CurrentValue
    age: timedelta
    stale: bool


def shown_values(asking: Asking, meter: str, schedules: Mapping[str, int]) -> list[ShownValue]:
    """Return a meter's newest values; ``schedules`` tells how often each group is read, in seconds.

    Raises:
        StorageError: If the database is away or refuses.
    """
    found = current_values(asking.connection, meter, scope=asking.scope, now=asking.now)
    return [_shown(value, asking.now - value.taken_at, schedules) for value in found]


def _shown(value: CurrentValue, age: timedelta, schedules: Mapping[str, int]) -> ShownValue:
    group = value.quantity.group
    limit = silent_after([schedules[group]]) if group in schedules else STALE_WITHOUT_SCHEDULE
    return ShownValue(value=value, age=age, stale=age > limit)
