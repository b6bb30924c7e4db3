"""The report of a run: what it holds, and what it survives."""

import json
import os
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from ganzoo.errors import UserError
from ganzoo.pictures import image_grid, save_png
from ganzoo.report import write_report
from ganzoo.report.charts import decimate, make_charts, number_text, value_limits
from ganzoo.report.record import Series, read_record

CONFIG = """data: {name: ganzoo-core/digits}
generator: {name: ganzoo-dcgan/dcgan, width: 64}
critic: {name: ganzoo-dcgan/dcgan, width: 64, norm: none}
loss:
  - {name: ganzoo-wgan/wasserstein, weight: 1.0}
  - {name: ganzoo-wgan-gp/gradient_penalty, weight: 5.0}
train: {steps: 1000, batch_size: 64, seed: 3}
"""
RECIPE = """data: digits
generator: {name: dcgan, width: 64}
critic: {name: dcgan, norm: none}
loss: [wasserstein, {name: gradient_penalty, weight: 10}]
train: {steps: 1000, batch_size: 64, seed: 0}
"""


class Page(HTMLParser):
    """A parsed page: its tags with their attributes, its text, and whether every tag is closed."""

    VOID = {"meta", "img", "input", "br", "link", "hr"}

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(html)
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        self.text += " " if tag in ("th", "td", "dt", "dd", "tr") else ""

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("script", "style"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def write_events(directory, events):
    (directory / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def log(step, **values):
    return {"event": "log", "step": step, "seconds": step / 50} | {name.replace("__", "/"): value for name, value in values.items()}


def make_run(directory, steps=1000, pictures=5):
    """A run that finished, as ``ganzoo run`` leaves it."""
    rng = np.random.default_rng(0)
    directory.mkdir()
    events = [{"event": "started", "time": "2025-11-02T14:03:11+00:00"}]
    for step in range(50, steps + 1, 50):
        values = {
            "critic/wasserstein": -2.0 + rng.normal() / 10,
            "critic/gradient_penalty": 0.4,
            "critic/wasserstein_estimate": 2.0,
            "critic/gradient_norm": 3.0,
            "critic/real_score": 1.5,
            "critic/fake_score": -0.5,
            "generator/wasserstein": 0.5,
            "generator/gradient_norm": 1.0,
            "images_per_second": 3000.0,
            "lr_scale": 1.0,
        }
        events.append({"event": "log", "step": step, "seconds": step / 50, **values})
    for step in np.linspace(0, steps, pictures).astype(int).tolist():
        name = f"samples/step-{step:08d}.png"
        save_png(image_grid(rng.integers(0, 256, size=(16, 1, 8, 8), dtype=np.uint8), 4), directory / name)
        events.append({"event": "samples", "step": step, "file": name})
    for step, fid in ((500, 91.25), (1000, 42.5)):
        values = {"fid": fid, "provenance": {"network": "inception 6726825d", "samples": 50000}}
        events.append({"event": "evaluated", "step": step, "metric": "fid", "values": values})
    events += [{"event": "warning", "step": step, "text": "the critic wins every time"} for step in (100, 150)]
    events.append({"event": "finished", "step": steps, "text": ""})
    write_events(directory, events)
    (directory / "config.yaml").write_text(CONFIG)
    (directory / "recipe.yaml").write_text(RECIPE)
    (directory / "env.json").write_text(
        json.dumps({"command": "ganzoo run wgan_gp.yaml -o train.seed=3", "runtime": {"device": "cpu"}, "versions": {"torch": "2.15.0"}})
    )
    (directory / "weights").mkdir()
    (directory / "weights" / "generator.safetensors").write_bytes(b"0" * 1_500_000)
    return directory


def report_of(directory):
    return Page(write_report(directory).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "faces")


@pytest.fixture(scope="module")
def page(run):
    return report_of(run)


def test_report_stands_alone(run, page):
    html = (run / "report.html").read_text(encoding="utf-8")
    assert "://" not in html
    assert not page.all("link")
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "data", "action", "poster", "xlink:href"):
            assert attributes.get(name, "data:").startswith("data:"), tag
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"@import|url\(", html)
    links = [attributes["href"] for attributes in page.all("a")]
    assert "weights/generator.safetensors" in links
    assert all((run / link).is_file() for link in links)


def test_report_says_what_happened(page):
    for words in (
        "Finished at step 1,000",
        "faces",
        "wasserstein + gradient_penalty",
        "1,000 of 1,000",
        "20 s",
        "2025-11-02 14:03 UTC",
        "ganzoo run wgan_gp.yaml -o train.seed=3",
        "real samples 2 above made ones",
        "Steps 100 to 150, 2 times: the critic wins every time",
        "inception 6726825d",
        "91.25",
        "42.5",
        "1.5 MB",
        "2.15.0",
        CONFIG.strip(),
    ):
        assert words in page.text, words


def test_the_last_measurement_comes_first_and_provenance_is_not_repeated(page):
    part = page.text.partition("Evaluation")[2].partition("To reproduce")[0]
    assert part.index("42.5") < part.index("All 2 measurements") < part.index("91.25")
    assert part.count("inception 6726825d") == 2  # of the last one, and of the first of all
    assert part.count("as above") == 1


def test_report_names_what_was_changed_from_the_recipe(page):
    part = page.text.partition("Changed from the recipe")[2].partition("Configuration")[0]
    assert part.split() == ["key", "recipe", "this", "run", "loss.1.weight", "10", "5.0", "train.seed", "0", "3"]


def test_every_picture_and_chart_has_words(page):
    images = page.all("img")
    assert [image["alt"] for image in images] == [f"Generated samples after {step:,} steps" for step in (0, 250, 500, 750, 1000)]
    assert [("hidden" in image) for image in images] == [True] * 4 + [False]
    charts = [svg["aria-label"] for svg in page.all("svg") if svg.get("class") != "plot"]
    assert any(label.startswith("Critic minimises. Steps 50 to 1,000. wasserstein from") for label in charts)
    assert len(charts) == 7  # terms of both sides, estimate, FID, samples a second, scores, gradient norms
    slider = next(attributes for attributes in page.all("input"))
    assert (slider["type"], slider["max"], slider["value"]) == ("range", "4", "4")
    assert slider["aria-label"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast(run, scheme):
    css = (run / "report.html").read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", light if scheme == "light" else dark))

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    def contrast(one, other):
        dim, bright = sorted((luminance(colours[one]), luminance(colours[other])))
        return (bright + 0.05) / (dim + 0.05)

    for text in ("ink", "soft", "accent", "good", "bad", "warn"):
        assert contrast(text, "paper") >= 4.5, text
    assert contrast("ink", "warn-paper") >= 4.5
    assert contrast("ink", "bad-paper") >= 4.5
    assert contrast("soft", "faint") >= 4.5
    for line in range(6):
        assert contrast(f"c{line}", "paper") >= 3


ATTACK = '"></code></pre><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>"\''


def test_nothing_from_the_run_is_markup(tmp_path):
    directory = make_run(tmp_path / "<b>run & co")
    (directory / "config.yaml").write_text(f"# {ATTACK}\ndata: {{name: {json.dumps(ATTACK)}}}\n")
    (directory / "recipe.yaml").write_text(f"data: {{name: x, {json.dumps(ATTACK)}: {json.dumps(ATTACK)}}}\n")
    (directory / "env.json").write_text(json.dumps({"command": ATTACK, ATTACK: [ATTACK, "\x1b"]}))
    events = [{"event": "started", "time": ATTACK}]
    events += [{"event": "log", "step": step, f"critic/{ATTACK}": 1.0 * step, "images_per_second": 1.0} for step in (1, 2, 3)]
    events += [{"event": "evaluated", "step": 3, "metric": ATTACK, "values": {ATTACK: 1.0, "network": ATTACK}}]
    events += [{"event": "warning", "step": 1, "text": ATTACK}, {"event": "failed", "step": 3, "text": ATTACK}]
    write_events(directory, events)
    page = report_of(directory)
    assert len(page.all("script")) == 1
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert page.text.count(ATTACK) > 5
    assert "<b>run & co" in page.text


def test_only_the_reports_own_script_may_run(page):
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert re.search(r"script-src 'sha256-[\w+/]{43}='", policy)


def test_torn_line_and_rubbish_are_left_out(run, tmp_path):
    directory = tmp_path / "torn"
    shutil.copytree(run, directory)
    text = (directory / "metrics.jsonl").read_text()
    rubbish = '[1, 2]\n"word"\nnull\n{"event": 3}\n{"step": 1}\n{"event": "log"}\n{"event": "log", "step": "x", "critic/a": 1}\n'
    (directory / "metrics.jsonl").write_bytes(rubbish.encode() + text.encode() + b'\xff\xfe{"event": "log", "step": 1050, "cri')
    assert read_record(directory) == read_record(run)
    assert "Finished at step 1,000" in report_of(directory).text


@pytest.mark.parametrize("missing", ["config.yaml", "env.json", "metrics.jsonl", "samples", "weights", "recipe.yaml"])
def test_missing_files_are_no_obstacle(run, tmp_path, missing):
    directory = tmp_path / "part"
    shutil.copytree(run, directory)
    path = directory / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "part" in report_of(directory).text


@pytest.mark.parametrize("content", ["", "{", "[1]", "a: [", "\x00", "- 1\n- 2\n", '{"train": 3, "runtime": [1], "command": null}'])
def test_damaged_files_are_no_obstacle(run, tmp_path, content):
    directory = tmp_path / "damaged"
    shutil.copytree(run, directory)
    for name in ("config.yaml", "recipe.yaml", "env.json"):
        (directory / name).write_text(content)
    (directory / "samples" / "step-00000250.png").write_text(content)
    assert len(report_of(directory).all("img")) == 4


def test_empty_run_directory_says_so(tmp_path):
    assert "Nothing recorded yet" in report_of(tmp_path).text


def test_no_run_at_all_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="is no folder"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(UserError, match="holds no run"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_run_without_an_end_is_called_open(tmp_path):
    write_events(tmp_path, [{"event": "started", "time": "t"}, log(50, critic__a=1.0)])
    assert "No end recorded; last heard of at step 50" in report_of(tmp_path).text


def test_failed_run_says_why(tmp_path):
    text = "diverged at step 60: a loss is not finite"
    write_events(tmp_path, [{"event": "started", "time": "t"}, log(50, critic__a="nan"), {"event": "failed", "step": 60, "text": text}])
    page = report_of(tmp_path)
    assert "Failed at step 60" in page.text
    assert text in page.text


def test_resumed_run_tells_one_story(tmp_path):
    events = [{"event": "started", "time": "first"}, *(log(step, critic__a=1.0) for step in (50, 100, 150, 200))]
    events += [{"event": "warning", "step": 180, "text": "lost"}, {"event": "stopped", "step": 200, "text": "stopped"}]
    events += [{"event": "started", "time": "second", "step": 100}, {**log(150, critic__a=2.0), "seconds": 1.0}]
    write_events(tmp_path, events)
    record = read_record(tmp_path)
    assert {step: values["critic/a"] for step, values in record.logs.items()} == {50: 1.0, 100: 1.0, 150: 2.0}
    assert (record.started, record.outcome, record.last_step, record.warnings) == ("first", "", 150, [])
    assert record.seconds == 3.0  # 2 in the first sitting up to step 100, 1 in the second


def test_timeline_is_thinned_out(tmp_path):
    page = report_of(make_run(tmp_path / "long", pictures=100))
    steps = [int(image["data-step"].replace(",", "")) for image in page.all("img")]
    assert len(steps) == 24
    assert (steps[0], steps[-1]) == (0, 1000)
    assert max(np.diff(steps)) < 60


def test_large_grids_are_shown_smaller_than_they_are(tmp_path):
    directory = make_run(tmp_path / "large", pictures=1)
    path = directory / "samples" / "step-00000000.png"
    save_png(image_grid(np.random.default_rng(0).integers(0, 256, size=(64, 3, 64, 64), dtype=np.uint8), 8), path)
    image = report_of(directory).all("img")[0]
    assert image["src"].startswith("data:image/jpeg")
    assert len(image["src"]) < path.stat().st_size * 4 / 3
    assert image["width"] == "530"


def test_pictures_outside_the_run_stay_there(tmp_path):
    directory = make_run(tmp_path / "linked", pictures=1)
    save_png(image_grid(np.zeros((1, 1, 8, 8), np.uint8), 1), tmp_path / "secret.png")
    (directory / "samples" / "step-00001000.png").symlink_to(tmp_path / "secret.png")
    (directory / "env.json").unlink()
    (tmp_path / "secret.json").write_text('{"command": "secret"}')
    (directory / "env.json").symlink_to(tmp_path / "secret.json")
    page = report_of(directory)
    assert len(page.all("img")) == 1
    assert "secret" not in page.text


def series(values, name="critic/a"):
    return Series(name, np.arange(1, len(values) + 1) * 50, np.array(values, dtype=float))


def points_of(chart, shape="polyline"):
    return [
        [tuple(map(float, p.split(","))) for p in points.split()] for points in re.findall(rf'<{shape} [^>]*points="([^"]*)"', chart.svg)
    ]


def test_chart_draws_the_line_where_it_belongs():
    (chart,) = make_charts("A", [series([0.0, 1.0, 0.5])], "critic/")
    ((first, second, third),) = points_of(chart)
    assert first[0] == 0
    assert second[0] == pytest.approx(third[0] / 2)
    assert second[1] < third[1] < first[1]  # y grows downwards
    assert third[1] == pytest.approx((first[1] + second[1]) / 2, abs=0.1)
    assert [(entry.name, entry.last) for entry in chart.legend] == [("a", "0.5")]
    assert "<title>step 100\na 1</title>" in chart.svg


def test_one_point_is_a_dot():
    (chart,) = make_charts("A", [series([0.7])])
    assert chart.svg.count("<circle") == 1
    assert points_of(chart) == []


def test_values_that_are_not_finite_break_the_line_and_are_told():
    (chart,) = make_charts("A", [series([1.0, 2.0, np.nan, 3.0, np.inf, 4.0, 5.0])])
    assert [len(line) for line in points_of(chart)] == [2, 2]
    assert chart.svg.count("<circle") == 1
    assert chart.notes == ["critic/a: 2 values are not finite, the first at step 150"]
    assert make_charts("A", [series([np.nan, np.inf])]) == []
    assert not re.search(r"nan|inf", chart.svg.partition("<title>")[0])


def test_long_series_are_decimated_without_losing_a_spike():
    values = np.sin(np.arange(100_000) / 5_000)
    values[70_000] = 1.5
    line = decimate(series(values))
    assert len(line.values) == 200
    assert line.high.max() == 1.5
    assert np.abs(line.values - np.sin((line.steps / 50 - 1) / 5_000)).max() < 0.01
    (chart,) = make_charts("A", [series(values)])
    assert len(chart.svg) < 25_000
    assert len(points_of(chart, "polygon")) == 1


def test_decimation_keeps_gaps():
    values = np.ones(10_000)
    values[4_000:5_000] = np.nan
    line = decimate(series(values))
    values[7_000] = np.inf  # one of a bucket leaves the others
    assert (decimate(series(values)).values[120:] == 1).all()
    assert np.isnan(line.values[82:98]).all()
    assert np.isfinite(line.values[:79]).all()
    (chart,) = make_charts("A", [series(values)])
    assert len(points_of(chart)) == 2


def test_few_extremes_do_not_flatten_the_rest():
    values = [1000.0, *np.linspace(1, 2, 200)]
    low, high = value_limits([series(values)])
    assert 0 < low < 1
    assert 2 < high < 4
    (chart,) = make_charts("A", [series(values)])
    assert chart.notes == ["critic/a: 1 value lies out of view, up to 1,000 at step 50"]


def test_many_series_are_split_into_charts():
    charts = make_charts("A", [series([1, 2], f"critic/{i}") for i in range(8)])
    assert [(chart.title, len(chart.legend)) for chart in charts] == [("A", 6), ("A, continued", 2)]


@pytest.mark.parametrize("values", [[5.0] * 30, [0.0, 0.0], [1e299, -1e299], [1e-300, 2e-300], [1e9, 1e9 + 1], [-5.0], [float("nan"), 3.0]])
def test_odd_ranges_are_drawn(values):
    (chart,) = make_charts("A", [series(values)], from_zero=True)
    assert chart.svg


def test_huge_log_takes_seconds_and_little_room(tmp_path):
    events = [log(step, critic__a=1.0, generator__b=step / 7, images_per_second=1.0) for step in range(1, 100_001)]
    write_events(tmp_path, events)
    started = time.perf_counter()
    path = write_report(tmp_path)
    assert time.perf_counter() - started < 10
    assert path.stat().st_size < 300_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.69314, "0.6931"), (12_500, "12,500"), (1.2e-5, "1.2e-05"), (0, "0"), (float("nan"), "not finite"), (-3.5e9, "-3.5e+09")],
)
def test_number_text(value, text):
    assert number_text(value) == text


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """A headless Chromium, spoken to over pipes: each message is JSON and ends with a zero byte."""

    def __init__(self, profile):
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()

        def give_pipes():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            [CHROMIUM, *options, f"--user-data-dir={profile}"], preexec_fn=give_pipes, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self._input = os.fdopen(self._from, "rb")
        self._count, self._session = 0, {}

    def call(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            data = b""
            while (byte := self._input.read(1)) not in (b"\0", b""):
                data += byte
            assert data, "the browser is gone"
            answer = json.loads(data)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, path, width, height):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + 20
        while self.evaluate("location.protocol === 'file:' && document.readyState") != "complete":
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def close(self):
        self._session = {}
        self.call("Browser.close")
        self._process.wait(10)
        os.close(self._to)
        self._input.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_slider_in_a_browser(run, tmp_path):
    path = write_report(run)
    browser = Browser(tmp_path)
    try:
        browser.open(path, width=390, height=800)
        shown = "[...document.querySelectorAll('#timeline img')].filter(i => !i.hidden).map(i => i.dataset.step).join()"
        assert browser.evaluate(shown) == "1,000"
        browser.evaluate("document.getElementById('slider').focus()")
        browser.press("ArrowLeft", 37)
        assert browser.evaluate(shown) == "750"
        assert browser.evaluate("document.getElementById('shown').textContent") == "750"
        assert browser.evaluate("document.getElementById('slider').getAttribute('aria-valuetext')") == "step 750"
        browser.press("Home", 36)
        assert browser.evaluate(shown) == "0"
        browser.evaluate("document.getElementById('play').click()")
        deadline = time.monotonic() + 20
        while browser.evaluate(shown) != "1,000":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert browser.evaluate("document.getElementById('play').textContent") == "Play"
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390  # nothing sticks out of a phone
    finally:
        browser.close()
