"""The report as an observer that nobody has to name, and a core that does without it."""

from pathlib import Path

import pytest
from ganzoo_report.page import render

from ganzoo import hookimpl
from ganzoo.cli import invoke
from ganzoo.registry import Component, Registry
from ganzoo.rundir import read_record
from ganzoo.rundir.lines import append_event

RECIPE = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: non_saturating
train: {steps: 2, batch_size: 4, device: cpu, threads: 1}
sample: {count: 4}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.yaml").write_text(RECIPE)


@pytest.fixture
def without(monkeypatch):
    """Takes ganzoo-report out of what is installed."""
    installed = Registry.installed

    def fewer():
        registry = installed()
        registry.plugins = [plugin for plugin in registry.plugins if plugin.distribution != "ganzoo-report"]
        registry.components = [component for component in registry.components if component.distribution != "ganzoo-report"]
        return registry

    return lambda: monkeypatch.setattr(Registry, "installed", fewer)


def run(*words, code=0, out="out"):
    assert invoke(["run", "ring.yaml", "--out", out, *words]) == code


def test_a_run_has_a_report_that_its_configuration_does_not_name(capsys):
    run()
    assert "Finished at step 2" in Path("out/report.html").read_text()
    assert "report: out/report.html" in capsys.readouterr().out
    assert "observers: []" in Path("out/config.yaml").read_text()


def test_an_observer_beside_it_does_not_switch_it_off_and_naming_it_does_not_double_it(monkeypatch):
    Path("out").mkdir()
    written = []
    monkeypatch.setattr("ganzoo_report.observer.write_report", written.append)
    run("-o", "observers=[html_report]", "-q")
    assert written == [Path("out")]
    run("-o", "observers=[tensorboard]", "-q", "--resume", out="second")
    assert written == [Path("out"), Path("second")]


def test_a_run_that_fails_has_a_report_too():
    run("-q", "-o", "optimizer.generator.lr=1e30", "-o", "optimizer.critic.lr=1e30", "-o", "train.steps=50", code=3)
    assert "Failed at step" in Path("out/report.html").read_text()


def test_without_it_a_run_has_no_report_and_compare_says_which_distribution_makes_one(without, capsys):
    without()
    run()
    assert not Path("out/report.html").exists()
    assert "report" not in "".join(capsys.readouterr())
    assert read_record(Path("out")).outcome == "finished"
    assert invoke(["compare", "out", "out"]) == 2
    assert "ganzoo-report, which is not installed; pip install ganzoo-report" in capsys.readouterr().err


def test_it_is_made_again():
    run("-q")
    Path("out/report.html").unlink()
    assert invoke(["report", "out"]) == 0
    assert "</html>" in Path("out/report.html").read_text()


def test_one_that_fails_does_not_lose_the_run(capsys, monkeypatch):
    def fail(path):
        raise ZeroDivisionError("no pictures today")

    monkeypatch.setattr("ganzoo_report.observer.write_report", fail)
    run()
    assert "'ganzoo replay out --to ganzoo-report/html_report' tells it the whole run later" in capsys.readouterr().err
    assert Path("out/weights/generator.safetensors").exists()


def test_a_run_goes_on_elsewhere_without_it(without):
    run("-q")
    without()
    run("-q", "--resume", "-o", "train.steps=4")
    assert read_record(Path("out")).changes == [(2, "train.steps: 2, now 4")]


class Broken:
    def __init__(self, data):
        raise ValueError("no ink")

    @hookimpl
    def run_finished(self):
        """Never called."""


def test_one_that_is_broken_is_named_and_the_run_goes_on(monkeypatch, capsys):
    component = Component("observer", "printer", Broken, "ganzoo-printer", "1", True)
    installed = Registry.installed
    monkeypatch.setattr(Registry, "installed", lambda: added(installed(), component))
    run("-q")
    assert "observer 'ganzoo-printer/printer' failed and is left out from here on: ValueError: no ink" in capsys.readouterr().err
    assert Path("out/report.html").exists()


def added(registry, component):
    registry.components.append(component)
    return registry


def test_replay_tells_it_the_run_and_an_evaluation_afterwards_does_not_end_a_run_anew():
    run("-q")
    Path("out/report.html").unlink()
    append_event(Path("out"), "evaluated", step=2, metric="x", values={"x": 1.0}, by="eval")
    assert invoke(["replay", "out", "--to", "html_report", "-q"]) == 0
    assert "Finished at step 2" in Path("out/report.html").read_text()


def test_an_export_of_an_earlier_step_is_told():
    run("-q")
    facts = '{{"generator": "g", "route": "", "run": "0a", "step": {}, "data": {{}}}}'
    for name, step in (("old.onnx", 1), ("new.pt2", 2)):
        Path("out", name).write_bytes(b"\0PK" + facts.format(step).encode() + b"\0")
    Path("out/other.onnx").touch()
    html = " ".join(render(Path("out")).split())
    assert "old.onnx</a> <small>0.1 kB, of step 1; the weights are of step 2</small>" in html
    assert "new.pt2</a> <small>0.1 kB</small>" in html
    assert "other.onnx" not in html


def test_a_mixed_run_shows_as_such():
    run("-q")
    run("-q", "-o", "train.threads=2", "--resume", "-o", "train.steps=4")
    html = Path("out/report.html").read_text()
    assert "A mixed run" in html
    assert "Step 2: threads was 1, is 2" in html
    assert "Started 2 times" in html
