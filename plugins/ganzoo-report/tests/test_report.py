"""The report of a run: what it holds, in words and pictures, and that it stands alone."""

import json
import re

import numpy as np
import pytest
from ganzoo_report.changes import changes_from_recipe
from reported_runs import CONFIG, log, make_run, report_of, write_events

from ganzoo.rundir import read_record
from ganzoo.ui.pictures import image_grid, save_png


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
        "ganzoo run wgan_gp.yaml -o train.seed=3 --override train.ema=0.99",
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
    rows = [["loss.1.weight", "10", "5.0"], ["train.seed", "0", "3"], ["train.ema", "(default)", "0.99"]]
    assert part.split() == ["key", "recipe", "this", "run", *(cell for row in rows for cell in row)]


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


def test_only_the_reports_own_script_may_run(page):
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert re.search(r"script-src 'sha256-[\w+/]{43}='", policy)


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
    assert record.seconds == 3.0  # 2 in the first session up to step 100, 1 in the second


def test_each_curve_of_the_configuration_is_drawn(tmp_path):
    directory = make_run(tmp_path / "curved", pictures=1)
    assert "What moves along a curve" not in report_of(directory).text
    config = directory / "config.yaml"
    text = config.read_text().replace("weight: 5.0", "weight: {from: 5.0, to: 1.0, start: 0.5}")
    config.write_text(text + "optimizer: {critic: {betas: [0.0, {from: 0.9, to: 0.99}]}}\n")
    page = report_of(directory)
    assert "What moves along a curve" in page.text
    captions = [name for name in ("loss.1.weight", "optimizer.critic.betas.1") if f"{name}" in page.text]
    assert len(captions) == 2
    assert "loss.1.weight from 5 to 1" in " ".join(svg.get("aria-label", "") for svg in page.all("svg"))
    config.write_text(text.replace("to: 1.0", "to: one"))
    assert "What moves along a curve" not in report_of(directory).text


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


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("-o seed=5 --override train.steps=7", ["seed", "train.steps"]),
        ("-oseed=5 --override=train.steps=7", ["seed", "train.steps"]),
        ("-o schedule.critic_updates=5", ["schedule.critic_updates"]),
        ("-o loss.weight=2", ["loss.0.weight"]),
        ("-o loss.1.weight=2 -o 'data={name: ring'", []),
        ("--out 'a -o seed=5", []),
    ],
)
def test_a_change_is_what_the_command_set_in_each_way_of_writing_it(words, wanted):
    recipe = {"data": "ring", "loss": {"name": "wasserstein"}}
    config = {
        "data": {"name": "ganzoo-core/ring", "modes": 8},
        "loss": [{"name": "ganzoo-wgan/wasserstein", "weight": 2}],
        "schedule": {"name": "ganzoo-core/alternate", "critic_updates": 5},
        "seed": 5,
        "train": {"steps": 7, "ema": 0.0},
    }
    found = changes_from_recipe(recipe, config, [f"ganzoo run ring.yaml {words} --out runs/a"])
    assert [change.key for change in found] == sorted(wanted, key=["loss.0.weight", "schedule.critic_updates", "seed", "train.steps"].index)
    assert {change.recipe for change in found} <= {"(default)"}


@pytest.mark.parametrize("inner", ["mlp", {"name": "mlp", "hidden": [8]}])
def test_a_wrapped_component_is_no_change_and_one_of_its_parameters_is(inner):
    config = {"critic": {"name": "ganzoo-pacgan/pac", "critic": {"name": "ganzoo-vanilla/mlp", "hidden": [8]}}}
    assert changes_from_recipe({"critic": {"name": "pac", "critic": inner}}, config) == []
    changed = changes_from_recipe({"critic": {"name": "pac", "critic": {"name": "mlp", "hidden": [9]}}}, config)
    assert [change.key for change in changed] == ["critic.critic.hidden"]


def test_classes_are_named_with_their_counts(tmp_path):
    make_run(tmp_path / "run")
    facts = json.loads((tmp_path / "run/env.json").read_text())
    (tmp_path / "run/env.json").write_text(json.dumps({**facts, "classes": {"10": 1234, "2": 5, "<猫>": 7}}))
    page = report_of(tmp_path / "run")
    assert "Classes 10 (1,234), 2 (5), <猫> (7)" in " ".join(page.text.split())
    (tmp_path / "run/env.json").write_text(json.dumps({**facts, "classes": {str(i): 1 for i in range(300)}}))
    assert "99 (1), and 200 more" in report_of(tmp_path / "run").text
    (tmp_path / "run/env.json").write_text(json.dumps({**facts, "classes": ["a"]}))
    assert "Classes" not in report_of(tmp_path / "run").text
