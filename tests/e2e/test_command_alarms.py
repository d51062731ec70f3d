"""``kilowatch alarms`` as a new user sets it up: a file of channels and routes, a test, a look, an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from storage.database import connect
from storage.registry import load_registry, save_registry
from tests.alarm_archive import SLOT, feeder, read
from tests.e2e.command import kilowatch
from tests.fix_alarm_receivers import MailAddress, Receiver

ALARMS = """
[[alarm_channel]]
id = "duty"
kind = "email"
address = "duty@grid.example"

[[alarm_channel]]
id = "north-group"
kind = "dingtalk"
address = "{url}/robot/send?access_token={{token}}"

[[alarm_route]]
id = "all"
channels = ["duty", "north-group"]
"""


@pytest.fixture
def settings(database_url: str, mailbox: MailAddress, tmp_path: Path) -> dict[str, str]:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    for name in ("north-group.token", "north-group.secret"):
        (secrets / name).write_text("hush-hush\n")
        (secrets / name).chmod(0o600)
    return {
        "KILOWATCH_DATABASE_URL": database_url,
        "KILOWATCH_SPOOL_DIR": str(tmp_path / "spool"),
        "KILOWATCH_SMTP_HOST": mailbox.host,
        "KILOWATCH_SMTP_PORT": str(mailbox.port),
        "KILOWATCH_SMTP_SECURITY": "none",
        "KILOWATCH_SMTP_FROM": "kilowatch@grid.example",
        "KILOWATCH_ALARM_SECRETS_DIR": str(secrets),
    }


def test_a_storm_is_told_once_and_taken_on(
    database_url: str, settings: dict[str, str], mailbox: MailAddress, receiver: Receiver, tmp_path: Path
) -> None:
    with connect(database_url) as connection:
        save_registry(connection, feeder(60))
        meters = [meter.id for meter in load_registry(connection).meters]
        now = datetime.now(UTC)
        read(connection, meters, [now - n * SLOT for n in range(6)], got=False)
    file = tmp_path / "alarms.toml"
    file.write_text(ALARMS.format(url=receiver.url), encoding="utf-8")
    imported = kilowatch("registry", "import", str(file), settings=settings)
    assert imported.status == 0, imported.err

    tried = kilowatch("alarms", "test", "north-group", settings=settings)
    assert (tried.status, tried.out.startswith("north-group: HTTP 200")) == (0, True), tried.err
    assert receiver.requests[0].path.startswith("/robot/send?access_token=hush-hush&timestamp=")
    unknown = kilowatch("alarms", "test", "nobody", settings=settings)
    assert unknown.status == 1
    assert "there are duty, north-group" in unknown.err

    run = kilowatch("alarms", "run", "--json", settings=settings)
    assert run.status == 0, run.err
    assert run.lines[0]["looked"]["opened"] == 1
    assert run.lines[0]["delivered"] == {"sent": 2, "failed": 0}
    assert [mail["Subject"] for mail in mailbox.mailbox.mails] == ["【严重】新告警：通信中断，多处"]
    told = orjson.loads(receiver.requests[1].body)
    assert "电表失联：60" in told["markdown"]["text"]
    again = kilowatch("alarms", "run", "--json", settings=settings)
    assert again.lines[0]["delivered"] == {"sent": 0, "failed": 0}

    (incident,) = kilowatch("alarms", "list", "--json", settings=settings).lines
    assert (incident["meters"], incident["acknowledged_by"]) == (60, None)
    shown = kilowatch("alarms", "list", settings=settings)
    assert "Communication lost" in " ".join(shown.out.split())
    note = ("--note", "crew is on its way", "--json")
    taken = kilowatch("alarms", "ack", incident["id"], *note, settings=settings)
    assert taken.lines == [{"id": incident["id"], "acknowledged": True}]
    (incident,) = kilowatch("alarms", "list", "--json", settings=settings).lines
    assert incident["note"] == "crew is on its way"
    assert kilowatch("alarms", "ack", "none", settings=settings).status == 1


def test_a_secret_never_comes_out(
    database_url: str, settings: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status, receiver.answer = 500, b"no page /robot/send?access_token=hush-hush"
    file = tmp_path / "alarms.toml"
    file.write_text(ALARMS.format(url=receiver.url), encoding="utf-8")
    kilowatch("registry", "import", str(file), settings=settings)
    failed = kilowatch("alarms", "test", "north-group", settings=settings)
    assert failed.status == 1
    assert "HTTP 500" in failed.err
    assert "hush" not in failed.out + failed.err
    exported = tmp_path / "exported.toml"
    kilowatch("registry", "export", str(exported), settings=settings)
    assert "north-group" in exported.read_text(encoding="utf-8")
    assert "hush" not in exported.read_text(encoding="utf-8")
    with connect(database_url) as connection:
        rows = connection.execute("SELECT * FROM alarm_channel").fetchall()
    assert "hush" not in str(rows)
