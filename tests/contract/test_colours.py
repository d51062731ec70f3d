"""The colours of the style sheet, light and dark: text is read on its ground, and curves are told from it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("dashboard") / "static" / "style.css").read_text(encoding="utf-8")
TEXT_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3 Contrast (Minimum), level AA."""
GRAPHICS_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11 Non-text Contrast, level AA."""

TEXT_ON = [
    *(
        (text, ground)
        for text in ("text", "text-quiet", "accent", "alert", "good")
        for ground in ("ground", "card")
    ),
    ("text", "line-soft"),
    ("text", "accent-soft"),
    ("accent", "accent-soft"),
    *((severity, f"{severity}-soft") for severity in ("critical", "major", "minor", "info")),
]
DRAWN_ON_CARD = ["actual", "estimated", "phase-a", "phase-b", "phase-c", "limit", "in-time", "accent"]


def schemes() -> dict[str, dict[str, str]]:
    """The colours of both schemes, by name; dark ones stand in for light ones of the same name."""
    before, _, after = STYLE.partition("@media (prefers-color-scheme: dark)")
    light, dark = (dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", part)) for part in (before, after))
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_greatest_contrast_that_there_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[text], colours[ground]) >= TEXT_CONTRAST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DRAWN_ON_CARD)
def test_what_is_drawn_is_told_from_the_card_behind_it(scheme: str, name: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[name], colours["card"]) >= GRAPHICS_CONTRAST
