"""What tests of alarms look with: settings that send mail to the tests' mail server, and a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.mail import Security
from services.alarm_settings import AlarmSettings
from storage.database import Connection, connect
from tests.fix_alarm_receivers import MailAddress


@pytest.fixture
def alarm_settings(mailbox: MailAddress) -> AlarmSettings:
    """How messages are sent: mail to the server on the loopback."""
    return AlarmSettings(
        smtp_host=mailbox.host,
        smtp_port=mailbox.port,
        smtp_security=Security.NONE,
        smtp_from="kilowatch@grid.example",
        dashboard_url="https://k.grid.example",
    )


@pytest.fixture
def alarm_database(database_url: str) -> Iterator[Connection]:
    """A connection to a fresh database on TimescaleDB."""
    with connect(database_url) as connection:
        yield connection
