from dataclasses import replace

import pytest

from detectors.cases import Budget, cases_of, ranked, reconcile_cases
from detectors.measured import FalseAlarms
from detectors.precisions import prior_of
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.case_records import Case, Feedback, Outcome, Standing
from pipeline.model import Episode, Verdict
from tests.unit.detectors.case_episodes import BEGIN, REGISTRY, episode, feedback

LOSS, WIRING, DEVIATION = "voltage_loss", "wiring_error", "voltage_deviation"
BUDGET = Budget(cases_a_day=10, meters=10_000)


def _cases(*episodes: Episode, given: tuple[Feedback, ...] = ()) -> list[Case]:
    return cases_of(episodes, REGISTRY, given, BUDGET)


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {LOSS: 0.1, DEVIATION: 5.0}
    monkeypatch.setattr(
        "detectors.cases.false_alarms",
        lambda name: FalseAlarms(alarms=0, meter_years=30.0, upper95=rates[name]) if name in rates else None,
    )


def test_the_budget_is_a_rate_a_meter_year() -> None:
    # The reference's own example: 100 cases a day over a million meters are 0.037 a meter-year.
    assert Budget(cases_a_day=100, meters=1_000_000).allowed_rate == pytest.approx(0.0365)
    assert BUDGET.may_open_alone(LOSS)
    assert not BUDGET.may_open_alone(DEVIATION)
    assert not BUDGET.may_open_alone(WIRING)


@pytest.mark.parametrize("detector", ["voltage_loss", "current_loss", "meter_tamper", "suspended_load"])
def test_what_the_budget_rule_names_opens_a_case_alone_until_a_false_alarm_is_seen(
    detector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BUDGET.may_open_alone(detector)
    for alarms, may in ((0, True), (1, False)):
        seen = FalseAlarms(alarms=alarms, meter_years=0.5, upper95=9.0)
        monkeypatch.setattr("detectors.cases.false_alarms", lambda _, seen=seen: seen)
        assert BUDGET.may_open_alone(detector) is may


def test_one_hit_opens_a_case_only_where_the_measured_rate_fits_the_budget() -> None:
    standing = {case.hits[0].detector: case.standing for case in _cases(
        episode("a", LOSS, "P1"), episode("b", DEVIATION, "P3"), episode("c", WIRING, "P4")
    )}  # fmt: skip
    assert standing == {LOSS: Standing.OPEN, DEVIATION: Standing.WAITING, WIRING: Standing.WAITING}


def test_a_second_detector_opens_it_and_the_same_one_twice_does_not() -> None:
    (case,) = _cases(episode("a", WIRING), episode("b", DEVIATION, day=5))
    assert case.standing is Standing.OPEN
    (case,) = _cases(episode("a", WIRING), episode("b", WIRING, day=5))
    assert case.standing is Standing.WAITING


def test_probability_is_the_noisy_or_of_precision_times_score() -> None:
    (case,) = _cases(episode("a", LOSS, score=1.0), episode("b", WIRING, score=0.5, kwh=40.0))
    loss, closed = prior_of(LOSS).precision, prior_of(WIRING).precision * 0.5
    assert case.probability == pytest.approx(1 - (1 - loss) * (1 - closed))
    assert [hit.detector for hit in case.hits] == [LOSS, WIRING]
    assert case.energy_kwh == 100.0
    assert case.priority_kwh == pytest.approx(case.probability * 100.0)


def test_one_detector_counts_once_with_the_energy_of_all_its_episodes() -> None:
    (case,) = _cases(episode("a", LOSS, score=0.5), episode("b", LOSS, day=5, kwh=30.0))
    assert case.probability == pytest.approx(prior_of(LOSS).precision)
    assert case.energy_kwh == 130.0
    assert case.hits[0].episodes == ("a", "b")


def test_the_points_of_a_customer_are_one_case_and_those_far_apart_in_time_are_two() -> None:
    (case,) = _cases(episode("a", LOSS, "P1"), episode("b", LOSS, "P2"))
    assert (case.place, case.meters) == ("Li", ("M-P1", "M-P2"))
    assert len(_cases(episode("a", LOSS), episode("b", LOSS, day=32))) == 1
    assert len(_cases(episode("a", LOSS), episode("b", LOSS, day=33))) == 2


def test_what_is_said_at_a_supply_meter_is_a_case_of_the_area() -> None:
    cases = _cases(episode("a", LOSS, "S1"), episode("b", LOSS, "P4"), episode("c", LOSS, None))
    assert {case.place for case in cases} == {"area T1", "P4", "meter M-None"}


def test_an_episode_of_a_point_that_fed_an_area_before_it_is_the_customer_s() -> None:
    fed = AreaMember(area="T1", service_point="P1", role=MemberRole.SUPPLY, ends_at=BEGIN)
    archive = replace(REGISTRY, area_members=[fed])
    cases = cases_of([episode("a", LOSS, "P1"), episode("b", LOSS, "P1", day=-1)], archive, (), BUDGET)
    assert {case.place: case.hits[0].episodes for case in cases} == {"Li": ("a",), "area T1": ("b",)}


def test_undecided_and_withdrawn_episodes_and_unknown_detectors_make_no_case() -> None:
    assert not _cases(
        episode("a", LOSS, verdict=Verdict.UNKNOWN),
        episode("b", LOSS, verdict=Verdict.NORMAL),
        episode("c", "long gone"),
    )


def test_cases_are_ranked_by_what_a_visit_brings() -> None:
    cases = _cases(
        episode("a", LOSS, "P1", kwh=10.0),
        episode("b", LOSS, "P3", kwh=500.0),
        episode("c", LOSS, "P4", kwh=None),
    )
    assert [case.place for case in cases] == ["Wang", "Li", "P4"]
    assert ranked(reversed(cases)) == cases


def test_not_confirmed_takes_the_weight_and_lowers_the_detector_everywhere() -> None:
    given = (feedback("a", LOSS, Outcome.NOT_CONFIRMED),)
    other, own = _cases(episode("a", LOSS, "P1"), episode("b", LOSS, "P3"), given=given)
    assert (own.place, own.standing, own.probability) == ("Li", Standing.REJECTED, 0.0)
    assert other.hits[0].precision == pytest.approx(prior_of(LOSS).precision * 10 / 11)
    assert (other.hits[0].confirmed, other.hits[0].looked_at) == (0, 1)


def test_a_rejected_hit_is_no_second_hit() -> None:
    given = (feedback("a", DEVIATION, Outcome.NOT_CONFIRMED),)
    (case,) = _cases(episode("a", DEVIATION), episode("b", WIRING), given=given)
    assert case.standing is Standing.WAITING


def test_a_confirmed_episode_settles_its_case() -> None:
    (case,) = _cases(episode("a", LOSS), given=(feedback("a", LOSS, Outcome.CONFIRMED),))
    assert (case.standing, case.probability) == (Standing.CONFIRMED, 1.0)


def test_a_model_replaces_the_probability_of_those_nobody_looked_at() -> None:
    given = (feedback("a", LOSS, Outcome.CONFIRMED),)
    cases = cases_of(
        [episode("a", LOSS, "P1"), episode("b", LOSS, "P3")],
        REGISTRY,
        given,
        BUDGET,
        probability=lambda _: 0.25,
    )
    assert {case.place: case.probability for case in cases} == {"Li": 1.0, "Wang": 0.25}
    assert cases[0].priority_kwh == 25.0


def test_shuffled_episodes_give_the_same_cases() -> None:
    episodes = [episode("a", LOSS), episode("b", WIRING, day=3), episode("c", LOSS, "P3", days=None)]
    assert _cases(*episodes) == _cases(*reversed(episodes))


def test_a_case_that_grows_keeps_its_id_and_one_of_which_nothing_is_left_is_named() -> None:
    (first,) = _cases(episode("m", LOSS))
    grown = _cases(episode("m", LOSS), episode("a", WIRING))
    kept, cleared = reconcile_cases(grown, {"old": ["z"], first.id: first.episodes})
    assert [case.id for case in kept] == [first.id]
    assert cleared == ["old"]


def test_two_cases_that_grew_together_keep_the_older_id() -> None:
    (case,) = _cases(episode("a", LOSS), episode("b", WIRING))
    kept, cleared = reconcile_cases([case], {"older": ["b"], "newer": ["a"]})
    assert [c.id for c in kept] == ["older"]
    assert cleared == ["newer"]
    assert kept[0] == replace(case, id="older")
