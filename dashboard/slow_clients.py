"""Lets go of those who open a connection and then send, or take, next to nothing (slowloris)."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final, TypedDict

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_WITHIN_S: Final = 20.0
"""From the first byte (or the opened connection) to the last one of head and body."""
TAKES_AGAIN_WITHIN_S: Final = 60.0
"""So long a receiver may take nothing of an answer that waits for it."""


_UNFINISHED: Final = ("IDLE", "SEND_BODY")
"""The states of h11 in which the other side has not sent its request to the end."""


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP, which alone would wait for ever for the rest of a request or for a reader."""

    request_within_s: ClassVar[float] = REQUEST_WITHIN_S
    takes_again_within_s: ClassVar[float] = TAKES_AGAIN_WITHIN_S
    _request_due: asyncio.TimerHandle | None = None
    _taking_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_for_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is complete is waited for no longer."""
        super().data_received(data)
        if repr(self.conn.their_state) in _UNFINISHED:
            self._wait_for_request()
        else:
            self._end_waiting_for_request()

    def pause_writing(self) -> None:
        """Begin to wait for the receiver."""
        super().pause_writing()
        self._end_waiting_for_receiver()
        self._taking_due = self.loop.call_later(self.takes_again_within_s, self._let_go)

    def resume_writing(self) -> None:
        """See that the receiver takes again."""
        self._end_waiting_for_receiver()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._end_waiting_for_request()
        self._end_waiting_for_receiver()
        super().connection_lost(exc)

    def _wait_for_request(self) -> None:
        if self._request_due is None:
            self._request_due = self.loop.call_later(self.request_within_s, self._let_go)

    def _end_waiting_for_request(self) -> None:
        if self._request_due is not None:
            self._request_due.cancel()
            self._request_due = None

    def _end_waiting_for_receiver(self) -> None:
        if self._taking_due is not None:
            self._taking_due.cancel()
            self._taking_due = None

    def _let_go(self) -> None:
        self.transport.abort()


class Guards(TypedDict):
    """What uvicorn is told beside where it listens."""

    http: type[asyncio.Protocol]
    ws: str
    limit_concurrency: int


GUARDS: Final[Guards] = {"http": PatientProtocol, "ws": "none", "limit_concurrency": 2000}
"""No web sockets; more connections than that are answered 503."""
