"""Runs every detector over files alone: readings, intervals and an archive in, episodes out."""

from __future__ import annotations

from pathlib import Path

from detectors import engine
from pipeline.registry import Registry
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.episode_files import episode_document, write_episodes
from storage.files import file_matrix, read_intervals, read_readings
from storage.registry_files import read_registry


def detect_files(
    *, readings: Path | None, intervals: Path | None, registry: Path, out: Path
) -> list[dict[str, object]]:
    """Write the episodes found in files to ``out`` and return them as JSON objects.

    Raises:
        DataError: If a file of readings or intervals cannot be understood; names row and column.
        RegistryError: With every problem of the archive.
    """
    archive: Registry = read_registry(registry)
    window = file_matrix(
        archive,
        None if readings is None else read_readings(readings),
        None if intervals is None else read_intervals(intervals),
        primary_profiles=primary_profiles(load_settings()),
    )
    episodes = engine.reconcile(engine.run(window, archive), [])
    write_episodes(out, episodes)
    return [episode_document(episode) for episode in episodes]
