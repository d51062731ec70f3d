"""Times, days and months that an address may name: from 1970 on, so that a little before is a time too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, Field

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AskedTime: TypeAlias = Annotated[AwareDatetime, Field(ge=EARLIEST)]
AskedDay: TypeAlias = Annotated[date, Field(ge=EARLIEST.date())]
MonthName: TypeAlias = Annotated[str, Field(pattern=r"^((19[7-9]\d|20\d{2})-(0[1-9]|1[0-2]))?$")]
"""Such as 2026-10; empty leaves the choice to the page."""
