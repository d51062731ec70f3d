"""Days off (节假日) as data: which dates rest like a Sunday, and which weekend days are worked (调休)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.registry import DEFAULT_ZONE

SUNDAY = 6
"""Kinds of days are 0 (Monday) to 6; a day off counts as a Sunday."""
WORKED = 7
"""A weekend day that is worked: like any working day, and like no Saturday."""
WORKING_DAYS = 5
LONGEST_DAYS = 31
"""A longer run of days off is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """The dates on which people do other than the weekday says."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


NONE = DaysOff()


@cache
def days_off_cn() -> DaysOff:
    """Return those of the Chinese mainland, for the years whose notice is in ``days_off_cn.toml``."""
    name = "days_off_cn.toml"
    return parse_days_off(files("analysis").joinpath("data", name).read_text(encoding="utf-8"), name)


def usual_days_off(zone: ZoneInfo) -> DaysOff:
    """Return the Chinese days off in their zone, and none elsewhere."""
    return days_off_cn() if zone == DEFAULT_ZONE else NONE


def parse_days_off(text: str, name: str) -> DaysOff:
    """Return the days off of a file in the form of ``analysis/data/days_off_cn.toml``.

    Args:
        text: What stands in the file.
        name: What an error calls the file.

    Raises:
        ConfigError: Names the file, the entry and what is wrong with it.
    """
    try:
        years = tomllib.loads(text).get("year", [])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from error
    if not isinstance(years, list) or not all(isinstance(year, dict) for year in years):
        raise ConfigError(f"{name}: expected [[year]] tables with 'off' and 'worked'")
    off: set[date] = set()
    worked: set[date] = set()
    for number, year in enumerate(years, start=1):
        place = f"{name}: [[year]] entry {number}"
        for run in _list(year.get("off", []), f"{place}, key 'off'"):
            off.update(_run(run, f"{place}, key 'off'"))
        worked.update(
            _date(day, f"{place}, key 'worked'")
            for day in _list(year.get("worked", []), f"{place}, key 'worked'")
        )
    return DaysOff(off=frozenset(off), worked=frozenset(worked))


def kinds_of_days(days: NDArray[np.int64], days_off: DaysOff) -> NDArray[np.int64]:
    """Return the kind of each day (days since 1970): 0 to 6, or ``WORKED``."""
    kinds = (days + 3) % 7  # 1970-01-01 was a Thursday
    for dates, kind in ((days_off.off, SUNDAY), (days_off.worked, WORKED)):
        numbers = np.array([day.toordinal() - date(1970, 1, 1).toordinal() for day in sorted(dates)])
        kinds[np.isin(days, numbers)] = kind
    return kinds


def like_rows(
    kinds: NDArray[np.int64], rows: NDArray[np.int64], until: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Return for each row the last rows before ``until`` whose day is like its own, the newest first.

    Args:
        kinds: The kind of each row's day.
        rows: The rows to find the like of.
        until: For each of them the first row that is not known yet.
        most: How many are wanted; -1 stands where there are no more.
    """
    every = np.arange(int(until.max(initial=0)))
    same = kinds[every] == kinds[rows][:, None]
    working = (kinds[every] < WORKING_DAYS) & (kinds[rows] == WORKED)[:, None]
    worked_alike = np.where((kinds[rows] == WORKED)[:, None], working, same)
    found = np.where(worked_alike & (every < until[:, None]), every, -1)
    newest = np.sort(found, axis=1)[:, ::-1][:, :most]
    return np.pad(newest, ((0, 0), (0, most - newest.shape[1])), constant_values=-1)


def _list(value: object, place: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise ConfigError(f"{place}: expected a list, not {value!r}")
    return value


def _run(value: object, place: str) -> Iterator[date]:
    edges = _list(value, place)
    if len(edges) != 2:  # noqa: PLR2004 - a run has a first and a last day
        raise ConfigError(f"{place}: expected [first day, last day], not {value!r}")
    first, last = (_date(edge, place) for edge in edges)
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise ConfigError(
            f"{place}: {first} to {last} is no run of up to {LONGEST_DAYS} days; write the earlier day first"
        )
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _date(value: object, place: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ConfigError(f"{place}: expected a date like 2026-10-01, not {value!r}") from error
