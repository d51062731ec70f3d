import asyncio

from services.benchmarks.canned_meters import CannedMeter


def test_it_answers_once_a_question_has_come_to_its_end() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: CannedMeter(b"answer"), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"\x68half")
        await asyncio.sleep(0.05)
        writer.write(b"\x16")
        heard = await reader.readexactly(6)
        writer.close()
        server.close()
        return heard

    assert asyncio.run(main()) == b"answer"
