"""Evaluation from the command: the promised keys, the tables, and what is refused."""

from pathlib import Path

from detectors.catalogue import detectors
from tests.unit.cli.invoke import Invoke

SLICES = Path(__file__).parents[2] / "data" / "real_slices"


def test_the_json_form_has_the_keys_of_the_design(kilowatch: Invoke) -> None:
    ran = kilowatch("evaluate", "--short", "--json", "--data", str(SLICES))
    assert ran.status == 0
    (found,) = ran.lines
    assert set(found) == {"clean", "attacks", "areas"}
    assert sorted(found["clean"]) == sorted(detectors.all())
    assert all({"alarms", "meter_years", "upper95"} <= set(row) for row in found["clean"].values())
    wanted = {"pr_auc", "one_line_pr_auc", "prevalence", "precision_at_k", "k", "by_type", "sequential"}
    assert wanted <= set(found["attacks"])
    assert set(found["attacks"]["by_type"]) == {f"h{number}" for number in range(1, 9)}
    assert {"top3", "by_type", "without_thief"} <= set(found["areas"])
    assert not any("roc" in key or "accuracy" in key or "f1" in key for key in found["attacks"])


def test_people_see_tables(kilowatch: Invoke) -> None:
    ran = kilowatch("evaluate", "--short", "--data", str(SLICES))
    assert ran.status == 0
    for text in (
        "clean run",
        "not evaluated",
        "mix of h1 to h6",
        "6 areas without a thief raised a case",
        "false alarms a meter-year",
    ):
        assert text in ran.out


def test_a_folder_without_curves_is_one_clear_error(kilowatch: Invoke, tmp_path: Path) -> None:
    ran = kilowatch("evaluate", "--data", str(tmp_path))
    assert ran.status == 1
    assert "KILOWATCH_TEST_DATA" in ran.err


def test_rough_figures_are_not_kept(kilowatch: Invoke, tmp_path: Path) -> None:
    ran = kilowatch("evaluate", "--short", "--write", str(tmp_path))
    assert ran.status == 2
    assert "--short" in ran.err
