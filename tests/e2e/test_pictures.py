"""The pictures that the READMEs and the documentation show, taken of the pages: `make pictures`."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import expect

from analysis.power_quality.catalogue import judge_month
from dashboard.app import create_app
from reports.power_quality.subject import parts_of_checks
from reports.power_quality.write import write_report
from services.cases import work_out_cases
from storage.database import connect
from tests.documented_pictures import FOLDERS, PICTURES
from tests.e2e.test_customers import PLANT_NAME, save_plant_bill
from tests.fix_dashboard import NOW, PLANT, serving
from tests.fix_quality_month import quality_month, quality_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ASKED = "KILOWATCH_PICTURES"
"""Names the folder that receives the pictures; without it they go where pytest puts what is passing."""
WIDTH = 1280
TALLEST = 1500
"""A longer page is shown from its head down to here, in pixels."""
LEAST = 400
"""Height of the window: each of the pages is longer."""
COLOURS = 256
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def addresses(city_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Where each picture's page is; ``{}`` stands for the language."""
    with connect(city_url) as connection:
        work_out_cases(connection, NOW)
        episode = connection.execute(
            "SELECT id FROM episode WHERE meter = %s ORDER BY severity DESC, starts_at DESC LIMIT 1", (PLANT,)
        ).fetchone()
    assert episode is not None
    save_plant_bill(city_url, "2026-10", "52000.00", "0.70")
    save_plant_bill(city_url, "2026-11", "48000.00", "0.75")
    judged = replace(quality_report(), judgements=judge_month(quality_month()), parts=parts_of_checks())
    report = write_report(judged, tmp_path_factory.mktemp("report"), pdf=False).folder
    with serving(create_app(city_url, clock=lambda: NOW)) as address:
        yield {
            "fleet": f"{address}/?lang={{}}",
            "meter": f"{address}/meters/{PLANT}?lang={{}}",
            "cases": f"{address}/cases?lang={{}}",
            "episode": f"{address}/episodes/{episode[0]}?lang={{}}",
            "customer": f"{address}/customers/{quote(PLANT_NAME)}?month=2026-11&lang={{}}",
            "quality-report": report.as_uri() + "/report.{}.html",
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(os.environ.get(ASKED) or tmp_path)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("language", FOLDERS)
def test_a_picture_shows_a_whole_page(
    browser: Browser, addresses: Mapping[str, str], folder: Path, language: str, name: str
) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": LEAST},
        color_scheme="light",
        locale={"en": "en-GB", "zh": "zh-CN"}[language],
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(addresses[name].format(language))
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    assert (page.locator("html").get_attribute("lang") or "").startswith(language)
    wide, tall = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    shot = _picture(page, min(tall, TALLEST))
    context.close()
    assert wide == WIDTH
    assert shot.size == (WIDTH, min(tall, TALLEST))
    assert tall > LEAST
    _assert_painted_all_the_way_down(shot)
    file = folder / FOLDERS[language] / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES


def _picture(page: Page, height: int) -> Image.Image:
    taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    return Image.open(io.BytesIO(taken)).convert("RGB")


def _assert_painted_all_the_way_down(shot: Image.Image) -> None:
    """A page that was not painted, or only its head, has a quarter of a single colour."""
    for quarter in range(4):
        top, bottom = shot.height * quarter // 4, shot.height * (quarter + 1) // 4
        part = shot.crop((0, top, shot.width, bottom)).convert("L")
        darkest, lightest = part.getextrema()
        assert darkest < 120, f"nothing is written between {top} and {bottom} px"  # type: ignore[operator]  # of one band: a pair of numbers
        assert lightest > 200  # type: ignore[operator]  # likewise
