"""All that an episode shows has a name in Chinese and English: facts, columns, lines, limits and values."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import pytest

from dashboard.evidence import written
from dashboard.formats import Formats
from dashboard.messages import sentence
from dashboard.words import EVIDENCE
from pipeline.events import EventKind
from pipeline.messages import EVIDENCE_CODES, EVIDENCE_LABELS, EVIDENCE_TEXTS, said
from pipeline.model import Episode, Json
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Registry
from simulators.faults.deed import deeds
from storage.registry_tables import TABLES
from tests.contract.project import ROOT
from tests.contract.test_detectors import PLANTED, closed
from tests.fix_area import AREA_DEEDS, planted_area
from tests.learnt_cases import AS_FILED, case_for

NAMED = {*EVIDENCE, *EVIDENCE_LABELS, *(quantity.value for quantity in Quantity)}
BY_PLACE = frozenset({"correlations"})
"""Evidence whose keys are areas and phases of the archive."""
ZH = Formats("zh", DEFAULT_ZONE)
LOCALE = ROOT / "pipeline" / "locale" / "episodes"
UNITS = frozenset({"kWh", "kvar", "kvarh", "kVA", "min"})
FORMULA = frozenset({"cos"})
TO_FILE = {"role", "main", "true", *(name for table in TABLES for name in (table.name, *table.fields))}
"""What is typed into the archive as it stands."""


def episodes_of(name: str, deed: str) -> tuple[list[Episode], Registry]:
    """Return what one detector finds of a deed that is planted for it, and the archive."""
    if deed in AREA_DEEDS:
        area = planted_area(deed)
        return area.found(name), area.registry
    case = case_for(name, deed, deeds.get(deed).wirings[0])
    registry = case.registry if name in AS_FILED else closed(case)
    return case.found(name, registry), registry


def keys_of(value: Json) -> Iterator[str]:
    """Yield all keys in a piece of evidence, those of nested facts, rows, lines and limits included."""
    if isinstance(value, Mapping):
        for key, nested in value.items():
            if key != "lines":
                yield key
            yield from () if key in BY_PLACE else keys_of(nested)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for entry in value:
            yield from keys_of(entry)


def texts_of(value: Json, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts that stand as values, with the key that they stand under."""
    if isinstance(value, Mapping):
        for name, nested in value.items():
            yield from texts_of(nested, name)
    elif isinstance(value, str):
        yield key, value
    elif isinstance(value, Sequence):
        for entry in value:
            yield from texts_of(entry, key)


def foreign_words(text: str, registry: Registry) -> set[str]:
    """Return the English words of a Chinese text that are no ids, units or entries of the archive."""
    ids = {str(getattr(entry, "id", "")) for own in fields(registry) for entry in getattr(registry, own.name)}
    for name in sorted(ids - {""}, key=len, reverse=True):
        text = text.replace(name, "")
    found = set(re.findall(r"[A-Za-z_]{3,}", text))
    return found - UNITS - FORMULA - TO_FILE


@pytest.mark.parametrize(("name", "deed"), PLANTED)
def test_all_that_an_episode_shows_has_a_name(name: str, deed: str) -> None:
    episodes, registry = episodes_of(name, deed)
    assert episodes
    for episode in episodes:
        shown = {*keys_of(episode.parameters), *keys_of(episode.evidence)}
        assert shown - NAMED == set()
        values = [*texts_of(episode.parameters), *texts_of(episode.evidence)]
        told = [written(key, value, ZH) for key, value in values]
        told.append(sentence(episode.message, episode.parameters, ZH))
        assert [(text, foreign_words(text, registry)) for text in told if foreign_words(text, registry)] == []


def test_nothing_is_named_twice() -> None:
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(LOCALE.glob("*.toml"))]
    for kind in ("episode", "evidence", "code"):
        counted = Counter(key for table in tables for key in table.get(kind, {}))
        assert [key for key, times in counted.items() if times > 1] == []
    sentences = Counter(row["en"] for table in tables for row in table.get("said", []))
    assert [text for text, times in sentences.items() if times > 1] == []


def test_every_kind_of_event_has_a_name() -> None:
    assert {kind.value for kind in EventKind} - EVIDENCE_CODES.keys() == set()


@pytest.mark.parametrize("key", sorted(EVIDENCE_LABELS))
def test_a_name_differs_between_the_languages(key: str) -> None:
    label = EVIDENCE_LABELS[key]
    assert label.en
    assert label.zh
    assert label.zh != label.en


def written_texts() -> set[str]:
    """Return the texts in the sources of detectors and of what they are made of; ``x`` for what varies."""
    found = set()
    for folder in ("detectors", "pipeline"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = (p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
                    found.add("".join(map(str, parts)))
    tables = (
        tomllib.loads(p.read_text(encoding="utf-8")) for p in (ROOT / "analysis" / "data").glob("*.toml")
    )
    return found | {text for table in tables for _, text in texts_of(table)}


def test_each_name_and_sentence_is_of_something_that_a_detector_writes() -> None:
    written_ones = written_texts()
    assert EVIDENCE_CODES.keys() - written_ones == set()
    plain = {text for text in EVIDENCE_TEXTS if "{" not in text}
    assert plain - written_ones == set()
    for varying in EVIDENCE_TEXTS.keys() - plain:
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(varying)))
        assert any(pattern.fullmatch(text) for text in written_ones), varying
    for template in (*EVIDENCE_CODES.values(), *EVIDENCE_TEXTS.values()):
        assert template.zh != template.en


def test_what_varies_in_a_sentence_is_kept() -> None:
    value = "[[contract]] of service point SP-9: capacity_kva, basic_charge"
    assert said(value, "en") == value
    assert said(value, "zh") == "用电户 SP-9 的 [[contract]]：capacity_kva, basic_charge"
    assert said("cover_open", "en") == "cover opened"
    assert said("nobody wrote this down", "zh") is None
