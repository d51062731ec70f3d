"""Large customers once a month (大客户): judges their average prices, and writes their sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

from analysis.settlement.bill_documents import bill_of
from detectors import engine
from detectors.usage.average_price import AveragePrice
from pipeline.bills import month_before
from pipeline.block import MeterMatrix
from pipeline.messages import summary
from pipeline.model import EVERYTHING, Episode, Verdict
from pipeline.records import BilledPrice, Records
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import last_month, local_month
from services.bill_prices import billed_price, is_document_proven
from services.customer_sheets import SheetWish, sheets_stored, write_made
from services.derive import MINUTES
from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.bills import bill_versions
from storage.customers import LEAST_KVA, CustomerFilter, Sort, customer_cards, newest_bills
from storage.database import Connection, connect
from storage.episodes import list_episodes, only_reconciler, save_episodes
from storage.registry import load_registry

DETECTOR = AveragePrice.about.name
MONTHS_BEFORE = 12
"""Each month that is examined is held against as many before it."""
MOST_LONGER = 12
"""How many months earlier the examined ones may begin, for the sake of episodes that last."""
SHOWN = 50
"""Lines of an artifact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a run came to."""

    bills: int
    """That were held against one another."""
    episodes: Sequence[Episode]
    """Those that stand out now."""


def judge_prices(
    first: date | None = None, settings: Settings | None = None, now: datetime | None = None
) -> Judged:
    """Judge the average prices of a month's bills and of those around it; keep episodes of what stands out.

    Examined are the month before ``first`` and all from there on to the newest bill. A month that is judged
    again amends its episode; one that no longer stands out is withdrawn.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    over = last_month(now, DEFAULT_ZONE)
    chosen, newest = (f"{month:%Y-%m}" for month in (first or over, over))
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
        since = _examined_from(connection, month_before(chosen))
        earliest = _months_before(since, MONTHS_BEFORE)
        documents = newest_bills(connection, scope=EVERYTHING, first=earliest, last=max(chosen, newest))
        prices = [price for price in map(billed_price, map(bill_of, documents)) if price is not None]
        found = price_episodes(archive, prices)
        proofs = {key: _proof(connection, *key) for key in _doubtful(found)}
        if False in proofs.values():
            prices = [
                replace(p, is_mix_proven=proofs.get((p.service_point, p.month), p.is_mix_proven))
                for p in prices
            ]
            found = price_episodes(archive, prices)
        with only_reconciler(connection):
            save_episodes(connection, _reconciled(connection, prices, found, since))
    return Judged(bills=len(prices), episodes=found)


def price_episodes(archive: Registry, prices: Sequence[BilledPrice]) -> list[Episode]:
    """Return what stands out among bills: no meter's readings are looked at."""
    nothing = np.zeros((0, 0))
    window = MeterMatrix(
        meters=[],
        starts_at=np.zeros(0, dtype="datetime64[us]"),
        minutes=MINUTES,
        values={},
        import_kwh=nothing,
        quality=nothing.astype("U1"),
        step_kwh=np.zeros(0),
        power_kw=nothing,
        records=Records(bills=prices),
    )
    return engine.run(window, archive, only=[DETECTOR])


def month_rows(
    first: date | None = None, settings: Settings | None = None, now: datetime | None = None
) -> list[dict[str, object]]:
    """Return the large customers of a month for people, those with most energy first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    wanted = CustomerFilter(month=first or last_month(now, DEFAULT_ZONE), least_kva=LEAST_KVA)
    with connect(settings.require_database_url()) as connection:
        cards = customer_cards(connection, wanted, Sort.KWH, scope=EVERYTHING, limit=SHOWN)
    return [
        {
            "customer": _link(card.customer, f"/customers/{quote(card.customer)}?month={wanted.month:%Y-%m}"),
            "kVA": card.capacity_kva,
            "kWh": None if card.kwh is None else f"{card.kwh:,.0f}",
            "yuan": None if card.amount is None else f"{card.amount:,.2f}",
            "yuan/kWh": None if card.price is None else f"{card.price:.4f}",
            "open episodes": card.episodes,
        }
        for card in cards
    ]


def episode_rows(judged: Judged) -> list[dict[str, object]]:
    """Return prices that stand out for people, the gravest first."""
    return [
        {
            "service point": episode.service_point,
            "severity": episode.severity.name.lower(),
            "finding": _link(summary(episode), f"/episodes/{episode.id}"),
        }
        for episode in sorted(judged.episodes, key=lambda e: (-e.severity, e.starts_at))[:SHOWN]
    ]


def write_sheets(first: date | None, folder: Path, *, pdf: bool = True) -> int:
    """Write the sheet of every large customer into a folder of its own; return how many.

    Raises:
        ConfigError: If the folder cannot be written.
        StorageError: If the database is away or refuses.
    """
    written = [write_made(made, folder, pdf=pdf).folder for made in sheets_stored(SheetWish(month=first))]
    return len(written)


def _link(text: str, address: str) -> str:
    """Return a link of a Markdown table, whatever signs its text holds."""
    shown = "".join(f"\\{sign}" if sign in "\\[]|`" else sign for sign in text)
    return f"[{shown}]({address})"


def _doubtful(found: Sequence[Episode]) -> set[tuple[str, str]]:
    """Return the months whose hours of use explain a price, so that the load curve must bear them out."""
    return {
        (episode.service_point or "", str(episode.parameters["month"]))
        for episode in found
        if episode.parameters["effect"] == "the hours of use"
    }


def _proof(connection: Connection, service_point: str, month: str) -> bool | None:
    versions = bill_versions(connection, service_point, month, scope=EVERYTHING)
    return is_document_proven(versions[0].document) if versions else None


def _months_before(month: str, count: int) -> str:
    for _ in range(count):
        month = month_before(month)
    return month


def _known(connection: Connection, examined: tuple[datetime, datetime]) -> list[Episode]:
    stored = list_episodes(
        connection, scope=EVERYTHING, detector=DETECTOR, verdict=Verdict.ABNORMAL, overlaps=examined
    )
    return [one.episode for one in stored]


def _examined_from(connection: Connection, month: str) -> str:
    """Return the first month that is examined: an episode that reaches into it is examined as a whole.

    An episode that lasts for longer than :data:`MOST_LONGER` keeps its start.
    """
    begins, _ = local_month(int(month[:4]), int(month[5:]), DEFAULT_ZONE)
    lasting = _known(connection, (begins, datetime.max.replace(tzinfo=UTC)))
    starts = [f"{episode.starts_at.astimezone(DEFAULT_ZONE):%Y-%m}" for episode in lasting]
    return max(min([month, *starts]), _months_before(month, MOST_LONGER))


def _reconciled(
    connection: Connection, prices: Sequence[BilledPrice], found: Sequence[Episode], since: str
) -> list[Episode]:
    """Return what to store of the months from ``since`` on: those before are measures, and not judged."""
    judged = [price for price in prices if price.month >= since]
    if not judged:
        return []
    examined = min(p.starts_at for p in judged), max(p.ends_at for p in judged)
    touching = [e for e in found if e.ends_at is None or e.ends_at > examined[0]]
    return engine.reconcile(touching, _known(connection, examined), examined=examined)
