"""Names the bus that a line is, so that whoever opens the line keeps out of the collector's way."""

from __future__ import annotations

from pipeline.registry import Bus
from services.settings import load_settings
from storage.database import connect
from storage.registry import load_table


def bus_name(line_url: str) -> str:
    """Return the name under which this line is owned: the archive's id of its bus.

    Options do not matter: a port has one owner, whatever rate it is opened at. Without an archive, or for a
    line that is not in it, the line is its own name.

    Raises:
        StorageError: If a database is set, which says whose line this is, and is away.
    """
    settings = load_settings()
    line = _without_options(line_url)
    if settings.database_url is None:
        return line
    with connect(settings.require_database_url()) as connection:
        buses: list[Bus] = load_table(connection, "bus")
    return next((bus.id for bus in buses if _without_options(bus.url) == line), line)


def _without_options(line_url: str) -> str:
    return line_url.partition("?")[0].rstrip("/")
