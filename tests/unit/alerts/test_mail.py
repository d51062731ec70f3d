"""E-mail against a real server: protection, log-in, refusals, and mail that people and machines read."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.mail import MailServer, Security, send_mail
from alerts.outgoing import Outgoing
from pipeline.errors import DeliveryError
from tests.fix_alarm_receivers import PASSWORD, USER, Certificates, MailAddress, mail_server

WRONG = "wrong one"
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
NEWS = Outgoing(
    id="msg_1",
    title="【严重】新告警：通信中断，多处",
    text="异常 300 项，涉及电表 300 块",
    url="https://kilowatch.grid.example/incidents/0a",
    document={},
)


def server_at(address: MailAddress, security: Security = Security.NONE) -> MailServer:
    return MailServer(
        host=address.host, port=address.port, security=security, sender="kilowatch@grid.example"
    )


def test_a_mail_arrives_whole_with_the_id_of_the_message(mailbox: MailAddress) -> None:
    answer = send_mail(server_at(mailbox), "li@grid.example, wang@grid.example", NEWS, AT)
    assert answer == "accepted for 2 recipients"
    (mail,) = mailbox.mailbox.mails
    assert mailbox.mailbox.recipients == [["li@grid.example", "wang@grid.example"]]
    assert (mail["Subject"], mail["Message-ID"]) == (NEWS.title, "<msg_1@kilowatch>")
    assert (mail["Auto-Submitted"], mail["Date"].datetime) == ("auto-generated", AT)
    assert mail.get_content().splitlines() == [NEWS.text, "", NEWS.url]


def test_a_title_of_two_lines_adds_no_header(mailbox: MailAddress) -> None:
    send_mail(server_at(mailbox), "li@grid.example", replace(NEWS, title="a\nBcc: eve@x.example"), AT)
    (mail,) = mailbox.mailbox.mails
    assert (mail["Subject"], mail["Bcc"]) == ("a Bcc: eve@x.example", None)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_protected_mail_with_a_login(certificates: Certificates, security: Security) -> None:
    with mail_server(login=True, **{security.value: certificates.server}) as address:
        trusted = ssl.create_default_context(cafile=certificates.authority)
        server = replace(server_at(address, security), tls=trusted, username=USER, password=PASSWORD)
        send_mail(server, "li@grid.example", NEWS, AT)
        assert len(address.mailbox.mails) == 1
        with pytest.raises(DeliveryError, match="KILOWATCH_SMTP_PASSWORD") as caught:
            send_mail(replace(server, password=WRONG), "li@grid.example", NEWS, AT)
        assert WRONG not in str(caught.value)
        with pytest.raises(DeliveryError, match="certificate verify failed"):
            send_mail(replace(server, tls=None), "li@grid.example", NEWS, AT)


def test_a_server_without_starttls_gets_no_mail_in_clear(mailbox: MailAddress) -> None:
    with pytest.raises(DeliveryError, match="STARTTLS"):
        send_mail(server_at(mailbox, Security.STARTTLS), "li@grid.example", NEWS, AT)
    assert mailbox.mailbox.mails == []


@pytest.mark.parametrize("recipients", ["李@grid.example", "li@grid.example\nBcc: x@y", "<<@>>", "", " , "])
def test_recipients_that_are_none_are_an_error_and_nothing_else(
    mailbox: MailAddress, recipients: str
) -> None:
    try:
        send_mail(server_at(mailbox), recipients, NEWS, AT)
    except DeliveryError:
        assert mailbox.mailbox.mails == []


def test_refused_recipients_are_named(mailbox: MailAddress) -> None:
    mailbox.mailbox.refused = frozenset({"gone@grid.example"})
    answer = send_mail(server_at(mailbox), "li@grid.example, gone@grid.example", NEWS, AT)
    assert answer.startswith("accepted for 1 recipients, refused: gone@grid.example: 550")
    assert mailbox.mailbox.recipients == [["li@grid.example"]]
    with pytest.raises(DeliveryError, match="refused all recipients"):
        send_mail(server_at(mailbox), "gone@grid.example", NEWS, AT)


def test_a_server_that_is_away_is_named() -> None:
    server = MailServer(host="127.0.0.1", port=9, security=Security.NONE, sender="k@grid.example")
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:9"):
        send_mail(server, "li@grid.example", NEWS, AT)
