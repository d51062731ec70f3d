"""What another process has cost so far: its CPU seconds and its memory, as Linux tells them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_USER_AT: Final = 11
"""utime in /proc/PID/stat, counted behind the name in parentheses; stime follows (proc_pid_stat(5))."""
_RESIDENT_AT: Final = 1
"""resident in /proc/PID/statm, pages (proc_pid_statm(5))."""


def process_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, all its threads, user and system, without its children.

    Raises:
        OSError: If there is no such process.
    """
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[_USER_AT]) + int(fields[_USER_AT + 1])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process.

    Raises:
        OSError: If there is no such process.
    """
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[_RESIDENT_AT]) * os.sysconf("SC_PAGE_SIZE")
