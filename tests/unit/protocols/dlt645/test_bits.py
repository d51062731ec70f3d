import pytest

from protocols.dlt645.bits import bit_tables, named_bits, status_bits


def english(table: str, word: int) -> list[str]:
    return [said[0] for said in named_bits(table, word)]


# Section 2.5 of the reference.
@pytest.mark.parametrize(
    ("table", "word", "said"),
    [
        ("status_1", 1 << 4, ["demand by sliding blocks", "active power reverse"]),
        ("status_1", 0b0110, ["demand by fixed blocks", "clock battery low"]),
        ("status_2", 1 << 5, ["reactive power of phase B reverse"]),
        ("status_3", 1 << 1, ["first period table runs", "auxiliary supply", "relay closed"]),
        ("status_3", 2 << 1, ["first period table runs", "battery supply", "relay closed"]),
        ("status_6", 1 << 7, ["C: phase break"]),
        ("status_7", 1 << 6, ["demand over limit"]),
        ("rate", 0x08, ["2400 bps"]),
        ("reactive_combination", 0x05, ["+ quadrant I", "+ quadrant II"]),
        ("reactive_combination", 0x50, ["+ quadrant III", "+ quadrant IV"]),
        ("load_mode", 0b1001, ["class 1: voltage, current, frequency", "class 4: total energies"]),
    ],
)
def test_a_bit_is_called_as_the_standard_calls_it(table: str, word: int, said: list[str]) -> None:
    assert english(table, word) == said


def test_the_captured_status_of_an_open_relay_reads_so() -> None:
    # 04000503 = 0050H in the capture of a meter whose relay was open.
    assert "relay open" in english("status_3", 0x50)
    assert "relay open" not in english("status_3", 0x00)


def test_the_rest_day_of_a_weekend_word_is_a_zero() -> None:
    assert english("weekend", 0b0111110)[0] == "Sunday rest"
    assert english("weekend", 0b0111110)[1] == "Monday work"


def test_seven_status_words_are_read_together_and_an_eighth_is_left() -> None:
    words = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 32.0, 65535.0)
    said = [words[0] for words in status_bits(words)]
    assert said[-2:] == ["A: loss of voltage", "power down"]


def test_an_undefined_value_of_two_bits_says_nothing() -> None:
    assert english("status_3", 3 << 1) == ["first period table runs", "relay closed"]


def test_no_two_fields_of_a_word_overlap_and_both_languages_are_there() -> None:
    for table, fields in bit_tables().items():
        taken = [bit for field in fields for bit in range(field.low, field.low + field.width)]
        assert len(set(taken)) == len(taken), table
        assert max(taken) < 16
        for field in fields:
            assert all(words is None or (words[0] and words[1]) for words in field.meanings), table
