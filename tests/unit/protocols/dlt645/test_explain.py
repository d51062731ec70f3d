import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from pipeline.errors import FrameError
from protocols.dlt645.explain import explain

DATA = Path(__file__).parents[3] / "data" / "dlt645_vectors.json"
VECTORS = json.loads(DATA.read_text(encoding="utf-8"))
Vector: TypeAlias = dict[str, Any]  # Any: JSON


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda v: v["hex"][:60])
def test_every_known_frame_is_explained_in_full(vector: Vector) -> None:
    assert explain(bytes.fromhex(vector["hex"])) == vector["decoded"]


@pytest.mark.parametrize("vector", VECTORS["rejected"], ids=lambda v: v["hex"][:60])
def test_a_misprinted_frame_is_refused(vector: Vector) -> None:
    with pytest.raises(FrameError):
        explain(bytes.fromhex(vector["hex"]))


# The worked examples of real meters in the reference.
@pytest.mark.parametrize(
    ("frame", "key", "expected"),
    [
        ("68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16", "value", "123456.78"),
        (
            "68 12 00 00 00 10 20 68 91 0A 33 32 34 35 89 55 32 32 32 32 21 16",
            "value",
            ["225.6", None, None],
        ),
        (
            (
                "68 00 36 19 00 00 00 68 91 18 33 32 34 33 63 69 33 33 89 35 33 33 4C 33 33 33 6B 33 33 33 "
                "4A 66 33 33 E9 16"
            ),
            "value",
            ["36.30", "2.56", "0.19", "0.38", "33.17"],
        ),
        ("68 61 01 00 00 00 00 68 91 07 33 34 35 35 CC 7C 33 16 16", "value", "4.999"),
        ("68 12 00 00 00 10 20 68 D1 01 35 19 16", "err_bits", ["无请求数据"]),
        ("68 61 10 01 30 12 15 68 91 06 36 38 33 37 83 33 BE 16", "value", "0x0050"),
        ("FE FE FE FE 68 27 59 63 03 00 01 68 81 04 44 E9 56 35 F4 16", "value", "223"),
        ("68 95 32 06 00 00 00 68 C1 01 35 94 16", "err_bits", ["数据标识错"]),
    ],
)
def test_the_worked_examples_come_out_as_the_reference_says(frame: str, key: str, expected: object) -> None:
    assert explain(bytes.fromhex(frame))[key] == expected
