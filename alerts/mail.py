"""Sends a message as e-mail over SMTP, with STARTTLS or TLS from the first byte."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from alerts.outgoing import Outgoing, shown_answer
from pipeline.errors import DeliveryError

TIMEOUT_S = 20.0


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    """In clear until both agree on TLS; a server that cannot is refused (RFC 3207)."""
    TLS = "tls"
    """TLS at once (RFC 8314)."""
    NONE = "none"
    """For a server on this host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in, and by whom."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


def send_mail(server: MailServer, recipients: str, outgoing: Outgoing, at: datetime) -> str:
    """Hand one message in for all recipients, divided by commas, and return what the server answered.

    The ``Message-ID`` is the message's id: a repetition after a kill is the same mail.

    Raises:
        DeliveryError: If the server is away, or refuses the message or every recipient.
    """
    receivers = [part.strip() for part in recipients.split(",") if part.strip()]
    try:
        mail = mail_of(server.sender, receivers, outgoing, at)
        with _session(server) as session:
            refused = session.send_message(mail, from_addr=server.sender, to_addrs=receivers)
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryError(
            f"the mail server refused all recipients: {_refusals(error.recipients)}"
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError(
            f"the mail server {server.host}:{server.port} did not let us in ({error.smtp_code}). Next step: "
            "check KILOWATCH_SMTP_USERNAME and KILOWATCH_SMTP_PASSWORD"
        ) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise DeliveryError(
            f"the mail server {server.host}:{server.port} ({server.security}): {shown_answer(str(error))}"
        ) from error
    if refused:
        # Another attempt would give it to the others again.
        return f"accepted for {len(receivers) - len(refused)} recipients, refused: {_refusals(refused)}"
    return f"accepted for {len(receivers)} recipients"


def mail_of(sender: str, receivers: list[str], outgoing: Outgoing, at: datetime) -> EmailMessage:
    """Return the mail: plain text, marked as sent by a machine (RFC 3834)."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(receivers)
    mail["Subject"] = " ".join(outgoing.title.split())
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{outgoing.id}@kilowatch>"
    mail["Auto-Submitted"] = "auto-generated"
    link = "" if outgoing.url is None else f"\n{outgoing.url}\n"
    mail.set_content(f"{outgoing.text}\n{link}")
    return mail


@contextmanager
def _session(server: MailServer) -> Iterator[smtplib.SMTP]:
    context = server.tls or ssl.create_default_context()
    if server.security is Security.TLS:
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with session:
        if server.security is Security.STARTTLS:
            session.starttls(context=context)
        if server.username is not None:
            session.login(server.username, server.password or "")
        yield session


def _refusals(recipients: dict[str, tuple[int, bytes]]) -> str:
    told = (f"{who}: {code} {text.decode('utf-8', 'replace')}" for who, (code, text) in recipients.items())
    return shown_answer("; ".join(told))
