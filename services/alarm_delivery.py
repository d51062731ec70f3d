"""Sends the messages that are due, each over its channel, and keeps what every attempt brought."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.mail import send_mail
from alerts.outgoing import Outgoing, shown_answer
from alerts.posting import post
from alerts.robots import ROBOTS, robot_of, robot_refusal, robot_request
from alerts.topics import publish
from alerts.webhook import signed_request
from alerts.wording import worded
from pipeline.alarms.contents import TEST
from pipeline.alarms.records import AlarmChannel, ChannelKind
from pipeline.alarms.retries import next_attempt_after
from pipeline.errors import ConfigError, DeliveryError
from services.alarm_settings import AlarmSettings, alarm_broker
from services.settings import Settings
from services.wiring import utc_now
from storage.database import Connection
from storage.notifications import Message, attempts_since, claim_messages, record_attempt
from storage.registry import load_alarm_book

CLAIM: Final = timedelta(minutes=5)
"""Longer than an attempt can last: a message of a killed sender is anybody's again after it."""
AT_ONCE: Final = 8
MINUTE: Final = timedelta(minutes=1)
SPARE: Final = 5
"""Messages a minute that a robot is spared: our minute is not the service's, and others may use it too."""
LONGEST: Final = timedelta(seconds=50)
"""A run sends no more after it: the next one is due."""

_log = logging.getLogger("kilowatch.alarms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a run of sending brought."""

    sent: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    message: Message
    succeeded: bool
    answer: str


def deliver(
    connection: Connection,
    settings: Settings,
    alarm_settings: AlarmSettings,
    clock: Callable[[], datetime] = utc_now,
    go_on: Callable[[], bool] = lambda: True,
) -> Delivered:
    """Send what is due; a channel that fails costs the others nothing but their share of the time.

    Args:
        connection: The database.
        settings: Of this process.
        alarm_settings: With what channels need.
        clock: What the time is.
        go_on: Asked before each part: a process that is told to stop begins no other.

    Raises:
        StorageError: If the database is away: what was sent and not recorded is sent again under its id.
    """
    begun, sent, failed = clock(), 0, 0
    channels = {c.id: c for c in load_alarm_book(connection).alarm_channels}

    def attempt(message: Message) -> _Attempt:
        return _attempt(message, channels, settings, alarm_settings, clock())

    with ThreadPoolExecutor(max_workers=AT_ONCE) as senders:
        while go_on() and clock() - begun < LONGEST:
            room = _room(attempts_since(connection, clock() - MINUTE), channels)
            taken = claim_messages(connection, now=clock(), lasting=CLAIM, most=AT_ONCE, room=room)
            if not taken:
                break
            tried = {senders.submit(attempt, message): message for message in taken}
            for done in as_completed(tried):
                unexpected = done.exception()
                outcome = done.result() if unexpected is None else _broken(tried[done], unexpected)
                _record(connection, outcome, clock())
                sent += outcome.succeeded
                failed += not outcome.succeeded
            # Ours to mend, and told as such, once what the others brought is kept.
            for done in tried:
                done.result()
    return Delivered(sent=sent, failed=failed)


def send(
    channel: AlarmChannel,
    outgoing: Outgoing,
    settings: Settings,
    alarm_settings: AlarmSettings,
    at: datetime,
) -> str:
    """Send one message over one channel and return what was answered.

    Raises:
        DeliveryError: If it was not taken.
        ConfigError: If the channel's server, token or secret is missing or wrong.
    """
    if channel.kind is ChannelKind.EMAIL:
        return send_mail(alarm_settings.mail_server(), channel.address, outgoing, at)
    if channel.kind is ChannelKind.MQTT:
        return publish(alarm_broker(settings), channel.address, outgoing)
    token = alarm_settings.secret(channel.id, "token")
    try:
        answer = _post(channel, _with_token(channel, token), outgoing, alarm_settings, at)
    except DeliveryError as error:
        raise DeliveryError(_without(token, str(error))) from None
    return _without(token, answer)


def _post(
    channel: AlarmChannel, address: str, outgoing: Outgoing, alarm_settings: AlarmSettings, at: datetime
) -> str:
    """Send one message to a webhook or robot and return what was answered.

    Raises:
        DeliveryError: If it was not taken.
        ConfigError: If the secret is none.
    """
    secret = alarm_settings.secret(channel.id, "secret")
    headers = {"content-type": "application/json"}
    if channel.kind is ChannelKind.WEBHOOK:
        body, headers = signed_request(outgoing, secret, at)
    else:
        address, body = robot_request(channel.kind, address, outgoing, secret, at)
    answer = post(alarm_settings.web(), address, body, headers, time.monotonic)
    refusal = None if channel.kind is ChannelKind.WEBHOOK else robot_refusal(channel.kind, answer.body)
    if refusal is not None:
        raise DeliveryError(f"the robot refused: {shown_answer(refusal)}")
    return answer.shown


def send_test(
    channel: AlarmChannel,
    language: str,
    settings: Settings,
    alarm_settings: AlarmSettings,
    now: datetime,
) -> str:
    """Send a message that says that it is a test, and return what was answered.

    Raises:
        DeliveryError: If it was not taken.
        ConfigError: If the channel's server, token or secret is missing or wrong.
    """
    content = {"occasion": TEST, "channel": channel.id}
    number = f"msg_test_{channel.id}_{int(now.timestamp())}"
    return send(channel, worded(number, content, language, now), settings, alarm_settings, now)


def _room(begun: Mapping[str, int], channels: Mapping[str, AlarmChannel]) -> dict[str, int]:
    """Return how many messages each robot takes now: what is beyond it waits, and is not refused for it."""
    return {
        channel.id: max(robot_of(channel.kind).most_a_minute - SPARE - begun.get(channel.id, 0), 0)
        for channel in channels.values()
        if channel.kind in ROBOTS
    }


def _attempt(
    message: Message,
    channels: Mapping[str, AlarmChannel],
    settings: Settings,
    alarm_settings: AlarmSettings,
    at: datetime,
) -> _Attempt:
    channel = channels.get(message.channel)
    if channel is None or not channel.enabled:
        return _Attempt(message=message, succeeded=False, answer="the channel is not in the archive, or off")
    outgoing = worded(message.id, message.content, message.language, message.planned_at)
    try:
        answer = send(channel, outgoing, settings, alarm_settings, at)
    except (DeliveryError, ConfigError) as error:
        return _Attempt(message=message, succeeded=False, answer=shown_answer(str(error)))
    return _Attempt(message=message, succeeded=True, answer=answer)


def _broken(message: Message, unexpected: BaseException) -> _Attempt:
    return _Attempt(
        message=message, succeeded=False, answer=f"a fault of Kilowatch: {type(unexpected).__name__}"
    )


def _record(connection: Connection, outcome: _Attempt, at: datetime) -> None:
    message = outcome.message
    wait = next_attempt_after(message.attempts)
    fields = {"channel": message.channel, "message": message.id, "attempt": message.attempts}
    if outcome.succeeded:
        _log.info("alarms.sent %s", fields)
    else:
        _log.warning("alarms.not_sent %s: %s", fields, outcome.answer)
    record_attempt(
        connection,
        message,
        succeeded=outcome.succeeded,
        answer=outcome.answer,
        at=at,
        next_attempt_at=None if wait is None else at + wait,
    )


def _with_token(channel: AlarmChannel, token: str | None) -> str:
    """Return the address of a webhook or robot with its token in place."""
    is_robot = channel.kind is not ChannelKind.WEBHOOK
    address = channel.address or (robot_of(channel.kind).address if is_robot else "")
    if "{token}" not in address:
        return address
    if token is None:
        raise ConfigError(
            f"channel {channel.id}: its address wants a token; docs/alarms.md says where secrets are told"
        )
    return address.replace("{token}", token)


def _without(token: str | None, text: str) -> str:
    """Return what may be kept of an answer that repeats our own address."""
    return text if token is None else text.replace(token, "***")
