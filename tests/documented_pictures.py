"""The pictures that the documentation shows, and where they lie in each language."""

from __future__ import annotations

from typing import Final

PICTURES: Final = ("fleet", "meter", "cases", "episode", "customer", "quality-report")
FOLDERS: Final = {"en": ".", "zh": "zh"}
"""Folder of each language's pictures, below ``docs/images``."""
