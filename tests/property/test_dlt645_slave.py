"""A simulated DL/T 645 meter of either edition against anything that may stand on its line."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame, is_whole
from protocols.dlt645.framer import Framer
from protocols.dlt645.questions import read_query
from protocols.dlt645.relay import Control
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.version import Version
from protocols.session import NEED_DATA, Answer, Query, Refused
from simulators.dlt645.traits import Traits
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from simulators.line import Slave
from tests.property.test_dlt645_catalogue import identifiers, versions
from tests.unit.simulators.dlt645.bench import (
    ADDRESS,
    CLEAR_KEY,
    NOW,
    ZONE,
    Clock,
    Load,
    digits,
    meter,
    numbers,
    read,
    write,
)

addresses = st.sampled_from([ADDRESS, "AAAAAAAAAAAA", "AAAAAAAA9012", "999999999999", "000000000001"])
any_identifiers = st.builds(
    lambda *codes: bytes(codes),
    st.sampled_from([0, 1, 2, 3, 12, 255]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from([*range(7), 0x10, 0x1D]),
)
keys = st.sampled_from([bytes(4), CLEAR_KEY, b"\x04\x11\x11\x11"])
sensible = st.builds(
    lambda wire, key, operator, rest: wire + key + operator + rest,
    any_identifiers, keys, st.binary(min_size=4, max_size=4), st.binary(max_size=60),
)  # fmt: skip
signed = st.builds(
    lambda key, operator, rest: key + operator + rest,
    keys, st.binary(min_size=4, max_size=4), st.binary(max_size=12),
)  # fmt: skip
questions = st.builds(
    Frame,
    addresses,
    st.integers(0, 0xFF),
    st.one_of(any_identifiers, sensible, signed, st.binary(max_size=255)),
)
traits = st.builds(
    Traits,
    preamble=st.integers(0, 4),
    refuses_blocks=st.booleans(),
    trailing_aa=st.booleans(),
    wrong_sequence=st.booleans(),
    reports_status=st.booleans(),
    answers_broadcast=st.booleans(),
    echoes_wildcard=st.booleans(),
)


def frames(raw: bytes) -> list[bytes]:
    framer = Framer()
    framer.receive_data(raw)
    return [event for event in iter(framer.next_event, NEED_DATA) if isinstance(event, bytes)]


@settings(deadline=None)
@given(st.lists(questions, min_size=1, max_size=6), traits)
def test_any_question_gives_silence_or_a_sound_frame(asked: list[Frame], kind: Traits) -> None:
    slaves = (meter(traits=kind), Dlt645Meter1997(ADDRESS, Load(), Clock(), zone=ZONE, traits=kind))
    for slave in slaves:
        for frame in asked:
            raw = slave.receive(frame.encode())
            bare = raw.lstrip(b"\xfe")
            assert not raw or (is_whole(bare) and bare[8] & 0x9F == frame.control | 0x80)
            assert len(bare) <= 12 + 200


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(questions, max_size=3), st.lists(st.integers(0, 900), max_size=6))
def test_any_chunks_give_the_same_answers(noise: bytes, asked: list[Frame], cuts: list[int]) -> None:
    sent = noise + b"".join(frame.encode() for frame in asked)
    whole, piecewise = meter().receive(sent), b""
    slave = meter()
    for start, end in pairwise(sorted({0, len(sent), *(min(cut, len(sent)) for cut in cuts)})):
        piecewise += slave.receive(sent[start:end])
    assert piecewise == whole
    assert all(is_whole(raw) for raw in frames(whole))


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-40, 40),
    st.lists(
        st.tuples(st.integers(1, 4000), st.sampled_from(["read", "tables", "clock", "open", "close"])),
        max_size=8,
    ),
)
def test_tariffs_add_up_at_any_time_and_never_run_back(kw: float, story: list[tuple[int, str]]) -> None:
    clock = Clock()
    slave = meter(Load(kw=kw), clock)
    before = [numbers(read(slave, di)) for di in ("0001FF00", "0002FF00", "0005FF00")]
    for minutes, what in story:
        clock.now += timedelta(minutes=minutes)
        if what == "tables":
            write(slave, "04010001", digits(f"0000{minutes % 4 + 1:02d}") * 14)
        elif what == "clock":
            write(slave, "04000102", digits("101010"))
        elif what in ("open", "close"):
            slave.core.relay.order(Control.OPEN if what == "open" else Control.CLOSE, 0, clock.now)
        blocks = [numbers(read(slave, di)) for di in ("0001FF00", "0002FF00", "0005FF00")]
        for old, new in zip(before, blocks, strict=True):
            assert new[0] == sum(new[1:])
            assert all(b >= a for a, b in zip(old, new, strict=True))
        before = blocks
    assert clock.now >= NOW


ASKED_ALL: dict[int, Slave] = {2007: meter(), 1997: Dlt645Meter1997(ADDRESS, Load(), Clock(), zone=ZONE)}
"""Questions change nothing, and the first one about the past is dear: these two are asked everything."""


@settings(max_examples=300)
@given(versions.flatmap(lambda version: st.tuples(st.just(version), identifiers(version))))
def test_our_master_understands_every_identifier_of_the_catalogue(asked: tuple[Version, bytes]) -> None:
    """The meter answers or refuses each; what it answers fits its identifier, in one frame or in several."""
    version, wire = asked
    slave = ASKED_ALL[version.year]
    session = Dlt645Session(ADDRESS, Decoder(Wiring.THREE_PHASE_FOUR_WIRE, ZONE), version)
    query: Query | None = read_query(wire, 200, version=version)
    while query is not None:
        session.receive_data(slave.receive(session.ask(query)))
        event = session.next_event()
        assert isinstance(event, Answer | Refused), event
        query = event.more if isinstance(event, Answer) else None
