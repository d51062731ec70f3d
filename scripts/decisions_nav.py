"""A hook of mkdocs: lists every decision record in the navigation, so that none is named twice."""  # noqa: INP001 - mkdocs loads it by its path

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the records to the end of the navigation."""
    folder = Path(config.docs_dir)
    records = [file.relative_to(folder).as_posix() for file in sorted(folder.glob("decisions/*.md"))]
    config.nav = [*(config.nav or []), {"Decisions 决策记录": records}]
    return config
