"""A slot that is not shared leaves the loss of a day what the others show, whoever lacks it."""

import numpy as np
import pytest

from analysis.shared_slots import Bridge, Side, bridge

NAN = np.nan
USED = np.array([1.0, 1.0, 1.0, 5.0])


def _side(slots: list[list[float]], day_kwh: list[float], *, is_open: bool = True) -> Side:
    return Side(
        slots_kwh=np.array(slots), day_kwh=np.array(day_kwh), is_open=np.full(len(slots), is_open, np.bool_)
    )


def _members(count: int = 2) -> Side:
    return _side([USED.tolist()] * count, [8.0] * count)


def test_a_gap_of_the_supply_is_what_the_members_drew_and_the_mean_loss_of_the_others() -> None:
    # 2 x 1 drawn and 0.5 lost in each of three slots; 2 x 5 in the fourth, of which the supply is unknown.
    assert bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), _members()) == Bridge(10.5, 0.0)


def test_of_two_supplies_the_missing_one_brought_what_the_other_did_not() -> None:
    # A tie takes 1 kWh on in every slot: the first meter shows 3.5, and in the fourth slot 11.5.
    tie = [-1.0, -1.0, -1.0, -1.0]
    first = [3.5, 3.5, 3.5, NAN]
    assert bridge(_side([first, tie], [10.5, -4.0]), _members()) == Bridge(11.5, 0.0)
    first, tie = [3.5, 3.5, 3.5, 11.5], [-1.0, -1.0, -1.0, NAN]
    assert bridge(_side([first, tie], [22.0, -3.0]), _members()) == Bridge(-1.0, 0.0)


def test_a_slot_that_many_members_lack_is_the_supply_less_the_mean_loss() -> None:
    # From beside stand 1 kWh in for each of the two: 10 kWh were drawn, so 8 lack.
    members = _side([[1.0, 1.0, 1.0, NAN]] * 2, [4.0] * 2)
    assert bridge(_side([[2.5, 2.5, 2.5, 10.5]], [18.0]), members) == Bridge(0.0, 8.0)


def test_where_both_lack_a_slot_the_supply_follows_what_stands_in_for_the_members() -> None:
    members = _side([[1.0, 1.0, 1.0, NAN]] * 2, [4.0] * 2)
    assert bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), members) == Bridge(2.5, 0.0)


def test_members_known_by_registers_alone_tell_nothing_of_a_gap() -> None:
    closed = _side([[NAN] * 4] * 2, [8.0] * 2, is_open=False)
    found = bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), closed)
    assert np.isnan(found.supply_kwh)
    assert found.members_kwh == 0.0


def test_a_register_that_closes_another_gap_stands_in_its_own_slots() -> None:
    # One member lacks the first slot, his register tells 8: 1 kWh lies in it, and none of it in the gap.
    members = Side(
        slots_kwh=np.array([USED, [NAN, 1.0, 1.0, 5.0]]),
        day_kwh=np.array([8.0, 8.0]),
        is_open=np.array([True, False]),
    )
    assert bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), members) == Bridge(10.5, 0.0)


def test_a_supply_that_its_register_closes_is_no_gap() -> None:
    supply = _side([[2.5, NAN, 2.5, 10.5]], [18.0], is_open=False)
    assert bridge(supply, _members()) == Bridge(0.0, 0.0)


def test_few_shared_slots_tell_nothing() -> None:
    found = bridge(_side([[2.5, NAN, NAN, NAN]], [2.5]), _members())
    assert np.isnan(found.supply_kwh)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_at_random_bias_no_loss(seed: int) -> None:
    random = np.random.default_rng(seed)
    used = random.gamma(2.0, 0.2, (40, 96)) * (1.0 + 2.0 * (np.arange(96) >= 72))
    lost = 0.2 + 0.001 * used.sum(axis=0) ** 2
    supplied = used.sum(axis=0) + lost
    off = []
    for slot in range(96):
        gap = supplied.copy()
        gap[slot] = NAN
        found = bridge(
            _side([gap.tolist()], [float(np.nansum(gap))]), _side(used.tolist(), used.sum(1).tolist())
        )
        off.append(found.supply_kwh - supplied[slot])
    # Each slot's own loss is unlike the mean, all of them together are not.
    assert np.mean(off) == pytest.approx(0.0, abs=1e-9)
    assert np.abs(off).max() < 0.01 * supplied.sum()


def test_what_a_day_has_beyond_its_slots_lies_in_each_of_them() -> None:
    # Registers alone tell that the second member fed 0.04 kWh in: 0.01 a slot, so 0.51 are lost in each.
    members = _side([USED.tolist()] * 2, [8.0, 7.96])
    assert bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), members).supply_kwh == pytest.approx(10.5)
    # A tenth of what is supplied is too much to lie anywhere.
    members = _side([USED.tolist()] * 2, [8.0, 7.0])
    assert np.isnan(bridge(_side([[2.5, 2.5, 2.5, NAN]], [7.5]), members).supply_kwh)
