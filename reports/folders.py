"""Names of the folders that reports are written into."""

from __future__ import annotations

import hashlib

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
