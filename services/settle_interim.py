"""Bills of parts of a month that were given out before (分次结算), read back from their files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeAlias

from analysis.settlement.billing_month import InterimBill
from pipeline.errors import DataError

Interim: TypeAlias = Mapping[tuple[str, str], Sequence[InterimBill]]
"""By service point and month."""


def read_interim(files: Sequence[Path]) -> Interim:
    """Return what ``bill.json`` files of interim bills say.

    Raises:
        DataError: If one is no bill; names the file and what it lacks.
    """
    found: dict[tuple[str, str], list[InterimBill]] = defaultdict(list)
    for file in files:
        try:
            bill = json.loads(file.read_text(encoding="utf-8"))
            key = (str(bill["service_point"]), str(bill["month"]))
            found[key].append(
                InterimBill(
                    starts_at=datetime.fromisoformat(bill["starts_at"]),
                    ends_at=datetime.fromisoformat(bill["ends_at"]),
                    kwh=Decimal(bill["energy_kwh"]),
                    amount=Decimal(bill["amount"]),
                )
            )
        except KeyError as error:
            raise DataError(f"{file.name} is no bill: it has no {error}. {_NEXT}") from error
        except (OSError, ValueError, TypeError, InvalidOperation) as error:
            raise DataError(f"{file.name} is no bill: {error}. {_NEXT}") from error
    return found


_NEXT = "Next step: give the bill.json that 'kilowatch settle --until ... --out DIR' wrote"
