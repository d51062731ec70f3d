"""Makes large-customer sheets (大客户档案页): one after the other, from the database or from files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pipeline.errors import DataError
from pipeline.model import EVERYTHING
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import last_month, local_month
from reports.customers.assemble import sheet_of
from reports.customers.facts import CustomerFacts
from reports.customers.sheet import CustomerSheet
from reports.customers.write import LANGUAGES, WrittenSheet, write_sheet
from reports.folders import folder_name
from services.customer_facts import facts_of
from services.customer_files import CustomerFiles, gather_files, read_files
from services.customer_stored import gather_stored
from services.customers import chosen_customers
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.customers import LEAST_KVA
from storage.database import connect
from storage.registry import load_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWish:
    """What is wanted of a run."""

    month: date | None = None
    """Its first day; the last one that is over, or that files cover, when None."""
    customers: Sequence[str] | None = None
    """By name; all large ones when None."""
    least_kva: float = LEAST_KVA


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSheet:
    """One customer's sheet and what it was made of."""

    facts: CustomerFacts
    sheet: CustomerSheet


def sheets_stored(
    wish: SheetWish, settings: Settings | None = None, now: datetime | None = None
) -> Iterator[MadeSheet]:
    """Yield the sheet of each customer that is wanted, from what the database holds.

    Raises:
        ConfigError: If a wanted customer is not in the archive.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    first = wish.month or last_month(now, DEFAULT_ZONE)
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
        at = min(_last_instant(first), now)
        chosen = chosen_customers(archive, wish.customers, wish.least_kva, at)
        for customer, points in chosen.items():
            gathered = gather_stored(
                connection, archive, customer, points, first, now, scope=EVERYTHING, primary=primary
            )
            yield made_sheet(facts_of(gathered))


def sheets_files(files: CustomerFiles, wish: SheetWish, now: datetime | None = None) -> Iterator[MadeSheet]:
    """Yield the sheet of each customer that is wanted, from files.

    Raises:
        ConfigError: If a wanted customer is not in the archive.
        DataError: If a file cannot be understood, or no customer is a large one.
        RegistryError: With every problem of the archive.
    """
    now = now or utc_now()
    read = read_files(files)
    first = wish.month or read.last
    at = _last_instant(first)
    chosen = chosen_customers(read.archive, wish.customers, wish.least_kva, at)
    if not chosen:
        raise DataError(
            f"{files.registry.name} names no customer with {wish.least_kva:g} kVA or more in {first:%Y-%m}. "
            "Next step: file capacity_kva in [[contract]], or choose --least-kva 0 or a --customer"
        )
    for customer, points in chosen.items():
        yield made_sheet(facts_of(gather_files(read, customer, points, first, now)))


def _last_instant(month: date) -> datetime:
    """Return the last instant of a month: what begins with the next one is none of it."""
    return local_month(month.year, month.month, DEFAULT_ZONE)[1] - datetime.resolution


def made_sheet(facts: CustomerFacts) -> MadeSheet:
    """Return the sheet of what is known."""
    return MadeSheet(facts=facts, sheet=sheet_of(facts))


def write_made(
    made: MadeSheet, out: Path, *, languages: Sequence[str] = LANGUAGES, pdf: bool = True
) -> WrittenSheet:
    """Write a sheet into a folder of its customer's name.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    return write_sheet(made.sheet, out / folder_name(made.facts.customer), languages=languages, pdf=pdf)
