from pipeline.source_texts import SOURCES, UNITS, in_words, reference_text


def test_what_is_known_is_told_in_the_readers_language_and_the_rest_stands() -> None:
    assert in_words(UNITS, "% of rated", "zh") == "额定值的 %"
    assert in_words(UNITS, "% of rated", "en") == "% of rated"
    assert in_words(UNITS, "kWh", "zh") == "kWh"
    assert in_words(SOURCES, "our own meeting of May", "zh") == "our own meeting of May"


def test_a_reference_names_edition_and_clause() -> None:
    assert reference_text("GB/T 14549", "1993", "4, table 1", "zh") == "GB/T 14549-1993 4，表 1"
    assert reference_text("GB/T 14549", "1993", "4, table 1", "en") == "GB/T 14549-1993 4, table 1"
    assert reference_text("电压监测点", "practice", "class A", "zh") == "电压监测点-通行做法 A 类"
    assert reference_text("EN 50160", "", "", "en") == "EN 50160"
