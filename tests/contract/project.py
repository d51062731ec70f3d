"""The project's own files, for the tests that look at them."""

from __future__ import annotations

import subprocess
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def packages() -> tuple[str, ...]:
    """Return the names of the root packages, as the wheel carries them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return tuple(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file of the project that git keeps and that is still there, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 -- whichever git the developer has
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """Return every tracked module of the root packages, relative to the root."""
    return tuple(f for f in tracked_files() if f.suffix == ".py" and f.parts[0] in packages())
