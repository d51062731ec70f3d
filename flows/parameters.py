"""Parameters that several flows share, with the words that Prefect's form shows beside them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeAlias

from pydantic import Field


def told(title: str, description: str, *, ge: float | None = None, le: float | None = None) -> Any:  # noqa: ANN401 - pydantic's own type for a field
    """Return what Prefect's form shows about a parameter: it takes neither words from a plain ``Field``."""
    return Field(ge=ge, le=le, json_schema_extra={"title": title, "description": description})


Days: TypeAlias = Annotated[
    int,
    told("Days (天数)", "Look at so many days up to now (回看天数)", ge=1, le=800),
]
MonthOf: TypeAlias = Annotated[
    date | None,
    told(
        "Month (月份)",
        "Any day of the month that is meant; empty: as the flow's description says (该月任一日)",
    ),
]
Folder: TypeAlias = Annotated[
    str | None,
    told(
        "Folder (目录)",
        "Where files are written, at the worker; empty: none (输出目录，留空则不输出)",
    ),
]
Pdf: TypeAlias = Annotated[bool, told("PDF", "Write PDFs beside the other files (同时输出 PDF)")]
