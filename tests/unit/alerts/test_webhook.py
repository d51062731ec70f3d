"""Signed webhooks: the specification's own vector."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import orjson
import pytest

from alerts.outgoing import Outgoing
from alerts.webhook import key_of, signature, signed_request
from pipeline.errors import ConfigError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's own example
AT = datetime.fromtimestamp(1614265330, UTC)


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), f" {SECRET}\n"])
def test_the_signature_is_that_of_the_reference_libraries(secret: str) -> None:
    """Source: standard-webhooks, libraries/javascript/src/webhook.test.ts, "sign function works"."""
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}
    signed = signature(key_of(secret), headers, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_bears_its_id_and_time_and_without_a_secret_no_signature() -> None:
    outgoing = Outgoing(id="msg_1", title="", text="", url=None, document={"type": "incident.opened"})
    body, headers = signed_request(outgoing, None, AT)
    assert orjson.loads(body) == {"type": "incident.opened"}
    assert headers == {
        "content-type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": "1614265330",
    }
    assert signed_request(outgoing, SECRET, AT)[1]["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    "secret", ["", "no base64!", base64.b64encode(bytes(23)).decode(), base64.b64encode(bytes(65)).decode()]
)
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand") as caught:
        key_of(secret)
    assert not secret or secret not in str(caught.value)
