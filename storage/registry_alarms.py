"""What a channel or a route of alarms must be beyond the types of its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind
from pipeline.errors import Problem
from storage.registry_entries import Entry

TOKEN = "{token}"  # noqa: S105 - where a secret is put in, not one
_MAILBOX = re.compile(r"[^@\s,;]+@[^@\s,;]+")
_ROBOTS = frozenset({ChannelKind.WECOM, ChannelKind.DINGTALK, ChannelKind.FEISHU})
_EXPECTED: Mapping[ChannelKind, str] = {
    ChannelKind.EMAIL: "e-mail addresses like duty@example.com, divided by commas",
    ChannelKind.WEBHOOK: "an address like https://orders.example.com/alarms",
    ChannelKind.MQTT: "a topic like kilowatch/alarms, without + and #",
}


def alarm_problems(record: object, entry: Entry) -> Iterator[Problem]:
    """Yield what is wrong with a channel or a route; nothing for any other record."""
    if isinstance(record, AlarmChannel):
        yield from _channel_problems(record, entry)
    elif isinstance(record, AlarmRoute):
        yield from _route_problems(record, entry)


def _channel_problems(channel: AlarmChannel, entry: Entry) -> Iterator[Problem]:
    if channel.kind in _ROBOTS:
        if channel.address and not (_is_web(channel.address) and TOKEN in channel.address):
            yield entry.problem(
                "address",
                f"expected none, or an address with {TOKEN} in the place of the robot's key: the key itself "
                "comes from the environment or a file (docs/alarms.md), never from the archive",
            )
    elif not _fits(channel):
        yield entry.problem("address", f"expected {_EXPECTED[channel.kind]}, not {channel.address!r}")


def _route_problems(route: AlarmRoute, entry: Entry) -> Iterator[Problem]:
    if not route.channels and not route.teams:
        yield entry.problem("channels", "is missing: name channels, or teams of channels")
    if (route.quiet_from is None) != (route.quiet_to is None):
        missing = "quiet_from" if route.quiet_from is None else "quiet_to"
        yield entry.problem(missing, "is missing: quiet hours have a beginning and an end")
    elif route.quiet_from is not None and route.quiet_from == route.quiet_to:
        yield entry.problem("quiet_to", "is the same as quiet_from: the hours would never or always be quiet")


def _fits(channel: AlarmChannel) -> bool:
    if channel.kind is ChannelKind.EMAIL:
        return all(_MAILBOX.fullmatch(part.strip()) for part in channel.address.split(","))
    if channel.kind is ChannelKind.MQTT:
        return bool(channel.address) and not set(channel.address) & set("+#\0")
    return _is_web(channel.address)


def _is_web(address: str) -> bool:
    """Tell whether it is an http or https address that names a host and nobody's password."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
