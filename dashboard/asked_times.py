"""Times and days that an address may name: from 1970 on, so that a little before them is a time too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, Field

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AskedTime: TypeAlias = Annotated[AwareDatetime, Field(ge=EARLIEST)]
AskedDay: TypeAlias = Annotated[date, Field(ge=EARLIEST.date())]
