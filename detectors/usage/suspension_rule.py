"""Suspension rules (报停规则, D16): too short, too many a year, too long in a year, not whole units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.engine import episode_id
from detectors.stretches import iso, slot_end
from detectors.thresholds import at_point
from detectors.usage.suspension_year import Rest, days_before_and_of, not_whole_units, rests_of
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Json, MeterId, Severity, Verdict
from pipeline.registry import Registry, Role, in_force
from pipeline.timegrid import from_numpy

_RULES = (
    "Rules on supply and use of electricity (供电营业规则), 1996 edition; wording of 2024 to be confirmed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """A rule that a suspension breaks, or may break."""

    message: str
    parameters: dict[str, float | int | str]
    days_billed: int
    """Days whose basic charge is not waived."""
    verdict: Verdict = Verdict.ABNORMAL
    wanted: tuple[str, ...] = ()


@detectors.register("suspension_rule")
@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionRule:
    """Judges the stops (暂停) of the archive, whatever was drawn: years and days are local ones.

    Stops that adjoin and leave the same capacity are one. Reductions (减容) and closed accounts follow other
    rules. What is still running is judged by what has passed of it.
    """

    least_days: float = parameter(15, "days", _RULES, "S", Effect.TRIGGER)
    most_a_year: float = parameter(2, "suspensions a calendar year", _RULES, "S", Effect.TRIGGER)
    most_days_a_year: float = parameter(
        184, "days a calendar year", f"{_RULES}: six months, of which 184 days are the longest", "S"
    )

    about: ClassVar[About] = About(
        name="suspension_rule",
        number="D16",
        kind=Kind.RECORDS,
        together=Together.POINT,
        needs=Needs(archive=("suspension", "contract", "transformer")),
        messages=(
            "episode.suspension_short",
            "episode.suspension_many",
            "episode.suspension_long",
            "episode.suspension_part_unit",
            "episode.suspension_units_unknown",
        ),
        severity=Severity.MINOR,
        dated=("least_days", "most_a_year", "most_days_a_year"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each rule that a stop within the window breaks."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        first = from_numpy(window.starts_at[0])
        end = slot_end(window.starts_at, len(window.starts_at) - 1, window.minutes)
        points = dict.fromkeys(s.service_point for s in registry.suspensions)
        found = (e for point in points for e in self._of_point(registry, point, (first, end)))
        return sorted(found, key=lambda episode: (episode.starts_at, episode.id))

    def _of_point(self, registry: Registry, point: str, span: tuple[datetime, datetime]) -> Iterator[Episode]:
        first, end = span
        rests = rests_of(registry, point, end)
        for rest in rests:
            if rest.starts_at >= end or rest.until <= first:
                continue
            rule = at_point(self, registry, point, rest.starts_at)
            for broken in rule.broken(registry, rests, rest):
                yield _episode(registry, rests, rest, broken, end)

    def broken(self, registry: Registry, rests: Sequence[Rest], rest: Rest) -> Iterator[_Broken]:
        """Yield the rules that one of a point's stops breaks."""
        suspension, days = rest.suspension, rest.days
        named: dict[str, float | int | str] = {
            "suspension": suspension.id,
            "service_point": suspension.service_point,
        }
        if rest.ends_at is not None and days < self.least_days:
            yield _Broken(
                message="episode.suspension_short",
                parameters={**named, "days": days, "least_days": int(self.least_days)},
                days_billed=days,
            )
        begun = sum(other.year == rest.year and other.starts_at <= rest.starts_at for other in rests)
        if begun > self.most_a_year:
            yield _Broken(
                message="episode.suspension_many",
                parameters={**named, "which": begun, "year": rest.year, "most": int(self.most_a_year)},
                days_billed=days,
            )
        for year in rest.years:
            before, within = days_before_and_of(rests, rest, year)
            over = int(min(before + within - self.most_days_a_year, within))
            if over > 0:
                yield _Broken(
                    message="episode.suspension_long",
                    parameters={
                        **named,
                        "days": before + within,
                        "year": year,
                        "most_days": int(self.most_days_a_year),
                    },
                    days_billed=over,
                )
        named_kva = {**named, "remaining_kva": suspension.remaining_kva}
        match not_whole_units(registry, suspension):
            case True:
                yield _Broken(message="episode.suspension_part_unit", parameters=named_kva, days_billed=days)
            case None:
                yield _Broken(
                    message="episode.suspension_units_unknown",
                    parameters=named_kva,
                    days_billed=0,
                    verdict=Verdict.UNKNOWN,
                    wanted=(f"[[transformer]] of service point {suspension.service_point}: capacity_kva",),
                )


def _episode(
    registry: Registry, rests: Sequence[Rest], rest: Rest, broken: _Broken, end: datetime
) -> Episode:
    suspension = rest.suspension
    point, contract = suspension.service_point, registry.contract_of(suspension.service_point, rest.starts_at)
    capacity = None if contract is None else contract.capacity_kva
    suspended = None if capacity is None else max(capacity - suspension.remaining_kva, 0.0)
    charge = None if contract is None else contract.basic_charge
    year = broken.parameters.get("year", rest.year)
    return Episode(
        id=episode_id(SuspensionRule.about.name, point, f"{suspension.id} {broken.message} {year}"),
        detector=SuspensionRule.about.name,
        version=SuspensionRule.about.version,
        meter=_main_meter(registry, point, rest.starts_at),
        service_point=point,
        starts_at=rest.starts_at,
        ends_at=rest.ends_at if rest.ends_at is not None and rest.ends_at <= end else None,
        detected_at=end,
        verdict=broken.verdict,
        severity=SuspensionRule.about.severity,
        score=1.0 if broken.verdict is Verdict.ABNORMAL else 0.0,
        message=broken.message,
        parameters=broken.parameters,
        evidence={
            "rule": _RULES,
            "stops": [_row(other) for other in rests],
            "capacity_suspended_kva": suspended,
            "days_billed": broken.days_billed,
            "days_billed_means": "days whose basic charge is not waived",
            "basic_charge": None if charge is None else charge.value,
            "wanted_entries": list(broken.wanted),
        },
    )


def _main_meter(registry: Registry, point: str, at: datetime) -> MeterId:
    placed = [i for i in registry.installations_by_point.get(point, ()) if i.role is Role.MAIN]
    hung = [i for i in placed if in_force(i.starts_at, i.ends_at, at)]
    return next((i.meter for i in (*hung, *placed)), MeterId(""))


def _row(rest: Rest) -> dict[str, Json]:
    return {
        "suspension": rest.suspension.id,
        "from": iso(rest.starts_at),
        "to": None if rest.ends_at is None else iso(rest.ends_at),
        "days": rest.days,
        "remaining_kva": rest.suspension.remaining_kva,
    }
