"""Files that hold one secret each (密钥文件): read where they are not open to everybody."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError

EVERYBODY: Final = 0o007
GROUP_AND_EVERYBODY: Final = 0o077
OF_THE_ENGINE: Final = Path("/run/secrets")
"""Where container engines put secrets: the container alone sees them, whatever their modes are."""


def is_open(path: Path, mode: int, *, to: int = EVERYBODY) -> bool:
    """Tell whether a file with this mode lets others read or write it."""
    return bool(mode & to) and not path.is_relative_to(OF_THE_ENGINE)


def read_secret(path: Path, variable: str, *, closed_to: int = EVERYBODY) -> str:
    """Return what a file holds.

    Args:
        path: The file.
        variable: The setting that names it, for errors.
        closed_to: Who may not read it, as bits of a mode.

    Raises:
        ConfigError: If it cannot be read, or others may read it; never repeats what it holds.
    """
    found = secret_if_there(path, variable, closed_to=closed_to)
    if found is None:
        raise _unreadable(path, variable, FileNotFoundError())
    return found


def secret_if_there(path: Path, variable: str, *, closed_to: int = EVERYBODY) -> str | None:
    """Return what a file holds as :func:`read_secret` does; None where there is none.

    Raises:
        ConfigError: If it, or its folder, cannot be read, or others may read it.
    """
    try:
        if is_open(path, stat.S_IMODE(path.stat().st_mode), to=closed_to):
            raise ConfigError(f"{variable}={path}: others may read it; run chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, variable, error) from error


def _unreadable(path: Path, variable: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"{variable}={path} cannot be read: {type(error).__name__}; name a file with the secret alone"
    )
