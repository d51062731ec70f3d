"""The texts of episodes, Chinese and English side by side: a key and parameters in, a sentence out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pipeline.model import Episode
from pipeline.quality_texts import CHECK_NAMES
from pipeline.templates import Template, add_templates, tables_in, templates_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTexts:
    """What a detector is called, and what would clear its episodes."""

    name: Template
    clears: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """All of the files."""

    messages: dict[str, Template] = field(default_factory=dict)
    detectors: dict[str, DetectorTexts] = field(default_factory=dict)
    labels: dict[str, Template] = field(default_factory=dict)
    codes: dict[str, Template] = field(default_factory=dict)
    said: dict[str, Template] = field(default_factory=dict)


def _read() -> _Texts:
    """Read the texts of all detectors, one file each."""
    found, where = _Texts(), "episodes"
    for name, tables in tables_in(where):
        messages = {f"episode.{key}": row for key, row in tables.get("episode", {}).items()}
        add_templates(found.messages, messages, where)
        add_templates(found.labels, tables.get("evidence", {}), where)
        add_templates(found.codes, tables.get("code", {}), where)
        add_templates(found.said, {row["en"]: row for row in tables.get("said", [])}, where)
        if "detector" in tables:
            named = {key: Template(**row) for key, row in tables["detector"].items()}
            found.detectors[name] = DetectorTexts(**named)
    return found


_TEXTS = _read()
MESSAGES: Mapping[str, Template] = MappingProxyType(_TEXTS.messages)
"""Every message an episode may carry."""
DETECTOR_TEXTS: Mapping[str, DetectorTexts] = MappingProxyType(_TEXTS.detectors)
"""The texts of each detector by the name of their file."""
EVIDENCE_LABELS: Mapping[str, Template] = MappingProxyType(_TEXTS.labels)
"""What the keys of evidence are called: ``[evidence.<key>]``, in the file of a detector that writes them."""
EVIDENCE_CODES: Mapping[str, Template] = MappingProxyType(_TEXTS.codes)
"""What codes that stand as values are called: ``[code.<value>]``."""
EVIDENCE_TEXTS: Mapping[str, Template] = MappingProxyType(_TEXTS.said)
"""Sentences that stand as values (``[[said]]``) by their English wording, as detectors write it; what varies
in one stands in braces."""
_PATTERNS = [
    (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(english))), template)
    for english, template in EVIDENCE_TEXTS.items()
    if "{" in english
]


SHAPE_NAMES: Mapping[str, Template] = MappingProxyType(
    {template.en: template for template in templates_of("load_shapes.toml").values()}
)
"""What classes of load shape are called, by their English names."""
PARAMETER = "parameter"
"""The parameter of a message that names one of a meter's own."""
CHECK = "check"
"""The parameter of a message that names a check of power quality."""


PARAMETER_NAMES = templates_of("meter_parameters.toml")
"""What the parameters that are read from meters are called, by their names at rest."""
_NAMES: Mapping[str, Mapping[str, Template]] = MappingProxyType(
    {PARAMETER: PARAMETER_NAMES, CHECK: CHECK_NAMES}
)


def render(key: str, parameters: Mapping[str, float | int | str], language: str = "en") -> str:
    """Return the sentence of ``key`` in ``language`` (``zh...`` is Chinese, all else English).

    Raises:
        KeyError: If the key is unknown or a parameter is missing.
    """
    template = MESSAGES[key]
    named = {
        place: names[value].in_language(language)
        for place, names in _NAMES.items()
        if isinstance(value := parameters.get(place), str) and value in names
    }
    spoken = {
        name: SHAPE_NAMES[value].in_language(language)
        for name, value in parameters.items()
        if isinstance(value, str) and value in SHAPE_NAMES
    }
    return template.in_language(language).format(**{**parameters, **spoken, **named})


def said(value: str, language: str) -> str | None:
    """Return a code or a sentence of evidence in ``language``; None for one that nobody wrote down."""
    template = EVIDENCE_CODES.get(value) or EVIDENCE_TEXTS.get(value) or SHAPE_NAMES.get(value)
    if template is not None:
        return template.in_language(language)
    for pattern, varying in _PATTERNS:
        match = pattern.fullmatch(value)
        if match is not None:
            return varying.in_language(language).format(**match.groupdict())
    return None


def summary(episode: Episode) -> str:
    """Return the English sentence that says what an episode is about."""
    return render(episode.message, episode.parameters)
