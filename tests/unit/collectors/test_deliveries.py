import threading
from datetime import UTC, datetime

from collectors.deliveries import Deliveries, Delivery, Message

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def delivery(mid: int, qos: int = 1) -> Delivery:
    return Delivery(
        message=Message(topic="t", payload=b"%d" % mid, received_at=NOW), mid=mid, qos=qos, connection=1
    )


def filled(*mids: int, capacity: int = 10, qos: int = 1) -> Deliveries:
    deliveries = Deliveries(capacity)
    for mid in mids:
        assert deliveries.put(delivery(mid, qos))
    return deliveries


def test_a_full_batch_does_not_wait() -> None:
    assert [d.mid for d in filled(1, 2, 3).take(2, wait_s=60.0)] == [1, 2]


def test_a_started_batch_goes_when_its_time_is_up() -> None:
    assert [d.mid for d in filled(1, 2).take(10, wait_s=0.0)] == [1, 2]


def test_a_batch_goes_when_nothing_more_comes() -> None:
    assert [d.mid for d in filled(1, 2).take(10, wait_s=60.0, idle_s=0.001)] == [1, 2]


def test_without_room_a_message_without_promise_is_dropped() -> None:
    deliveries = filled(1, 2, capacity=2)
    assert not deliveries.put(delivery(3, qos=0))
    assert len(deliveries) == 2


def test_without_room_a_promised_message_waits_until_there_is() -> None:
    deliveries = filled(1, 2, capacity=2)
    waiting = threading.Thread(target=deliveries.put, args=(delivery(3),))
    waiting.start()
    assert [d.mid for d in deliveries.take(2, wait_s=0.0)] == [1, 2]
    waiting.join()
    assert [d.mid for d in deliveries.take(1, wait_s=0.0)] == [3]


def test_closing_wakes_who_waits_and_leaves_the_rest_to_the_broker() -> None:
    deliveries = filled(1, capacity=1)
    results: list[bool] = []
    waiting = threading.Thread(target=lambda: results.append(deliveries.put(delivery(2))))
    waiting.start()
    deliveries.close()
    waiting.join()
    assert results == [False]
    assert deliveries.take(5, wait_s=60.0) == []


def test_what_the_broker_delivers_again_is_forgotten() -> None:
    deliveries = filled(1, 2)
    assert deliveries.put(delivery(3, qos=0))
    assert deliveries.forget_acknowledgeable() == 2
    assert [d.mid for d in deliveries.take(5, wait_s=0.0)] == [3]
