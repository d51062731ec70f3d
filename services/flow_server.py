"""The interface of Prefect's server over HTTP, for pages and commands that run no flow themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any  # Any: JSON as the server gives it

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import FlowServerError
from services.settings import load

QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Prefect tells its makers nothing when these variables are set, at the server and at whoever runs flows."""
CONNECT_S = 2.0
"""A page that waits for a server which is away is worse than one that says so."""
ANSWER_S = 8.0
"""A server on SQLite answers the questions of a page one after the other."""
START = "`prefect server start --host 127.0.0.1` starts one"
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
SHOWN = 300
"""Characters of an answer that an error shows."""


class FlowServerSettings(BaseSettings):
    """Prefect's own variables: ``PREFECT_API_URL`` and ``PREFECT_API_AUTH_STRING``."""

    model_config = SettingsConfigDict(env_prefix="PREFECT_API_", env_ignore_empty=True, frozen=True)

    url: str | None = Field(default=None, description="address of Prefect's API, with its /api")
    auth_string: SecretStr | None = Field(default=None, description="user:password of the server")

    def require_url(self) -> str:
        """Return the server's address.

        Raises:
            FlowServerError: If it is not set.
        """
        if self.url is None:
            raise not_named()
        return self.url.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowServer:
    """An open connection to Prefect's server."""

    url: str
    http: httpx.AsyncClient

    async def ask(self, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the answer to a question; with a body it is posted.

        Raises:
            FlowServerError: If the server is away, refuses us, or answers no JSON.
        """
        try:
            if body is None:
                response = await self.http.get(path)
            else:
                response = await self.http.post(path, json=body)
            if not response.is_success:
                raise refused(self.url, response)
            return response.json()
        except httpx.HTTPError as error:
            raise away(self.url, error) from error
        except ValueError as error:
            raise FlowServerError(
                f"{self.url} is no Prefect server: {error}; correct PREFECT_API_URL"
            ) from error


@asynccontextmanager
async def flow_server() -> AsyncIterator[FlowServer]:
    """Give the server that Prefect's variables name, for as long as its answers are read.

    Raises:
        FlowServerError: If none is named, the name is no address, or an answer lacks what Prefect's have.
    """
    settings = load(FlowServerSettings)
    url = settings.require_url()
    user, _, password = (settings.auth_string.get_secret_value() if settings.auth_string else "").partition(
        ":"
    )
    try:
        http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            auth=(user, password) if settings.auth_string else None,
            # A proxy of the surroundings has no business between two parts of one installation.
            trust_env=False,
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise away(url, error) from error
    async with http:
        try:
            yield FlowServer(url=url, http=http)
        except (LookupError, TypeError, ValueError) as error:
            raise FlowServerError(
                f"{url} answers otherwise than Prefect does ({error!r}): correct PREFECT_API_URL, or run a "
                "server of the version that `pip show prefect` names here"
            ) from error


def not_named() -> FlowServerError:
    """Return what is said when no server is named."""
    return FlowServerError(
        f"no Prefect server is named: set PREFECT_API_URL=http://127.0.0.1:4200/api; {START}"
    )


def away(url: str, error: Exception) -> FlowServerError:
    """Return what is said when a server does not answer."""
    return FlowServerError(
        f"no Prefect server answers at {url} ({str(error) or type(error).__name__}): start it ({START}), "
        "or correct PREFECT_API_URL"
    )


def refused(url: str, response: httpx.Response) -> FlowServerError:
    """Return what is said when a server answers with an error."""
    if response.status_code in REFUSED:
        return FlowServerError(
            f"the Prefect server at {url} wants a user and password: "
            "set PREFECT_API_AUTH_STRING=user:password, as the server's PREFECT_SERVER_API_AUTH_STRING has it"
        )
    return FlowServerError(
        f"the Prefect server at {url} answers {response.status_code} to {response.request.method} "
        f"{response.request.url.path}: {response.text[:SHOWN]}"
    )
