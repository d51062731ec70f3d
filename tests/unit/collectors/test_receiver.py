from collectors.receiver import CHUNK_BYTES, Receiver


def arrive(receiver: Receiver, data: bytes) -> None:
    """Do what an event loop does with bytes from the system."""
    receiver.get_buffer(-1)[: len(data)] = data
    receiver.buffer_updated(len(data))


def test_chunks_are_handed_on_in_order_and_stay_what_they_were() -> None:
    chunks: list[bytes] = []
    receiver = Receiver(chunks.append)
    arrive(receiver, b"first")
    arrive(receiver, b"2nd")
    assert chunks == [b"first", b"2nd"]


def test_the_buffer_keeps_its_size() -> None:
    chunks: list[bytes] = []
    receiver = Receiver(chunks.append)
    arrive(receiver, bytes(CHUNK_BYTES))
    assert len(receiver.get_buffer(-1)) == CHUNK_BYTES
    assert chunks == [bytes(CHUNK_BYTES)]
