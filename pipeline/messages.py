"""The texts of episodes, Chinese and English side by side: a key and parameters in, a sentence out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from pipeline.model import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One sentence in both languages, filled by ``str.format`` with an episode's parameters."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the text as it is written in a language: ``zh...`` is Chinese, all else English."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTexts:
    """What a detector is called, and what would clear its episodes."""

    name: Template
    clears: Template


def _read() -> tuple[
    Mapping[str, Template], Mapping[str, DetectorTexts], Mapping[str, Template], Mapping[str, Template]
]:
    """Read the texts of all detectors, one file each: they belong to the package as its code does."""
    messages: dict[str, Template] = {}
    texts: dict[str, DetectorTexts] = {}
    labels: dict[str, Template] = {}
    said: dict[str, Template] = {}
    folder = files("pipeline").joinpath("locale", "episodes")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        messages |= {f"episode.{key}": Template(**row) for key, row in tables.get("episode", {}).items()}
        labels |= {key: Template(**row) for key, row in tables.get("evidence", {}).items()}
        said |= {row["en"]: Template(**row) for row in tables.get("said", [])}
        if "detector" in tables:
            own = {key: Template(**row) for key, row in tables["detector"].items()}
            texts[file.name.removesuffix(".toml")] = DetectorTexts(**own)
    return (
        MappingProxyType(messages),
        MappingProxyType(texts),
        MappingProxyType(labels),
        MappingProxyType(said),
    )


MESSAGES, DETECTOR_TEXTS, EVIDENCE_LABELS, EVIDENCE_TEXTS = _read()
"""Every message an episode may carry, the texts of each detector by the name of their file, and what the keys
of evidence are called (``[evidence.<key>]``, in the file of a detector that writes them), and the sentences
that stand as values (``[[said]]``) by their English wording, as detectors write it."""


PARAMETER = "parameter"
"""The parameter of a message that names one of a meter's own."""


def _parameter_names() -> Mapping[str, Template]:
    text = files("pipeline").joinpath("locale", "meter_parameters.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: Template(**row) for name, row in tomllib.loads(text).items()})


PARAMETER_NAMES: Mapping[str, Template] = _parameter_names()
"""What the parameters that are read from meters are called, by their names at rest."""


def render(key: str, parameters: Mapping[str, float | int | str], language: str = "en") -> str:
    """Return the sentence of ``key`` in ``language`` (``zh...`` is Chinese, all else English).

    Raises:
        KeyError: If the key is unknown or a parameter is missing.
    """
    template = MESSAGES[key]
    named = parameters.get(PARAMETER)
    if isinstance(named, str) and named in PARAMETER_NAMES:
        parameters = {**parameters, PARAMETER: PARAMETER_NAMES[named].in_language(language)}
    return template.in_language(language).format(**parameters)


def summary(episode: Episode) -> str:
    """Return the English sentence that says what an episode is about."""
    return render(episode.message, episode.parameters)
