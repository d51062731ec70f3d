"""The folders that reports are written into: their names, and what stands in them afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.errors import ConfigError

_MOST_BYTES = 200
"""Of a name in UTF-8: file systems take 255, and what is written beside it bears an ending."""
_DIGEST = 8


def folder_name(place: str) -> str:
    """Return an id as the name of a folder of its own, as far as file systems take it.

    What some file system does not take becomes a hyphen, and what is too long is cut. A name that had to
    be changed ends in a short digest of the id, so that two ids never share a folder.
    """
    name = "".join("-" if char in '/\\:*?"<>|' or char < " " else char for char in place)
    if not name.strip(". "):
        name = "-" * len(name)
    if name == place and name and name[-1] not in ". " and len(name.encode(errors="replace")) <= _MOST_BYTES:
        return name
    digest = hashlib.sha256(place.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
    kept = name.encode(errors="replace")[: _MOST_BYTES - 1 - _DIGEST].decode(errors="ignore")
    return f"{kept}-{digest}"


def put_files(files: Mapping[str, bytes], folder: Path, *, ours: Sequence[str], what: str) -> None:
    """Write files into a folder, which is made where it is not there.

    Args:
        files: Contents by name.
        folder: Where to.
        ours: Patterns of what an earlier report may have left there: none of it stays.
        what: What is written, for the error.

    Raises:
        ConfigError: If the folder cannot be written; names it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ours:
            for old in folder.glob(pattern):
                old.unlink()
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
    except OSError as error:
        raise ConfigError(f"cannot write the {what} into {folder}: {error.strerror}") from error
