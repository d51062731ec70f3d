"""pymodbus's own servers on every kind of line, each on a loop in a thread, and certificates for one."""

from __future__ import annotations

import asyncio
import os
import pty
import ssl
import subprocess
import threading
import tty
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

TIMEOUT_S = 10.0
UNIT = 5


def registers_at(address: int, values: Sequence[int]) -> SimDevice:
    """Return a device that has these registers and no others."""
    return SimDevice(
        UNIT, simdata=[SimData(address, values=list(values), datatype=DataType.REGISTERS, readonly=True)]
    )


def floats_at(address: int, values: Sequence[float]) -> SimDevice:
    """Return a device with floats, the high word first."""
    return SimDevice(
        UNIT, simdata=[SimData(address, values=list(values), datatype=DataType.FLOAT32, readonly=True)]
    )


@contextmanager
def served(
    device: SimDevice, *, framer: FramerType = FramerType.SOCKET, secured: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serve a device on a port of this machine; gives the port."""
    address = ("127.0.0.1", 0)
    with running_loop() as loop:

        async def start() -> ModbusTcpServer:
            server = (
                ModbusTlsServer(device, framer=framer, address=address, sslctx=secured)
                if secured
                else ModbusTcpServer(device, framer=framer, address=address)
            )
            await server.serve_forever(background=True)
            return server

        async def stop(server: ModbusTcpServer) -> None:
            await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it bare

        server = loop.run(start())
        assert isinstance(server.transport, asyncio.Server)
        try:
            yield server.transport.sockets[0].getsockname()[1]
        finally:
            loop.run(stop(server))


@contextmanager
def served_on_a_cable(device: SimDevice) -> Iterator[str]:
    """Serve a device in RTU at the far end of a serial cable; gives the port at the near end."""
    with running_loop() as loop, _cable(loop) as (near, far):

        async def start() -> ModbusSerialServer:
            server = ModbusSerialServer(device, framer=FramerType.RTU, port=far, baudrate=9600)
            await server.serve_forever(background=True)
            return server

        async def stop(server: ModbusSerialServer) -> None:
            await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it bare

        server = loop.run(start())
        try:
            yield near
        finally:
            loop.run(stop(server))


@contextmanager
def _cable(loop: RunningLoop) -> Iterator[tuple[str, str]]:
    """Join two pseudo-terminals: what goes in at one comes out at the other."""
    ends = [pty.openpty() for _ in range(2)]
    for _, port in ends:
        tty.setraw(port)
    (first, _), (second, _) = ends

    async def join() -> None:
        asyncio.get_running_loop().add_reader(first, _pass_on, first, second)
        asyncio.get_running_loop().add_reader(second, _pass_on, second, first)

    async def part() -> None:
        for end in (first, second):
            asyncio.get_running_loop().remove_reader(end)

    loop.run(join())
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        loop.run(part())
        for end in ends:
            for descriptor in end:
                os.close(descriptor)


def _pass_on(here: int, there: int) -> None:
    os.write(there, os.read(here, 4096))


@dataclass(frozen=True, slots=True)
class RunningLoop:
    """An event loop that runs in a thread."""

    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # Any: a coroutine's own types
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT_S)


@contextmanager
def running_loop() -> Iterator[RunningLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield RunningLoop(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()


@dataclass(frozen=True, slots=True)
class Authority:
    """A private certificate authority and what it has signed, as files in PEM form."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def sign(self, name: str, subject: str) -> tuple[Path, Path]:
        """Return certificate and key for a name such as ``DNS:meter``."""
        key, asked, signed = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extension = self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={subject}\n", encoding="utf-8")
        _openssl("req", "-new", *_NEW_KEY, "-keyout", key, "-out", asked, "-subj", f"/CN={name}")
        _openssl(
            *("x509", "-req", "-in", asked, "-CA", self.certificate, "-CAkey", self.folder / "ca.key"),
            *("-CAcreateserial", "-days", "2", "-extfile", extension, "-out", signed),
        )
        return signed, key

    def server(self) -> ssl.SSLContext:
        """Return how a server of this authority that wants certificates of its clients speaks."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.certificate)
        context.load_cert_chain(*self.sign("server", "DNS:meter,IP:127.0.0.1"))
        context.verify_mode = ssl.CERT_REQUIRED
        return context


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_authority(folder: Path) -> Authority:
    """Make a private authority in a folder."""
    key, certificate = folder / "ca.key", folder / "ca.pem"
    _openssl(
        *("req", "-x509", *_NEW_KEY, "-days", "2", "-subj", "/CN=private authority"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", key, "-out", certificate),
    )
    return Authority(folder)


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)  # noqa: S603, S607 - the system's own, as tests/integration needs it
