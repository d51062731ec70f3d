"""Names of the folders that reports are written into."""

from __future__ import annotations


def folder_name(place: str) -> str:
    """Return an id as the name of a folder: what some file system does not take becomes a hyphen."""
    return "".join("-" if character in '/\\:*?"<>|' or character < " " else character for character in place)
