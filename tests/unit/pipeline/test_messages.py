import pytest

from pipeline.messages import render

PARAMETERS: dict[str, float | int | str] = {
    "phase": "A",
    "extreme_v": 240.04,
    "limit_v": 235.4,
    "minutes": 45,
}


def test_a_message_is_rendered_in_both_languages() -> None:
    english = render("episode.overvoltage", PARAMETERS)
    assert english == "Supply voltage A over its band: 240.0 V against at most 235.4 V for 45 min"
    assert render("episode.overvoltage", PARAMETERS, "zh-CN").startswith("A 相供电电压越上限")


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("episode.nonsense", {})


def test_a_class_of_load_shape_is_named_in_the_language() -> None:
    parameters: dict[str, float | int | str] = {
        "since": "2026-03-02",
        "was": "continuous: three shifts, weekends too",
        "now": "something nobody wrote down",
    }
    chinese = render("episode.load_class_change", parameters, "zh-CN")
    assert "此前：连续生产：三班，周末不停" in chinese
    assert "something nobody wrote down" in chinese
