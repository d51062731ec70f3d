"""The coverage ledger: what each scheduled instant brought, or why it brought nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.model import MeterId
from pipeline.quantities import Group


class CoverageStatus(StrEnum):
    """What became of one scheduled instant."""

    GOT = "got"
    LATE = "late"
    """It came, after its tolerance."""
    BACKFILLED = "backfilled"
    """Fetched afterwards from the meter's own memory (补抄)."""
    NOT_STORED = "not stored"
    """Missed, and the meter keeps no memory of it."""
    MISSING = "missing"


class Cause(StrEnum):
    """Why a read is missing."""

    NO_ANSWER = "no answer"
    CHECKSUM = "checksum"
    REFUSED = "refused"
    WRONG_PARAMETERS = "wrong parameters"
    CLOCK = "clock"
    LINK = "link"
    BUS_BUSY = "bus busy"
    NOT_IN_ARCHIVE = "not in archive"
    NOT_ASKED = "not asked"
    """The collector itself did not run."""


RANK = {
    # A status of higher rank replaces one of lower rank and never the other way round.
    CoverageStatus.MISSING: 0,
    CoverageStatus.NOT_STORED: 1,
    CoverageStatus.BACKFILLED: 2,
    CoverageStatus.LATE: 3,
    CoverageStatus.GOT: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageEntry:
    """One line of the ledger. Its key is meter, group and slot."""

    meter: MeterId
    group: Group
    slot_at: datetime
    status: CoverageStatus
    cause: Cause | None = None
    """Set where the status is missing or not stored."""
    attempts: int = 1
    """Questions put on the wire for it, retries included."""
