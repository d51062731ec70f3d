"""How many files a collector may hold open: each bus needs a lock and a line."""

from __future__ import annotations

import logging
import resource
from typing import Final

FILES_OF_BUS: Final = 2
FILES_BESIDE: Final = 100
"""For the database, the spool, the broker, libraries and the log."""

_log = logging.getLogger("kilowatch.collect")


def allow_open_files(buses: int) -> None:
    """Raise this process's limit of open files to what so many buses need; warn where the system forbids it.

    Many systems start a program with a limit of 1 024 and let it ask for more.
    """
    needed = FILES_OF_BUS * buses + FILES_BESIDE
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return
    wanted = needed if most == resource.RLIM_INFINITY else min(needed, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if wanted < needed:
        _log.warning(
            "%d buses need %d open files and %d are allowed: the last buses will not open. Next step: raise "
            "the hard limit (LimitNOFILE= of systemd, ulimit -Hn), or divide the buses among more collectors",
            buses,
            needed,
            wanted,
        )
