"""The further parts of a meter's page over a real database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from dashboard.access import scope_of_request
from dashboard.app import create_app
from pipeline.model import MeterId, Origin, Scope, Snapshot
from pipeline.quantities import Quantity
from storage.database import connect
from storage.writer import ReadingWriter
from tests.fix_dashboard import NOW, PLANT, SILENT, browsing
from tests.meter_records import MIDNIGHT, SPECTRUM_AT, add_meter_records

PRIMARY = MeterId("M-3001")
"""Its profile, eastron_sdm630, shows primary values."""
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
PARTS = ("electrical", "harmonics", "registers", "events", "coverage")


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with connect(city_url) as connection:
        add_meter_records(connection)
        connection.execute(
            "INSERT INTO ratio (meter_id, ct, pt) SELECT meter_id, 40, 1 FROM meter WHERE id = %s", (PRIMARY,)
        )
        ReadingWriter(connection).write(
            [
                Snapshot(
                    meter=PRIMARY,
                    taken_at=MIDNIGHT - timedelta(days=days),
                    received_at=MIDNIGHT,
                    origin=Origin.DAILY_FREEZE,
                    values={Quantity.ACTIVE_ENERGY_IMPORT: 900_000.0 - 12 * days},
                )
                for days in range(3)
            ]
        )
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_registers_are_told_by_rate_and_by_day_with_what_they_rose_by(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/registers", headers=EN))
    assert "T1 kWh T2 kWh" in shown
    # 5 kWh a day on the meter's side are 400 kWh behind CT 80.
    assert re.search(r"Wed 18 Nov 4,995.00 2,997.00 1,998.00 400.00 Daily freeze 19 Nov 00:00", shown)


def test_a_register_is_grey_by_its_own_age_and_tells_it_where_it_is_not_the_totals(
    client: httpx.Client,
) -> None:
    row = registers_row(client, PLANT)
    # The total is read every quarter of an hour; the rates came with last night's freeze.
    assert 'class="right num "' in row[0]
    assert "ago" not in row[0]
    for rate in row[1:3]:
        assert 'class="right num stale"' in rate
        assert "14 h ago" in rate
    assert "24 min ago" in row[-1]
    assert "stale" not in row[-1]


def test_the_registers_of_a_silent_meter_are_grey(client: httpx.Client) -> None:
    row = registers_row(client, SILENT)
    assert 'class="right num stale"' in row[0]
    assert '<time class="stale"' in row[-1]


def registers_row(client: httpx.Client, meter: str) -> list[str]:
    """The cells of the present active import: total, T1 to T6, and when it was read."""
    html = client.get(f"/meters/{meter}/registers", headers=EN).text
    return re.findall(r"<td.*?</td>", html.partition("<tbody>")[2].partition("</tr>")[0], re.DOTALL)


def test_what_is_primary_already_is_not_multiplied_again(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PRIMARY}/registers", headers=EN))
    # 12 kWh a day, behind CT 40 already.
    assert re.search(r"Wed 18 Nov 899,988.00 12.00 Daily freeze 19 Nov 00:00", shown)
    assert "to the primary side" not in shown
    assert "Ratio × 40" not in text_of(client.get(f"/meters/{PRIMARY}", headers=EN))
    assert "Ratio × 80 to the primary side" in text_of(client.get(f"/meters/{PLANT}", headers=EN))


def test_a_fall_from_one_day_to_the_next_is_no_energy(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{PLANT}/registers", headers=EN))
    assert re.search(r"Sat 14 Nov 4,975.00 2,985.00 1,990.00 – Daily freeze", shown)


def test_events_are_named_in_both_languages(client: httpx.Client) -> None:
    assert "loss of voltage, phase B" in text_of(client.get(f"/meters/{PLANT}/events", headers=EN))
    shown = text_of(client.get(f"/meters/{PLANT}/events", headers=ZH))
    assert "失压(B相)" in shown
    assert "开端钮盒" in shown


def test_events_are_narrowed_to_one_kind(client: httpx.Client) -> None:
    html = client.get(f"/meters/{PLANT}/events?kind=terminal_cover_open", headers=EN).text
    assert html.count('<tr><th scope="row">') == 1
    assert client.get(f"/meters/{PLANT}/events?kind=none").status_code == 422


def test_a_spectrum_stands_beside_the_limits_of_its_level(client: httpx.Client) -> None:
    answer = client.get(f"/meters/{PLANT}/harmonics", headers=EN)
    shown = text_of(answer)
    assert "GB/T 14549-1993 at 0.38 kV, total 5.0 %" in shown
    assert "Above their lines: A5 5.30 %" in shown
    assert answer.text.count('class="spectrum"') == 2


def test_an_earlier_time_shows_the_spectrum_before_it_or_says_that_there_is_none(
    client: httpx.Client,
) -> None:
    later = client.get(f"/meters/{PLANT}/harmonics", params={"at": NOW.isoformat()}, headers=EN)
    assert f'value="{SPECTRUM_AT.isoformat()}" selected' in later.text
    earlier = {"at": "2026-11-01T00:00:00Z"}
    assert "No spectrum was read" in text_of(
        client.get(f"/meters/{PLANT}/harmonics", params=earlier, headers=EN)
    )


def test_a_month_of_coverage_tells_what_is_missing_and_why(client: httpx.Client) -> None:
    shown = text_of(client.get(f"/meters/{SILENT}/coverage?group=electrical", headers=EN))
    assert re.search(r"Fri 20 Nov .*?36/57 01:30–01:45 Checksum wrong 09:15–14:15 No answer", shown)
    before = text_of(client.get(f"/meters/{SILENT}/coverage?month=2026-09", headers=EN))
    assert "Nothing was due of this meter" in before


def test_currents_and_powers_are_charts_of_their_own(client: httpx.Client) -> None:
    html = client.get(f"/meters/{PLANT}/electrical?days=1", headers=EN).text
    assert html.count("data-chart=") == 5
    assert "quantity=power_factor&amp;quantity=power_factor_a" in html.replace("\\u0026", "&amp;")


@pytest.mark.parametrize("part", PARTS)
def test_parts_say_what_they_lack_and_keep_strangers_out(
    client: httpx.Client, city_url: str, part: str
) -> None:
    assert client.get(f"/meters/M-3001/{part}", headers=ZH).status_code == 200
    assert client.get(f"/meters/none/{part}").status_code == 404
    app = create_app(city_url, clock=lambda: NOW)
    app.dependency_overrides[scope_of_request] = lambda: Scope(frozenset({"TA-02"}))
    with browsing(app) as stranger:
        assert stranger.get(f"/meters/{PLANT}/{part}").status_code == 404
