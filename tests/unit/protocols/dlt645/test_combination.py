import pytest

from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.combination import CombinationWords

WORD_1, WORD_2 = bytes.fromhex("02060004"), bytes.fromhex("03060004")


def item(di: str) -> Item:
    found = lookup(bytes.fromhex(di)[::-1])
    assert found is not None
    return found


def words(first: str = "", second: str = "") -> CombinationWords:
    known = CombinationWords()
    known.told(WORD_1, bytes.fromhex(first))
    known.told(WORD_2, bytes.fromhex(second))
    return known


def test_without_its_word_a_sum_is_no_quantity() -> None:
    assert words().item(item("00030000")).quantities == ()


@pytest.mark.parametrize(
    ("di", "quantity"),
    [
        ("00030000", Quantity.REACTIVE_ENERGY_IMPORT),
        ("00030200", Quantity.REACTIVE_ENERGY_IMPORT_T2),
        ("00040000", Quantity.REACTIVE_ENERGY_EXPORT),
    ],
)
def test_the_factory_words_make_import_and_export_of_them(di: str, quantity: Quantity) -> None:
    assert words("05", "50").item(item(di)).quantities == (quantity,)


def test_a_freeze_and_a_block_follow_the_same_word() -> None:
    known = words("05", "50")
    assert known.item(item("05060301")).quantities[:2] == (
        Quantity.REACTIVE_ENERGY_IMPORT,
        Quantity.REACTIVE_ENERGY_IMPORT_T1,
    )
    assert known.item(item("0004FF00")).quantities[0] is Quantity.REACTIVE_ENERGY_EXPORT


@pytest.mark.parametrize("word", ["00", "01", "41", "09", "55", "FF", "0500"])
def test_any_other_sum_stays_no_quantity(word: str) -> None:
    # 41H, for one, adds quadrants I and IV: what some utilities set.
    assert words(word).item(item("00030000")).quantities == ()


def test_exchanged_words_exchange_the_meanings() -> None:
    known = words("50", "05")
    assert known.item(item("00030000")).quantities == (Quantity.REACTIVE_ENERGY_EXPORT,)
    assert known.sums == ("reactive_energy_export", "reactive_energy_import")


def test_other_items_are_left_as_they_are() -> None:
    known = words("05", "50")
    for di in ("00010000", "03030000", "05060101", "04000302", "05060001"):
        assert known.item(item(di)) is item(di)
