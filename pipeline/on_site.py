"""What a crew looks at on site (现场核查要点), by the detector whose episode sends it there."""

from __future__ import annotations

from pipeline.templates import templates_of

ON_SITE = templates_of("on_site.toml")
"""The texts by the name of the detector."""
