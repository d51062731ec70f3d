"""A migration that databases were made with is never changed: its checksum is on record."""

from __future__ import annotations

from pathlib import Path

from storage.migrate import available_migrations
from storage.superseded_migrations import SUPERSEDED

RECORD = Path(__file__).parent / "migrations.sha256"
"""A line for each migration, as ``sha256sum`` writes it. Lines are added and never changed."""


def recorded() -> dict[str, str]:
    lines = RECORD.read_text("utf-8").splitlines()
    return {name: checksum for checksum, name in (line.split() for line in lines)}


def test_no_migration_on_record_is_changed_or_gone() -> None:
    there = {migration.name: migration.checksum for migration in available_migrations()}
    changed = [name for name, checksum in recorded().items() if there.get(name) != checksum]
    assert not changed, (
        f"{', '.join(changed)}: databases were made with the text on record and refuse another. "
        "Restore the file and put the change into a new migration"
    )


def test_every_migration_is_on_record() -> None:
    known = recorded()
    new = [f"{m.checksum}  {m.name}" for m in available_migrations() if m.name not in known]
    assert not new, "\n".join([f"a new migration is put on record in {RECORD.name}:", *new])


def test_no_text_of_today_is_superseded() -> None:
    assert not SUPERSEDED.keys() & set(recorded().values())
