"""The report and the comparison in a real browser: Debian's chromium, headless, driven by playwright.

Skipped where there is no chromium (``apt-get install chromium``) or no playwright.
"""

import json
import shutil

import numpy as np
import pytest
from ganzoo_report.page import write_report

from ganzoo.cli import invoke
from ganzoo.ui.pictures import image_grid, save_png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
STEPS = [0, 100, 200, 300]
LEVELS = [0, 80, 160, 240]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run whose sample grid is a little brighter each time."""
    folder = tmp_path_factory.mktemp("runs with a space") / "run é"
    events = [{"event": "started", "time": "2026-01-01T00:00:00+00:00", "step": 0}]
    for step in range(10, 301, 10):
        values = {f"{side}/{key}": 1.0 + step / 300 for side in ("critic", "generator") for key in ("adversarial", "gradient_norm")}
        events.append({"event": "log", "step": step, "seconds": step / 10, "images_per_second": 900.0, **values})
    for step, level in zip(STEPS, LEVELS, strict=True):
        name = f"samples/step-{step:08d}.png"
        save_png(image_grid(np.full((16, 1, 28, 28), level, np.uint8), 4), folder / name)
        events.append({"event": "samples", "step": step, "file": name})
    facts = {"network": "judge 6136ffd6a9a4", "samples": 10000, "a_rather_long_name_of_a_fact": "x" * 90}
    events += [
        {"event": "evaluated", "step": s, "metric": "fid", "values": {"fid": 9.0 - s / 100, "provenance": facts}} for s in (100, 300)
    ]
    events.append({"event": "finished", "step": 300, "text": ""})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (folder / "config.yaml").write_text("data: digits\ngenerator: a\ncritic: b\nloss: c\ntrain: {steps: 300}\n")
    (folder / "env.json").write_text(json.dumps({"command": f"ganzoo run {'long/' * 30}recipe.yaml", "runtime": {"device": "cpu"}}))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; fails the test for a message of an error, or a request for anything but the page itself."""
    contexts, wrong = [], []

    def call(path, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda request: None if request.url.startswith("data:") else requests.append(request.url))
        requests: list[str] = []
        page.goto(path.as_uri())
        assert requests == [path.as_uri()]
        return page

    yield call
    for context in contexts:
        context.close()
    assert wrong == []


def brightness(page):
    """Level of the one visible picture's first tile, as the browser draws it, and the step under it."""
    frame = page.locator("#timeline img:visible")
    assert frame.count() == 1
    draw = """image => { const c = document.createElement('canvas'); c.width = image.naturalWidth; c.height = image.naturalHeight;
        const p = c.getContext('2d'); p.drawImage(image, 0, 0); return p.getImageData(20, 20, 1, 1).data[0] }"""
    return frame.evaluate(draw), page.locator("#shown").inner_text()


def test_a_click_on_the_slider_changes_the_picture(run, open_page):
    page = open_page(run / "report.html")
    assert brightness(page) == (240, "300")
    slider = page.locator("#slider")
    box = slider.bounding_box()
    before = page.locator("#timeline").screenshot()
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    assert brightness(page) == (0, "0")
    assert page.locator("#timeline").screenshot() != before
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    assert brightness(page) == (80, "100")
    assert slider.get_attribute("aria-valuetext") == "step 100"


def test_arrow_keys_move_the_slider_and_play_runs_to_the_end(run, open_page):
    page = open_page(run / "report.html")
    page.locator("#slider").focus()
    page.keyboard.press("ArrowLeft")
    assert brightness(page) == (160, "200")
    page.locator("#play").click()
    sync_api.expect(page.locator("#shown")).to_have_text("300")
    assert brightness(page) == (240, "300")
    sync_api.expect(page.locator("#play")).to_have_text("Play")


def test_pointing_at_a_chart_reads_its_numbers(run, open_page):
    page = open_page(run / "report.html")
    chart = page.locator(".chart").first
    chart.locator("svg rect").nth(5).hover()
    assert chart.locator(".readout").inner_text().startswith("step ")


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["report", "comparison"])
def test_nothing_is_wider_than_a_phone(name, width, run, open_page, tmp_path):
    path = run / "report.html"
    if name == "comparison":
        shutil.copytree(run, tmp_path / "other")
        path = tmp_path / "compare.html"
        assert invoke(["compare", str(run), str(tmp_path / "other"), "--out", str(path)]) == 0
    page = open_page(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = (
        "[...document.querySelectorAll('p, dd, td, th, pre, summary')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
    )
    assert page.evaluate(small) == 0


def test_why_there_is_no_ranking_can_be_read_on_a_phone(run, open_page, tmp_path):
    shutil.copytree(run, tmp_path / "other")
    log = tmp_path / "other/metrics.jsonl"
    log.write_text(log.read_text().replace('"samples": 10000', '"samples": 5000'))
    path = tmp_path / "compare.html"
    assert invoke(["compare", str(run), str(tmp_path / "other"), "--out", str(path)]) == 0
    page = open_page(path, viewport={"width": 375, "height": 800})
    verdict = page.locator("td.verdict p").first
    assert verdict.inner_text() == "not ranked: samples is 10000 for run é, 5000 for other"
    box = verdict.bounding_box()
    assert 0 <= box["x"] < box["x"] + box["width"] <= 375


def test_the_dark_is_dark(run, open_page):
    ink = "(() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor] })()"

    def levels(scheme):
        return [sum(map(int, colour[4:-1].split(","))) for colour in open_page(run / "report.html", color_scheme=scheme).evaluate(ink)]

    (light_ink, light_paper), (dark_ink, dark_paper) = levels("light"), levels("dark")
    assert light_paper > 700 > light_ink
    assert dark_paper < 100 < dark_ink


def test_without_scripts_the_last_picture_is_there(run, open_page):
    page = open_page(run / "report.html", java_script_enabled=False)
    assert page.locator("#timeline img:visible").count() == 1
    assert not page.locator("#slider").is_visible()
