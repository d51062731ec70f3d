"""Who may fetch metrics: this host, or whoever has the token of the settings."""

from __future__ import annotations

import hmac
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pipeline.errors import ConfigError

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Headers of a proxy: behind one nobody knows whether the other end is this host."""
_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Permit:
    """The rule; metrics name buses and areas, so they are not for everybody."""

    token: str | None = None
    """None: only this host may ask."""

    def admits(self, host: str, authorization: str | None, headers: Container[str] = ()) -> bool:
        """Tell whether somebody at the address ``host`` may see metrics, by what the request carries."""
        if self.token is not None:
            given = authorization or ""
            scheme, value = given[: len(_SCHEME)].lower(), given[len(_SCHEME) :].strip()
            return scheme == _SCHEME and hmac.compare_digest(value.encode(), self.token.encode())
        return _is_loopback(host) and not any(name in headers for name in FORWARDED)


def permit_of(token_file: Path | None) -> Permit:
    """Return the rule that the settings ask for.

    Raises:
        ConfigError: If the file cannot be read or is empty.
    """
    if token_file is None:
        return Permit()
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"KILOWATCH_METRICS_TOKEN_FILE={token_file}: cannot be read ({error}); "
            "name a file that holds the token"
        ) from error
    if not token:
        raise ConfigError(
            f"KILOWATCH_METRICS_TOKEN_FILE={token_file}: the file is empty; put a token into it"
        )
    return Permit(token)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
