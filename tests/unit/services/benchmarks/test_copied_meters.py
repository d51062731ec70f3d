import asyncio

from protocols.dlt645.frame import Frame
from protocols.dlt645.functions import Function2007
from services.benchmarks.copied_meters import CopiedLine, Copies

READ_ENERGY = bytes.fromhex("00000100")
ADDRESSES = ("201908310042", "000000000001")


def question(address: str, identifier: bytes = READ_ENERGY) -> bytes:
    return Frame(address=address, control=Function2007.READ, data=identifier).encode()


def test_every_address_answers_the_same_under_its_own_name() -> None:
    copies = Copies()
    answers = [Frame.decode(copies.answer(question(address))) for address in ADDRESSES]
    assert [answer.address for answer in answers] == list(ADDRESSES)
    assert {(answer.control, answer.data) for answer in answers} == {
        (0x91, READ_ENERGY + bytes.fromhex("00010000"))  # 1.00 kWh
    }


def test_what_a_meter_does_not_know_is_refused_by_every_copy() -> None:
    answer = Frame.decode(Copies().answer(question(ADDRESSES[0], bytes.fromhex("FFFF0F0E"))))
    assert (answer.address, answer.control) == (ADDRESSES[0], 0xD1)


def test_a_line_waits_for_the_end_of_a_question_behind_its_preamble() -> None:
    async def main() -> bytes:
        server = await asyncio.get_running_loop().create_server(lambda: CopiedLine(Copies()), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        asked = b"\xfe\xfe" + question(ADDRESSES[0])
        for byte in asked:
            writer.write(bytes((byte,)))
            await writer.drain()
        heard = await reader.readuntil(b"\x16")
        writer.close()
        server.close()
        return heard

    assert Frame.decode(asyncio.run(main())).address == ADDRESSES[0]
