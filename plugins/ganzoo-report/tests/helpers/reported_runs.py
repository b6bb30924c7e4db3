"""Runs to report on, as ``ganzoo run`` leaves them, and their reports parsed."""

import json
from html.parser import HTMLParser

import numpy as np
from ganzoo_report.page import write_report

from ganzoo.ui.pictures import image_grid, save_png

CONFIG = """data: {name: ganzoo-core/digits}
generator: {name: ganzoo-dcgan/dcgan, width: 64}
critic: {name: ganzoo-dcgan/dcgan, width: 64, norm: none}
loss:
  - {name: ganzoo-wgan/wasserstein, weight: 1.0}
  - {name: ganzoo-wgan-gp/gradient_penalty, weight: 5.0}
train: {steps: 1000, batch_size: 64, seed: 3, ema: 0.99, precision: auto}
"""
RECIPE = """data: digits
generator: {name: dcgan, width: 64}
critic: {name: dcgan, norm: none}
loss: [wasserstein, {name: gradient_penalty, weight: 10}]
train: {steps: 1000, batch_size: 64, seed: 0}
"""
COMMAND = "ganzoo run wgan_gp.yaml -o train.seed=3 --override train.ema=0.99"


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
    (directory / "env.json").write_text(json.dumps({"command": COMMAND, "runtime": {"device": "cpu"}, "versions": {"torch": "2.15.0"}}))
    (directory / "weights").mkdir()
    (directory / "weights" / "generator.safetensors").write_bytes(b"0" * 1_500_000)
    return directory


def report_of(directory):
    return Page(write_report(directory).read_text(encoding="utf-8"))
