from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from protocols.dlt645.frame import OVERHEAD, Frame
from protocols.dlt645.framer import BROKEN_SHOWN, MAX_BUFFER, Framer
from protocols.session import NEED_DATA, Dropped, NeedData

frames = st.builds(
    Frame,
    address=st.text("0123456789", min_size=12, max_size=12),
    control=st.integers(0, 255),
    data=st.binary(max_size=255),
)
# Noise rich in the bytes that matter: starts, ends, preambles.
noise = st.lists(st.sampled_from([0x68, 0x16, 0xFE, 0x00, 0x0A, 0x91]) | st.integers(0, 255), max_size=80)
streams = st.lists(frames.map(Frame.encode) | noise.map(bytes), max_size=6).map(b"".join)


def events_after_each(chunks: list[bytes]) -> list[bytes | Dropped]:
    framer = Framer()
    events: list[bytes | Dropped] = []
    for chunk in chunks:
        framer.receive_data(chunk)
        while not isinstance(event := framer.next_event(), NeedData):
            events.append(event)
    return events


@given(frames)
def test_what_is_built_is_read_back(frame: Frame) -> None:
    assert Frame.decode(frame.encode()) == frame


@given(streams, st.lists(st.integers(0, 2000), max_size=20))
def test_any_cutting_into_chunks_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    bytewise = [bytes((byte,)) for byte in stream]
    assert events_after_each([stream]) == events_after_each(chunks) == events_after_each(bytewise)


@given(streams)
def test_every_byte_is_a_frame_or_noise_or_preamble_or_waits(stream: bytes) -> None:
    events = events_after_each([stream])
    rest = stream
    for event in events:
        raw = event.raw if isinstance(event, Dropped) else event
        skipped = rest.index(raw)
        assert set(rest[:skipped]) <= {0xFE}
        rest = rest[skipped + len(raw) :]
    assert len(rest) < 400


@given(st.binary(max_size=600))
def test_garbage_never_raises_and_never_grows(garbage: bytes) -> None:
    framer = Framer()
    for _ in range(3):
        framer.receive_data(garbage)
        for event in iter(framer.next_event, NEED_DATA):
            assert isinstance(event, bytes | Dropped)
    assert len(framer._buffer) <= MAX_BUFFER


babble = st.integers(0, 255).flatmap(
    lambda length: st.sampled_from([b"\x68", bytes([0x68, length]), bytes([0x68, *[0] * 6, 0x68, 0, length])])
)


@given(babble, st.integers(1, 300), noise.map(bytes))
def test_a_line_that_babbles_beginnings_of_frames_waits_for_one_alone(
    babbled: bytes, size: int, before: bytes
) -> None:
    framer = Framer()
    stream = before + babbled * (3000 // len(babbled))
    handed = 0
    for first in range(0, len(stream), size):
        framer.receive_data(stream[first : first + size])
        while not isinstance(event := framer.next_event(), NeedData):
            handed += len(event.raw if isinstance(event, Dropped) else event)
        assert len(framer._buffer) < BROKEN_SHOWN + OVERHEAD + 255
    assert framer.overflowed == 0
    assert handed + len(framer._buffer) == len(stream)


@given(noise.map(bytes), frames)
def test_noise_never_hides_the_frame_behind_it(before: bytes, frame: Frame) -> None:
    wire = frame.encode()
    # Padding pushes out any false beginning in the noise that still waits for its end.
    events = events_after_each([before + wire, bytes(600)])
    if wire not in events:
        # Only a sound frame that begins earlier may take bytes of it.
        taken = next(event for event in events if isinstance(event, bytes))
        assert (before + wire).index(taken) < len(before)
