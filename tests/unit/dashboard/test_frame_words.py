"""Fields of frames are told in the reader's words; every field that a decoder tells has some."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from dashboard.formats import Formats
from dashboard.frame_words import FIELDS, VALUES, field_name, field_value
from pipeline.model import Json
from protocols.modbus.conversation import EXCEPTIONS
from protocols.modbus.explain import FUNCTIONS, explain_modbus
from tests.contract.project import ROOT

CHINESE, ENGLISH = (Formats(language, ZoneInfo("Asia/Shanghai")) for language in ("zh", "en"))


def test_every_field_of_the_vectors_and_of_modbus_has_a_name() -> None:
    vectors = json.loads((ROOT / "tests" / "data" / "dlt645_vectors.json").read_text(encoding="utf-8"))
    told = {name for vector in vectors["vectors"] for name in vector["decoded"]}
    for frame in ("01 03 00 00 00 02 C4 0B", "01 83 02 C0 F1", "00 01 00 00 00 05 01 04 02 12 34"):
        told |= explain_modbus(bytes.fromhex(frame)).keys()
    assert {"di", "value", "registers", "start", "exception"} <= told
    assert sorted(told - FIELDS.keys() - {"n1", "n2"}) == []
    assert VALUES.keys() >= {*FUNCTIONS.values(), *EXCEPTIONS.values()}


@pytest.mark.parametrize(
    ("name", "value", "chinese", "english"),
    [
        ("error", False, "否", "no"),
        ("dir", "resp", "应答", "answer"),
        ("function_name", "read input registers", "读输入寄存器", "read input registers"),
        ("registers", ["43C2", "0000"], "43C2 0000", "43C2 0000"),
        ("value", "read coils", "read coils", "read coils"),
        ("function", 4, "4", "4"),
    ],
)
def test_a_value_is_told_as_people_read_it(name: str, value: Json, chinese: str, english: str) -> None:
    assert (field_value(name, value, CHINESE), field_value(name, value, ENGLISH)) == (chinese, english)


def test_a_field_that_nobody_knows_is_told_as_it_is() -> None:
    assert (field_name("n1", CHINESE), field_name("new_field", ENGLISH)) == ("n1", "new field")
    assert field_name("function_name", CHINESE) == "功能"
