"""One address of every kind of page, over a city that has something to show on each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from fastapi.responses import HTMLResponse

from services.audit import Audit
from storage.database import Connection
from tests.filled_city import (
    BILLED_MONTH,
    BILLED_UNTIL,
    FOREIGN,
    FOREIGN_CUSTOMER,
    fill_both_areas,
    waiting_order,
)
from tests.fix_dashboard import PLANT
from tests.integration.attacks import methods_of, routes
from tests.meter_records import add_meter_records, add_raw_frames
from tests.tester import TESTER

NAMED: Final[Mapping[str, str]] = {
    "meter": PLANT,
    "kind": "meter",
    "subject": PLANT,
    "customer": FOREIGN_CUSTOMER,
    "point": "SP-001",
    "area": FOREIGN,
    "month": BILLED_MONTH,
    "until": f"{BILLED_UNTIL}",
    "name": TESTER,
}
"""What stands for the parameters of addresses; the others are looked up, see :func:`fill_every_page`."""
_LOOKED_UP: Final[Mapping[str, str]] = {
    "episode": "SELECT min(id) FROM episode WHERE meter = 'M-1001'",
    "case": "SELECT min(id) FROM inspection_case",
    "incident": "SELECT min(id) FROM incident",
    "asked_id": "SELECT min(asked_id) FROM asked_reading",
}


def page_paths() -> list[str]:
    """Return the path of every kind of page, as the application declares it."""
    return sorted(
        route.path
        for route in routes()
        if "GET" in methods_of(route) and route.response_class is HTMLResponse
    )


def fill_every_page(connection: Connection, url: str, audit: Audit) -> Mapping[str, str]:
    """Fill a seeded city and return an address of every kind of page, by its path."""
    add_meter_records(connection)
    add_raw_frames(connection)
    fill_both_areas(connection, url)
    found = {name: connection.execute(query.encode()).fetchone() for name, query in _LOOKED_UP.items()}
    values = {
        **NAMED,
        **{name: str(row and row[0]) for name, row in found.items()},
        "order": waiting_order(audit, PLANT),
    }
    return {
        path: re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: quote(values[match[1]], safe=""), path)
        for path in page_paths()
    }
