"""What load statistics want is told in the reader's language: everything that they can want."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from dashboard.formats import Formats
from dashboard.want_words import told_want, wants_of
from pipeline.archive_records import Transformer
from pipeline.contracts import Contract
from pipeline.load_wants import LOAD_WANTS, Want
from pipeline.registry import Installation
from services.load_facts import area_facts, category_facts, meter_facts, point_facts, total_facts
from services.load_groups import AreaGroup, Belonging
from services.load_sums import GroupSum
from tests.load_archive import REGISTRY, SPAN, M, S, known_of
from tests.unit.analysis.load.test_advices import wanted_of_advice

ZONE = ZoneInfo("Asia/Shanghai")
EN, ZH = Formats("en", ZONE), Formats("zh", ZONE)


def all_wants() -> Iterator[Want]:
    """Yield what facts and advice want, of archives in which this or that is missing."""
    plain = REGISTRY.contracts[0]
    two = replace(REGISTRY, installations=[*REGISTRY.installations, Installation(meter=S, service_point="P")])
    contracts = (
        replace(plain, tariff="大工业 10kV"),
        replace(plain, power_factor_standard=0.93),
        Contract(service_point="P"),
    )
    for registry in (REGISTRY, two, *(replace(REGISTRY, contracts=[each]) for each in contracts)):
        for point in ("P", "Q"):
            yield from point_facts(known_of(registry), point).wants.values()
    yield from meter_facts(known_of(), M).wants.values()
    for facts in (total_facts(), category_facts(GroupSum())):
        yield from facts.wants.values()
    filed = replace(REGISTRY, transformers=[Transformer(id="T", area="A", capacity_kva=630.0)])
    supplies = [Belonging(point="P", stays=[SPAN])]
    for registry, feeding in ((REGISTRY, []), (REGISTRY, supplies), (filed, []), (filed, supplies)):
        area = AreaGroup(name="A", members=[], supplies=feeding)
        yield from area_facts(known_of(registry), area, GroupSum(), {}).wants.values()
    yield from wanted_of_advice()


def as_stored(want: Want) -> dict[str, object]:
    found: dict[str, object] = json.loads(json.dumps({"key": want.key, "parameters": dict(want.parameters)}))
    return found


def keys(wants: Iterable[Want]) -> set[str]:
    return {want.key for want in wants}


def test_everything_that_can_be_wanted_is_told_in_chinese() -> None:
    wants = list(all_wants())
    assert keys(wants) == set(LOAD_WANTS), "no text is for nothing, and none is missing"
    for want in wants:
        told = told_want(as_stored(want), ZH)
        assert re.search(r"[\u4e00-\u9fff]", told)
        # Of English only names of the archive are left: no two words beside each other.
        assert not re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", told), told
        assert told_want(as_stored(want), EN) != ""


@pytest.mark.parametrize(
    ("want", "english", "chinese"),
    [
        (
            Want(key="contract", parameters={"point": "A: B", "fields": ["category", "capacity_kva"]}),
            "[[contract]] of service point A: B: category of use (category), capacity (capacity_kva)",
            "档案 [[contract]]（用电户 A: B）：用电类别 (category)、容量 (capacity_kva)",
        ),
        (
            Want(key="phases", parameters={"quantities": ["active_power_a", "active_power_b"]}),
            "readings: Active power, phase A, Active power, phase B",
            "读数：有功功率（A 相）、有功功率（B 相）",
        ),
        (
            Want(key="standard", parameters={"point": "P", "known": ["0.90", "0.85"], "filed": "0.93"}),
            "[[contract]] of service point P: power_factor_standard one of 0.90, 0.85, not 0.93",
            "档案 [[contract]]（用电户 P）：power_factor_standard 须为 0.90、0.85 之一，而非 0.93",
        ),
    ],
)
def test_lists_are_told_by_their_words(want: Want, english: str, chinese: str) -> None:
    assert (told_want(as_stored(want), EN), told_want(as_stored(want), ZH)) == (english, chinese)


def test_each_is_told_once_and_older_months_by_their_english_sentences() -> None:
    one = as_stored(Want(key="one_supply", parameters={"area": "A"}))
    sentence = "one [[area_member]] of area A with role = 'supply'"
    assert wants_of({"wanted": {"register": one, "phases": one}}, EN) == [sentence]
    assert wants_of({"wanted": one}, EN) == [sentence]
    assert wants_of({"wanted": None}, EN) == []
    assert wants_of({"wants": {"a": "x", "b": "x"}}, EN) == ["x"]
    assert wants_of({"wants": "x"}, EN) == ["x"]
    assert wants_of({"wants": None}, EN) == []
