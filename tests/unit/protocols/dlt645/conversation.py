"""A conversation with one meter: its questions, its answers on the wire, and what became of them."""

from zoneinfo import ZoneInfo

from pipeline.model import Value
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import read_query
from protocols.dlt645.session import (
    Dlt645Session,
)
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer, Event, NeedData, Query

ADDRESS = "123456789012"
ZONE = ZoneInfo("Asia/Shanghai")
DATE, TIME, DATE_AND_TIME = VERSION_2007.date, VERSION_2007.time, bytes.fromhex("0C010004")
Q = Quantity


def session(wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE, address: str = ADDRESS) -> Dlt645Session:
    return Dlt645Session(address, Decoder(wiring, ZONE))


def query(di: str) -> Query:
    return read_query(bytes.fromhex(di)[::-1], 40)


def answer(di: str, content: str, control: int = 0x91, address: str = ADDRESS) -> bytes:
    return Frame(address, control, bytes.fromhex(di)[::-1] + bytes.fromhex(content)).encode()


def events(talk: Dlt645Session, di: str, *received: bytes) -> list[Event]:
    talk.ask(query(di))
    for chunk in received:
        talk.receive_data(chunk)
    found: list[Event] = []
    while not isinstance(event := talk.next_event(), NeedData):
        found.append(event)
    return found


def values(di: str, content: str, wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE) -> dict[Quantity, Value]:
    [event] = events(session(wiring), di, answer(di, content))
    assert isinstance(event, Answer)
    return dict(event.values)


def told(talk: Dlt645Session, raw: bytes) -> Event:
    talk.receive_data(raw)
    event = talk.next_event()
    assert not isinstance(event, NeedData)
    return event
