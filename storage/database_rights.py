"""What a user of the database server may do."""

from __future__ import annotations

from enum import StrEnum


class Rights(StrEnum):
    """What a user may do."""

    OWN = "own"
    """The database is its own: it migrates, makes backups, and every service may work as it."""
    WRITE = "write"
    """Reads and writes rows; the schema stays as it is."""
    READ = "read"
    """Reads the views of the schema ``grafana`` and nothing else."""
