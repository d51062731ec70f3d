"""Who counts in which transformer area (台区), and since when: the meters of its members and supplies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.registry import Installation, Registry, Role
from pipeline.timegrid import from_numpy, to_numpy

SIGN_OF = {Role.MAIN: 1.0, Role.SUBTRACT: -1.0}
"""How a meter counts at its service point; a check meter does not count."""
_BEGIN, _END = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, order=True)
class Stay:
    """A meter that counts in an area for a time: filed at a point that is a member or a supply."""

    area: str
    is_supply: bool
    point: str
    meter: str
    row: int
    sign: float
    """How its net import counts."""
    is_turned: bool
    """A supply meter whose import flows out of the area."""
    member_from: int
    """Of the membership, UTC microseconds."""
    member_to: int
    fitted_from: int
    fitted_to: int


def stays_of(window: MeterMatrix, registry: Registry, area: str | None = None) -> Iterator[Stay]:
    """Yield who counts in which area, in the order of the archive; an energy counts once in an area.

    Given an area, its own alone.
    """
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    for member in once([m for m in registry.area_members if area in {None, m.area}]):
        for installation in registry.installations_by_point.get(member.service_point, ()):
            if installation.meter in row_of and installation.role in SIGN_OF:
                yield _stay(member, installation, row_of[installation.meter])


def once(members: Sequence[AreaMember]) -> list[AreaMember]:
    """Return memberships of which none repeats another of the same point and area.

    Where two overlap, the one that began later counts from where the earlier ends, if it is not over then.
    """
    kept = list(members)
    places: dict[tuple[str, str], list[int]] = {}
    for place, member in enumerate(members):
        places.setdefault((member.area, member.service_point), []).append(place)
    gone: set[int] = set()
    for own in places.values():
        until = _BEGIN
        for place in sorted(own, key=lambda n: (_stamp(members[n].starts_at, _BEGIN), n)):
            member = members[place]
            end = _stamp(member.ends_at, _END)
            if until > _BEGIN and end <= until:
                gone.add(place)
            elif _stamp(member.starts_at, _BEGIN) < until:
                kept[place] = replace(member, starts_at=from_numpy(np.datetime64(until, "us")))
            until = max(until, end)
    return [member for place, member in enumerate(kept) if place not in gone]


def _stay(member: AreaMember, installation: Installation, row: int) -> Stay:
    is_supply = member.role is MemberRole.SUPPLY
    return Stay(
        area=member.area,
        is_supply=is_supply,
        point=member.service_point,
        meter=installation.meter,
        row=row,
        sign=SIGN_OF[installation.role] * (member.sign if is_supply else 1),
        is_turned=is_supply and member.sign < 0,
        member_from=_stamp(member.starts_at, _BEGIN),
        member_to=_stamp(member.ends_at, _END),
        fitted_from=_stamp(installation.starts_at, _BEGIN),
        fitted_to=_stamp(installation.ends_at, _END),
    )


def _stamp(instant: datetime | None, default: int) -> int:
    return default if instant is None else int(to_numpy(instant).astype(np.int64))
