"""The catalogue of power-quality checks: every check under its own name, and words for all that is said."""

from analysis.power_quality.catalogue import checks
from analysis.power_quality.judgement import Compliance
from pipeline.quality_texts import CHECK_NAMES, REASONS, VERDICT_NAMES


def test_every_check_is_filed_under_its_own_name_in_a_part_of_the_report() -> None:
    for name, check in checks.all().items():
        assert check.name == name
        assert 1 <= check.part <= 14


def test_every_verdict_and_every_check_has_its_words() -> None:
    assert set(VERDICT_NAMES) == set(Compliance)
    assert set(CHECK_NAMES) == set(checks.all())
    assert all(text.en and text.zh for text in (*CHECK_NAMES.values(), *REASONS.values()))
