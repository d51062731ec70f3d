"""Writes bills for people: a folder for each service point and month."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.settlement.bill_documents import exact
from reports.bill.write import write_bill as write
from reports.folders import folder_name
from services.settle import Settled


def write_bill(settled: Settled, out: Path, *, pdf: bool = True) -> Sequence[str]:
    """Write a bill into ``out/<service point>-<month>`` and return what a reader should know.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    name = f"{folder_name(settled.bill.service_point)}-{settled.bill.month}"
    return write(settled.document(exact), out / name, pdf=pdf)
