"""Makes the account that Grafana reads with, its password out of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from storage.database import connect
from storage.reader_role import make_reader

SHORTEST: Final = 12


def make_reader_of(url: str, name: str, password_file: Path) -> None:
    """Make it, or set its password and rights anew.

    Raises:
        ConfigError: If the file cannot be read or holds no fit password, or the name is taken.
        StorageError: If the database is away or refuses.
    """
    try:
        password = password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{password_file} cannot be read ({error}); name a file with the password"
        ) from error
    if len(password) < SHORTEST:
        raise ConfigError(f"{password_file}: a password of at least {SHORTEST} characters is needed")
    with connect(url) as connection:
        make_reader(connection, name, password)
