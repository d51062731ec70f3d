"""Adds up the load of a group's members, each while it belongs to the group, and names those left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.load.blocks import Blocks
from analysis.load.summary import GroupFacts, Subject, SubjectKind
from pipeline.block import Times
from pipeline.point_energy import Member, total_energy
from pipeline.timegrid import to_numpy
from services.load_groups import Belonging, Span

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSum:
    """The members of a group so far; those of several parts of an archive can be joined."""

    subject: Subject | None = None
    """Their sum; None as long as nobody's load is known."""
    anybody: Bools | None = None
    """Slots in which somebody belongs to the group."""
    members: Mapping[str, Blocks] = field(default_factory=dict)
    absent: Mapping[str, float] = field(default_factory=dict)
    """Coverage of those that are in no figure."""
    stays: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    """Of members that belong to the group for a part of the span."""
    import_kwh: float = 0.0
    export_kwh: float | None = None
    known_slots: int = 0
    slots: int = 0

    @property
    def facts(self) -> GroupFacts:
        """What is told of the members."""
        return GroupFacts(
            members=self.members,
            absent=self.absent,
            stays=self.stays,
            import_kwh=self.import_kwh,
            export_kwh=self.export_kwh,
            coverage=self.known_slots / self.slots if self.slots else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """What a member drew while it belonged to the group: nothing while it did not."""

    name: str
    energies: Subject
    belongs: Bools
    stays: Sequence[Span]
    sign: int

    @property
    def known(self) -> Bools:
        """Slots of its own that are known."""
        return self.belongs & np.isfinite(self.energies.net_kwh)

    @property
    def coverage(self) -> float:
        """Share of its own slots that are known."""
        return _share(self.known, self.belongs)


def group_sum(
    kind: SubjectKind,
    name: str,
    group: Sequence[Belonging],
    points: Mapping[str, Subject],
    least_share: float,
) -> GroupSum:
    """Return the sum of a group's members whose load is known.

    A slot is missing where that of a member is, so one of whom less than ``least_share`` is known in the
    slots that are known of anyone would cost all the others theirs: it is absent, unless that goes for all.
    """
    drawn = [_drawn(one, points[one.point]) for one in group if one.point in points]
    drawn = [one for one in drawn if one.belongs.any()]
    told = np.any([one.known for one in drawn], axis=0) if drawn else np.zeros(0, np.bool_)
    enough = [one for one in drawn if _share(one.known, one.belongs & told) >= least_share]
    kept = enough or [one for one in drawn if one.known.any()]
    names = {one.name for one in kept}
    coverage = {one.name: one.coverage for one in drawn}
    absent = {one.point: coverage.get(one.point, 0.0) for one in group if one.point not in names}
    return joined([GroupSum(absent=absent), *(_alone(kind, name, one) for one in kept)])


def joined(sums: Sequence[GroupSum]) -> GroupSum:
    """Return sums of the same group, of different members, as one."""
    fed_in = [one.export_kwh for one in sums if one.export_kwh is not None]
    subject, anybody = _added(sums)
    return GroupSum(
        subject=subject,
        anybody=anybody,
        members={name: blocks for one in sums for name, blocks in one.members.items()},
        absent={name: coverage for one in sums for name, coverage in one.absent.items()},
        stays={name: stays for one in sums for name, stays in one.stays.items()},
        import_kwh=sum(one.import_kwh for one in sums),
        export_kwh=sum(fed_in) if fed_in else None,
        known_slots=sum(one.known_slots for one in sums),
        slots=sum(one.slots for one in sums),
    )


def _added(sums: Sequence[GroupSum]) -> tuple[Subject | None, Bools | None]:
    """Return the sum of several sums, and the slots in which anybody belongs to it."""
    parts = [
        (one.subject, one.anybody) for one in sums if one.subject is not None and one.anybody is not None
    ]
    if not parts:
        return None, None

    def added(column: str) -> tuple[Floats, NDArray[np.str_]]:
        return total_energy(
            [
                Member(kwh=_or_nothing(part, column), quality=part.quality, counts=counts)
                for part, counts in parts
            ]
        )

    kwh, quality = added("import_kwh")

    def other(column: str) -> Floats | None:
        return added(column)[0] if any(getattr(part, column) is not None for part, _ in parts) else None

    anybody = np.any([counts for _, counts in parts], axis=0)
    return _with(replace(parts[0][0], import_kwh=kwh, quality=quality), other), anybody


def _drawn(one: Belonging, point: Subject) -> _Drawn:
    belongs = _inside(point.starts_at, one.stays)

    def own(column: Floats | None) -> Floats | None:
        return None if column is None else np.where(belongs, one.sign * column, 0.0)

    imported = np.where(belongs, one.sign * point.import_kwh, 0.0)
    energies = _with(replace(point, import_kwh=imported), lambda column: own(getattr(point, column)))
    return _Drawn(name=one.point, energies=energies, belongs=belongs, stays=one.stays, sign=one.sign)


def _with(subject: Subject, other: Callable[[str], Floats | None]) -> Subject:
    """Return a subject with other energies beside import."""
    return replace(
        subject,
        export_kwh=other("export_kwh"),
        lagging_kvarh=other("lagging_kvarh"),
        leading_kvarh=other("leading_kvarh"),
    )


def _alone(kind: SubjectKind, name: str, one: _Drawn) -> GroupSum:
    energies = one.energies
    return GroupSum(
        subject=replace(energies, kind=kind, name=name),
        anybody=one.belongs,
        # Nothing of a member but its power is looked at: of ten thousand of them letters are a burden.
        members={one.name: replace(energies.net_blocks, quality=None)},
        stays={} if one.belongs.all() else {one.name: one.stays},
        import_kwh=float(np.nansum(energies.import_kwh)),
        export_kwh=None if energies.export_kwh is None else float(np.nansum(energies.export_kwh)),
        known_slots=int(one.known.sum()),
        slots=int(one.belongs.sum()),
    )


def _inside(starts_at: Times, stays: Sequence[Span]) -> Bools:
    """Return the slots that begin within one of the stays."""
    inside = np.zeros(len(starts_at), np.bool_)
    for begins, ends in stays:
        inside |= (starts_at >= to_numpy(begins)) & (starts_at < to_numpy(ends))
    return inside


def _share(known: Bools, own: Bools) -> float:
    return float(known[own].mean()) if own.any() else 0.0


def _or_nothing(part: Subject, column: str) -> Floats:
    """Return an energy of a part: one that does not count what flows back counts none of it.

    Reactive energy that is not counted at all is not known.
    """
    energy: Floats | None = getattr(part, column)
    if energy is not None:
        return energy
    is_measured = column == "export_kwh" or (column == "leading_kvarh" and part.lagging_kvarh is not None)
    return np.full(len(part.import_kwh), 0.0 if is_measured else np.nan)
