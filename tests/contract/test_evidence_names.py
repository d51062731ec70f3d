"""Every key that an episode shows has a name in Chinese and English: facts, columns, lines and limits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import pytest

from dashboard.words import EVIDENCE
from pipeline.messages import EVIDENCE_LABELS, EVIDENCE_TEXTS
from pipeline.model import Episode, Json
from pipeline.quantities import Quantity
from simulators.faults.deed import deeds
from tests.contract.project import ROOT
from tests.contract.test_detectors import closed
from tests.fix_area import AREA_DEEDS, planted_area
from tests.fix_planted import deeds_of_detectors
from tests.learnt_cases import AS_FILED, case_for

NEEDS_PEERS = frozenset({"tariff_class"})
"""Detectors that compare customers with one another: one planted customer shows them nothing."""
DEEDS = {name: deed for name, deed in reversed(deeds_of_detectors()) if name not in NEEDS_PEERS}
NAMED = {*EVIDENCE, *EVIDENCE_LABELS, *(quantity.value for quantity in Quantity)}
BY_PLACE = frozenset({"correlations"})
"""Evidence whose keys are areas and phases of the archive."""


def episodes_of(name: str) -> list[Episode]:
    """Return what one detector finds of its first deed."""
    deed = DEEDS[name]
    if deed in AREA_DEEDS:
        return planted_area(deed).found(name)
    case = case_for(name, deed, deeds.get(deed).wirings[0])
    return case.found(name, case.registry if name in AS_FILED else closed(case))


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


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_all_that_an_episode_shows_has_a_name(name: str) -> None:
    episodes = episodes_of(name)
    assert episodes
    shown = {key for e in episodes for key in (*keys_of(e.parameters), *keys_of(e.evidence))}
    assert shown - NAMED == set()


@pytest.mark.parametrize("key", sorted(EVIDENCE_LABELS))
def test_a_name_differs_between_the_languages(key: str) -> None:
    label = EVIDENCE_LABELS[key]
    assert label.en
    assert label.zh
    assert label.zh != label.en


def test_each_sentence_is_one_that_a_detector_writes() -> None:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "detectors").rglob("*.py"))
    written = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert EVIDENCE_TEXTS.keys() - written == set()
    assert all(text.zh != text.en for text in EVIDENCE_TEXTS.values())
