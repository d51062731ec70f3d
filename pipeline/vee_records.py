"""Records of the archive that validation and estimation look at: totals, load profiles, rules by date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pipeline.model import MeterId


class Sense(StrEnum):
    """How a meter counts in a totalising group."""

    ADD = "add"
    SUBTRACT = "subtract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A totalising group (总加组): the signed sum of several meters."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalMember:
    """A meter of a totalising group, by date."""

    total: str
    meter: MeterId
    sense: Sense = Sense.ADD
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProfile:
    """How a class of customers usually draws over a local day (典型日负荷曲线): factors without a unit.

    A day has as many factors as it has equal parts: 24, 48, 96 ...
    """

    id: str
    working_day: tuple[float, ...]
    day_off: tuple[float, ...]
    """Weekends and holidays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimation:
    """How gaps are estimated for a service point, a class of contracts, or everybody."""

    id: str
    service_point: str | None = None
    """This one point; it goes before its class."""
    category: str | None = None
    """Every point whose contract has this category; neither of both is everybody."""
    rules: tuple[str, ...] = ()
    """The rules in the order in which they are tried, by :mod:`pipeline.estimation`; empty is its order."""
    profile: str | None = None
    """The :class:`LoadProfile` of the class."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """Mean outdoor temperature of a local day in an area (日平均气温), by which like days are found."""

    area: str
    day: date
    mean_c: float
