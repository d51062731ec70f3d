import pytest

from simulators.dlt645.reading_1997 import Reader1997
from simulators.dlt645.replies import ErrorBit1997
from simulators.dlt645.traits import Traits
from tests.unit.simulators.dlt645.bench import Load, core, digits, numbers


def content(di: str, load: Load | None = None, **traits: object) -> bytes:
    reader = Reader1997(core(load, traits=Traits(**traits)))  # type: ignore[arg-type]  # names of traits
    found = reader.read(bytes.fromhex(di)[::-1])
    assert isinstance(found, bytes)
    assert not isinstance(found, ErrorBit1997)
    return found


@pytest.mark.parametrize(
    ("di", "raw"),
    [
        ("B611", "0220"),  # whole volts
        ("B621", "0152"),  # XX.XX A
        ("B630", "010000"),
        ("B640", "0050"),
        ("9010", "00163433"),
        ("9130", "00081717"),
        ("9140", "00020429"),  # quadrant IV stands before II and III
        ("9150", "00000000"),
        ("C011", "102000"),
        ("C010", "26031002"),
        ("C032", "123456789012"),
        ("9410", "00140800"),  # a month ago
        ("9530", "00070400"),
        ("B010", "03010015"),
        ("B410", "02010815"),
        ("C111", "15"),
        ("C117", "0100"),
    ],
)
def test_items_have_the_formats_of_1997(di: str, raw: str) -> None:
    assert content(di) == digits(raw)


def test_nothing_has_a_sign() -> None:
    assert content("B630", Load(kw=-1.5)) == digits("015000")


def test_a_block_adds_up() -> None:
    block = numbers(content("901F"))
    assert len(block) == 5
    assert block[0] == sum(block[1:])
    assert numbers(content("9014")) == [block[4]]


def test_some_makers_show_tenths_of_volts() -> None:
    assert content("B611", tenths_of_volts=True) == digits("2200")


def test_demand_has_no_time() -> None:
    assert content("A010") == digits("010000")
    assert len(content("A01F")) == 15


@pytest.mark.parametrize("di", ["D010", "9810", "C0FF"])
def test_what_is_not_known_is_a_wrong_identifier(di: str) -> None:
    assert Reader1997(core()).read(bytes.fromhex(di)[::-1]) == ErrorBit1997.IDENTIFIER
