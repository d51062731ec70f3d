"""What is fuzzed: conversations with sound answers, and everything that takes bytes from a line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import DecodeError, FrameError, WireError
from pipeline.model import Value
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645 import orders
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.catalogue import measured_items
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import FROM_METER, Frame
from protocols.dlt645.memory_planner import freeze_queries, load_record_queries
from protocols.dlt645.questions import read_query
from protocols.dlt645.replay import read_answer, replay
from protocols.dlt645.session import Dlt645Session
from protocols.modbus.driver import modbus_driver, with_framing
from protocols.modbus.framing import Framing
from protocols.profile import Profile
from protocols.session import NEED_DATA, Answer, Dropped, Query, Refused, Session
from services.explain import explain_frame, explain_without_passwords
from services.wiring import load_profiles
from simulators.dlt645_meter import Dlt645Meter
from simulators.modbus_meter import ModbusMeter

ADDRESS = "201908310042"
UNIT = "17"
NOW = datetime(2026, 3, 10, 2, 20, tzinfo=UTC)
VECTORS = Path(__file__).parents[1] / "data" / "dlt645_vectors.json"


class UnexpectedError(AssertionError):
    """Bytes led to what must never happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A question and the sound answer to it."""

    query: Query
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One protocol in one framing: how to talk, and what a meter of it takes."""

    name: str
    talks: Sequence[Talk]
    session: Callable[[], Session]
    meter: Callable[[], Callable[[bytes], bytes]]
    """Makes a simulated meter; it takes bytes and returns its answer."""


class Constant:
    """A meter whose every value is the same, but for the ones that are absent."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        """Return a value for every scalar quantity."""
        return {quantity: 42.125 for quantity in Quantity if not quantity.value.endswith("_at")}


def subjects() -> Sequence[Subject]:
    """Return what is fuzzed."""
    return (_dlt645(), *(_modbus(framing) for framing in Framing))


def hear(session: Session, query: Query, chunks: Sequence[bytes]) -> tuple[str, Mapping[Quantity, Value]]:
    """Return what a session makes of bytes that follow its question: a word, and an answer's values."""
    session.ask(query)
    word: str = "nothing"
    values: Mapping[Quantity, Value] = {}
    for chunk in chunks:
        session.receive_data(chunk)
        while (event := session.next_event()) is not NEED_DATA:
            match event:
                case Answer():
                    word, values = "answer", event.values
                case Refused():
                    word = "refused"
                case Dropped(reason=reason):
                    word = word if word in ("answer", "refused") else f"dropped: {reason}"
    return word, values


def explain(raw: bytes) -> str:
    """Return whether ``kilowatch decode`` explains the bytes or refuses them by name."""
    try:
        explain_frame(raw)
        explain_without_passwords(raw)
    except WireError:
        return "refused by name"
    return "explained"


def read_alike(frames: Sequence[bytes], decoder: Decoder) -> int:
    """Return how many stored frames have values; one by one and many at once must agree on which.

    Raises:
        UnexpectedError: If they do not.
    """
    done = replay(frames, decoder)
    singles = {row for row, raw in enumerate(frames) if _has_values(raw, decoder)}
    if singles != set(range(len(frames))) - set(done.left.tolist()):
        raise UnexpectedError("bulk replay and single frames disagree")
    return len(singles)


def _has_values(raw: bytes, decoder: Decoder) -> bool:
    try:
        read_answer(raw, decoder)
    except (FrameError, DecodeError):
        return False
    return True


def chunked(chance: random.Random, raw: bytes) -> Sequence[bytes]:
    """Cut bytes into one to three chunks."""
    cuts = sorted(chance.randrange(len(raw) + 1) for _ in range(chance.randrange(3)))
    return [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


def captured_frames() -> Sequence[bytes]:
    """Return every frame of the test vectors, preamble included."""
    return [bytes.fromhex(vector["hex"]) for vector in json.loads(VECTORS.read_text())["vectors"]]


def _dlt645() -> Subject:
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    day = datetime(2026, 3, 8, tzinfo=UTC)
    queries = [read_query(item.wire, 200) for item in measured_items()]
    queries += load_record_queries(day, NOW, minutes=15, load_class=4, zone=DEFAULT_ZONE)
    queries += freeze_queries(day, NOW, (1, 2), DEFAULT_ZONE, 3)

    def meter() -> Callable[[bytes], bytes]:
        return Dlt645Meter(
            ADDRESS, Constant(), lambda: NOW, memory_from=datetime(2026, 3, 1, tzinfo=UTC)
        ).receive

    return Subject(
        name="DL/T 645",
        talks=[*_talks(queries, lambda: Dlt645Session(ADDRESS, decoder), meter()), *_obeyed()],
        session=lambda: Dlt645Session(ADDRESS, decoder),
        meter=meter,
    )


def _obeyed() -> Sequence[Talk]:
    """Return orders with the answers of the standard's clause 7: most of them have no data."""
    who = Authority(password=Password(4, "123456"), operator="00000001")
    given = [
        (orders.write(bytes.fromhex("03010004"), b"\x15", who), b""),
        (orders.freeze("99999999"), b""),
        (orders.change_rate(9600), b"\x20"),
        (orders.change_password(who.password, who.password), who.password.wire),
        (orders.reset_demand(who), b""),
        (orders.clear_events(who), b""),
        (orders.authenticate(bytes(4), who.operator, b"\x01"), bytes(4) + b"\x02"),
    ]
    return [
        Talk(query=query, answer=Frame(ADDRESS, query.body[0] | FROM_METER, data).encode())
        for query, data in given
    ]


def _modbus(framing: Framing) -> Subject:
    profile: Profile = with_framing(load_profiles()["eastron_sdm630"], framing)
    driver = modbus_driver(profile, Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    queries = driver.plan(profile.quantities)

    def meter() -> Callable[[bytes], bytes]:
        return ModbusMeter(int(UNIT), profile, Constant(), lambda: NOW, framing=framing).receive

    return Subject(
        name=f"Modbus {framing.value}",
        talks=_talks(queries, lambda: driver.session(UNIT), meter()),
        session=lambda: driver.session(UNIT),
        meter=meter,
    )


def _talks(
    queries: Sequence[Query], session: Callable[[], Session], meter: Callable[[bytes], bytes]
) -> Sequence[Talk]:
    """Ask a simulated meter everything once."""
    talks = [Talk(query=query, answer=meter(session().ask(query))) for query in queries]
    return [talk for talk in talks if talk.answer]
