"""What a Chinese input method writes finds what is filed."""

from unicodedata import normalize

import pytest

from dashboard.search_text import half_width


@pytest.mark.parametrize("filed", ["M-1007", "ta_01/2.3", "Z9a0", "B#7+8", "AREA 12"])
def test_letters_digits_and_signs_of_ids_become_narrow(filed: str) -> None:
    typed = "".join("\u3000" if each == " " else chr(ord(each) + 0xFEE0) for each in filed)
    assert normalize("NFKC", typed) == filed  # so Unicode has it too
    assert half_width(typed) == filed
    assert half_width(filed) == filed


def test_brackets_and_commas_of_names_stay_as_they_are_filed() -> None:
    name = "华光\uff08集团\uff09有限公司\uff0c一厂"
    assert half_width(name) == name
