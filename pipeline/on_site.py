"""What a crew looks at on site (现场核查要点), by the detector whose episode sends it there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from pipeline.messages import Template


def _read() -> Mapping[str, Template]:
    text = files("pipeline").joinpath("locale", "on_site.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: Template(**row) for name, row in tomllib.loads(text).items()})


ON_SITE: Mapping[str, Template] = _read()
"""The texts by the name of the detector."""
