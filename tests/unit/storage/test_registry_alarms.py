"""Wrong channels and routes are named by their keys, and no secret may stand in the archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind, Grade
from pipeline.errors import RegistryError
from storage.registry_files import read_registry

MAIL = '[[alarm_channel]]\nid = "c"\nkind = "email"\naddress = "a@b"\n'


def problems_of(folder: Path, text: str) -> list[str]:
    file = folder / "registry.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        read_registry(file)
    return [f"{problem.key}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "duty"),
        ("email", "a@b,"),
        ("webhook", "orders.example.com"),
        ("webhook", "file:///etc/passwd"),
        ("webhook", "https://user:secret@orders.example.com/"),
        ("webhook", "http://[::1"),
        ("mqtt", "alarms/#"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6"),
        ("dingtalk", "{token}"),
    ],
)
def test_a_wrong_address_is_named_with_what_was_expected(tmp_path: Path, kind: str, address: str) -> None:
    text = f'[[alarm_channel]]\nid = "c"\nkind = "{kind}"\naddress = "{address}"\n'
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith("address: expected ")


def test_a_channel_that_needs_an_address_has_one(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, '[[alarm_channel]]\nid = "c"\nkind = "webhook"\n')) == 1


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("", "channels: is missing: name channels, or teams of channels"),
        ('channels = ["d"]', "channels: there is no [[alarm_channel]] 'd'"),
        ('channels = ["c"]\nquiet_from = "22:00"', "quiet_to: is missing: quiet hours have"),
        ('channels = ["c"]\nquiet_from = "9:00"\nquiet_to = "10:00"', "quiet_from: expected a time of day"),
        ('channels = ["c"]\nquiet_from = "09:00"\nquiet_to = "09:00"', "quiet_to: is the same as quiet_from"),
        ('channels = ["c"]\nat_least = "bad"', "at_least: "),
        ('channels = ["c"]\nafter_min = -1', "after_min: expected a number above zero"),
    ],
)
def test_a_wrong_route_is_named_by_its_key(tmp_path: Path, keys: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, f'{MAIL}[[alarm_route]]\nid = "r"\n{keys}\n')
    assert found.startswith(problem)


def test_channels_and_routes_are_read(tmp_path: Path) -> None:
    file = tmp_path / "registry.toml"
    file.write_text(MAIL + '[[alarm_route]]\nid = "r"\nchannels = ["c"]\nat_least = "major"\n')
    registry = read_registry(file)
    assert registry.alarm_channels == [AlarmChannel(id="c", kind=ChannelKind.EMAIL, address="a@b")]
    assert registry.alarm_routes == [AlarmRoute(id="r", channels=("c",), at_least=Grade.MAJOR)]
