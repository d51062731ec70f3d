"""Energy of points measured by several meters: main and check (主副表), sub-meters (套减), totals (总加)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.vee_window import Floats

CLASS_SHARE = 1.5
"""Main and check meter may differ by this many times the main meter's accuracy class.

Practice after DL/T 448 (电能计量装置技术管理规程); the clause is to be confirmed.
"""
ACCURACY_CLASS_PERCENT = 1.0
"""Where nobody filed the class; to be confirmed for each site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What main and check meter counted in the slots that both know."""

    main_kwh: float
    check_kwh: float
    slots: int
    allowed_kwh: float

    @property
    def difference_percent(self) -> float:
        """Check minus main, in percent of main; NaN where main has nothing."""
        return 100.0 * (self.check_kwh - self.main_kwh) / self.main_kwh if self.main_kwh else float("nan")

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what class and register steps allow."""
        return abs(self.check_kwh - self.main_kwh) <= self.allowed_kwh


def compare_main_and_check(
    main: Floats, check: Floats, *, steps_kwh: float, class_percent: float = ACCURACY_CLASS_PERCENT
) -> Compared | None:
    """Compare two meters of one point; None where no slot is known of both.

    ``steps_kwh`` is one register step of both together: counting in whole steps makes them differ by so much.
    """
    known = np.isfinite(main) & np.isfinite(check)
    if not known.any():
        return None
    main_kwh, check_kwh = float(main[known].sum()), float(check[known].sum())
    allowed = CLASS_SHARE * class_percent / 100.0 * abs(main_kwh) + steps_kwh
    return Compared(main_kwh=main_kwh, check_kwh=check_kwh, slots=int(known.sum()), allowed_kwh=allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One meter or point of a total."""

    kwh: Floats
    quality: NDArray[np.str_]
    sign: int = 1
    """+1 adds; -1 subtracts, as a sub-meter of another customer behind the main meter does."""
    counts: NDArray[np.bool_] | None = None
    """Slots in which it belongs to the total; None for all."""


def total_energy(members: Sequence[Member]) -> tuple[Floats, NDArray[np.str_]]:
    """Return energy and quality letter of each slot of a total (总加).

    A slot is missing where a member that belongs to it is, for half a total is no total; its letter is that
    of its members, ``V`` where they differ. A slot to which nobody belongs is missing.

    Raises:
        DataError: If there is no member, or their slots differ.
    """
    if not members or len({len(member.kwh) for member in members}) != 1:
        sizes = ", ".join(str(len(member.kwh)) for member in members) or "none"
        raise DataError(f"a total needs members of one length each; came: {sizes}")
    size = len(members[0].kwh)
    total, anybody = np.zeros(size), np.zeros(size, dtype=np.bool_)
    letters = np.full(size, "", dtype="U1")
    for member in members:
        belongs = np.ones(size, dtype=np.bool_) if member.counts is None else member.counts
        total[belongs] += member.sign * member.kwh[belongs]
        anybody |= belongs
        first = belongs & (letters == "")
        differs = belongs & ~first & (letters != member.quality)
        letters[first] = member.quality[first]
        letters[differs] = "V"
    missing = ~anybody | ~np.isfinite(total)
    return np.where(missing, np.nan, total), np.where(missing, "N", letters)
