"""Episodes as ``.jsonl`` files: one a line, with the keys of DESIGN section 7."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import DataError
from pipeline.messages import summary
from pipeline.model import Episode, MeterId, Severity, Verdict


def write_episodes(path: Path, episodes: Iterable[Episode]) -> int:
    """Write episodes and return how many they were."""
    lines = [episode_line(episode) for episode in episodes]
    path.write_bytes(b"".join(lines))
    return len(lines)


def episode_line(episode: Episode) -> bytes:
    """Return one episode as its line of a file, line end included."""
    return orjson.dumps(episode_document(episode), option=orjson.OPT_APPEND_NEWLINE)


def episode_document(episode: Episode) -> dict[str, object]:
    """Return one episode as the object that stands in files and in the interface for programs."""
    return {
        "id": episode.id,
        "detector": episode.detector,
        "version": episode.version,
        "meter_id": episode.meter,
        "service_point": episode.service_point,
        "starts_at": episode.starts_at.isoformat(),
        "ends_at": None if episode.ends_at is None else episode.ends_at.isoformat(),
        "detected_at": episode.detected_at.isoformat(),
        "verdict": episode.verdict.value,
        "severity": episode.severity.name.lower(),
        "score": episode.score,
        "energy_kwh": episode.energy_kwh,
        "summary": summary(episode),
        "message": {"key": episode.message, "parameters": dict(episode.parameters)},
        "evidence": dict(episode.evidence),
    }


def read_episodes(path: Path) -> list[Episode]:
    """Return the episodes of a file.

    Raises:
        DataError: Names file and line of what is no episode.
    """
    episodes = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            episodes.append(_episode(orjson.loads(line)))
        except KeyError as error:
            raise DataError(f"{path.name}, line {number}: the key {error} is missing") from error
        except (TypeError, ValueError) as error:
            raise DataError(f"{path.name}, line {number}: no episode: {error}") from error
    return episodes


def _episode(document: Mapping[str, Any]) -> Episode:  # Any: JSON; what does not fit raises
    ends_at = document["ends_at"]
    return Episode(
        id=document["id"],
        detector=document["detector"],
        version=document["version"],
        meter=MeterId(document["meter_id"]),
        service_point=document.get("service_point"),
        starts_at=datetime.fromisoformat(document["starts_at"]),
        ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
        detected_at=datetime.fromisoformat(document["detected_at"]),
        verdict=Verdict(document["verdict"]),
        severity=Severity[document["severity"].upper()],
        score=document["score"],
        energy_kwh=document["energy_kwh"],
        message=document["message"]["key"],
        parameters=document["message"]["parameters"],
        evidence=document["evidence"],
    )
