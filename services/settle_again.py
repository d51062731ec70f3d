"""Bills again every stored bill (重新核算): what changed becomes a new version with a difference bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pipeline.model import EVERYTHING
from services.settings import Settings, load_settings
from services.settle import Settled, points_of
from services.settle_stored import bill_run, settle_points
from services.wiring import utc_now
from storage.bills import BillFilter, bill_cards
from storage.database import connect

BILLS_AT_A_TIME = 500


def rerate_stored(
    month: str | None = None,
    wanted: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Iterator[Settled]:
    """Yield the stored bills of a month, or of all months, as they are now; the oldest months first.

    A bill that is no longer what it was becomes the next version, and ``change`` says what it charges beyond
    the one before. The same data change nothing.

    Raises:
        ConfigError: If a wanted point is not in the archive.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    with connect(settings.require_database_url()) as connection:
        run = bill_run(connection, settings, now)
        points = None if wanted is None else points_of(run.archive, wanted, "the archive")
        stored: list[tuple[str, str]] = []
        while True:
            cards = bill_cards(
                connection,
                BillFilter(month=month),
                scope=EVERYTHING,
                limit=BILLS_AT_A_TIME,
                offset=len(stored),
            )
            stored += [(card.month, card.service_point) for card in cards]
            if len(cards) < BILLS_AT_A_TIME:
                break
        yield from settle_points(
            run, [(point, month) for month, point in sorted(stored) if points is None or point in points]
        )
