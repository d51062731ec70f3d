"""The request of a signed webhook, by Standard Webhooks 1.0.0.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import orjson

from alerts.outgoing import Outgoing
from pipeline.errors import ConfigError

PREFIX = "whsec_"


def signed_request(outgoing: Outgoing, secret: str | None, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a POST.

    ``webhook-id`` is the message's id: a receiver that has seen it drops the repetition.

    Raises:
        ConfigError: If the secret is not base64.
    """
    body = orjson.dumps(outgoing.document, option=orjson.OPT_SORT_KEYS)
    headers = {
        "content-type": "application/json",
        "webhook-id": outgoing.id,
        "webhook-timestamp": str(int(at.timestamp())),
    }
    if secret is not None:
        headers["webhook-signature"] = signature(key_of(secret), headers, body)
    return body, headers


def signature(key: bytes, headers: Mapping[str, str], body: bytes) -> str:
    """Return ``v1,`` and the base64 of HMAC-SHA256 over id, timestamp and body, divided by dots."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def key_of(secret: str) -> bytes:
    """Return the key of a secret: base64, with ``whsec_`` before it or not.

    Raises:
        ConfigError: If it is not base64 of 24 to 64 bytes, as the specification asks.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:  # noqa: PLR2004 - the specification's own bounds
        raise ConfigError(
            "the secret of a webhook is base64 of 24 to 64 random bytes, such as "
            "'whsec_' and the output of: openssl rand -base64 32"
        )
    return key
