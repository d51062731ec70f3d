"""What load statistics want is told in both languages with the same parameters."""

from __future__ import annotations

import re

import pytest

from pipeline.load_wants import LOAD_WANTS, Want, want_text


@pytest.mark.parametrize("key", sorted(LOAD_WANTS))
def test_both_languages_name_the_same_parameters(key: str) -> None:
    english, chinese = (set(re.findall(r"\{(\w+)\}", t)) for t in (LOAD_WANTS[key].en, LOAD_WANTS[key].zh))
    assert english == chinese


def test_a_list_is_told_by_whoever_shows_it() -> None:
    want = Want(key="contract", parameters={"point": "P", "fields": ["category", "capacity_kva"]})
    assert str(want) == "[[contract]] of service point P: category, capacity_kva"
    chinese = want_text(want.key, want.parameters, "zh", "、".join)
    assert chinese == "档案 [[contract]]（用电户 P）：category、capacity_kva"


@pytest.mark.parametrize("key", ["sun", "contract"])
def test_what_has_no_text_or_lacks_a_parameter_is_told(key: str) -> None:
    with pytest.raises(KeyError):
        want_text(key, {}, "en", "".join)
