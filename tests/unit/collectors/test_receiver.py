from collectors.receiver import CHUNK_BYTES, Receiver


class Kept(Receiver):
    """Keeps what it receives."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self.chunks.append(data)


def arrive(receiver: Receiver, data: bytes) -> None:
    """Do what an event loop does with bytes from the system."""
    receiver.get_buffer(-1)[: len(data)] = data
    receiver.buffer_updated(len(data))


def test_chunks_are_handed_on_in_order_and_stay_what_they_were() -> None:
    receiver = Kept()
    arrive(receiver, b"first")
    arrive(receiver, b"2nd")
    assert receiver.chunks == [b"first", b"2nd"]


def test_the_buffer_keeps_its_size() -> None:
    receiver = Kept()
    arrive(receiver, bytes(CHUNK_BYTES))
    assert len(receiver.get_buffer(-1)) == CHUNK_BYTES
    assert receiver.chunks == [bytes(CHUNK_BYTES)]
