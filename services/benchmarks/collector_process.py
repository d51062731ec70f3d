"""A collector in a process of its own, for benchmarks that measure what it costs from outside."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import NoAnswerError
from services.processes import Children

READY: Final = "collecting from"
"""What the collector logs when it begins."""
READY_MOST_S: Final = 300.0
LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCollector:
    """A collector that has begun."""

    pid: int
    start_s: float
    """From the start of its process until it collects."""


@contextmanager
def running_collector(url: str, settings: Mapping[str, str]) -> Iterator[RunningCollector]:
    """Run ``kilowatch collect`` with locks and a spool of its own; it fetches nothing at its start.

    Args:
        url: The database.
        settings: Further settings by their names without ``KILOWATCH_``.

    Raises:
        NoAnswerError: If it does not begin.
        ChildDiedError: If it ends by itself.
    """
    with tempfile.TemporaryDirectory(prefix="kilowatch-bench-") as folder:
        given = {
            "DATABASE_URL": url,
            "MQTT_HOST": "",
            "LOCK_DIR": f"{folder}/locks",
            "SPOOL_DIR": f"{folder}/spool",
            **settings,
        }
        environment = {f"KILOWATCH_{name}": value for name, value in given.items()}
        with Children(Path(folder), environment) as children:
            began_s = time.monotonic()
            child = children.start_kilowatch("collector", ["collect", "--backfill-days", "0"])
            log = Path(folder) / "collector.log"
            while READY not in log.read_text(encoding="utf-8", errors="replace"):
                children.check()
                if time.monotonic() - began_s > READY_MOST_S:
                    raise NoAnswerError(f"the collector does not begin: {children.last_words('collector')}")
                time.sleep(LOOK_S)
            yield RunningCollector(pid=child.pid, start_s=time.monotonic() - began_s)
            children.check()
