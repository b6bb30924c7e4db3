"""The tool that holds growing networks against DCGAN: what its clock leaves out, and what its page says. Nothing is trained here."""

import importlib
import json
import sys
from pathlib import Path

from ganzoo.config import load_config, resolve
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
clock, command, picture = (importlib.import_module(f"benchmarks.growth.{name}") for name in ("clock", "command", "picture"))


def test_the_clock_counts_training_and_not_measuring(tmp_path, monkeypatch):
    now = iter([10, 13, 20, 20, 22, 29, 29])
    monkeypatch.setattr(clock.time, "process_time", lambda: next(now))
    observer = clock.Clock(None)
    observer.run_started(tmp_path)  # 10
    for step in (5, 10):
        observer.step_logged()  # 13, 22
        observer.evaluated(step, {"swd": 0.5, "provenance": {}})  # until 20, 29
    rows = [json.loads(line) for line in (tmp_path / clock.FILE).read_text().splitlines()]
    assert rows == [{"step": 5, "cpu": 3, "swd": 0.5}, {"step": 10, "cpu": 5, "swd": 0.5}]


def test_curves_are_compared_over_the_time_that_both_took():
    curves = [picture.Curve("A", [0, 60], [1.0, 0.4], [0, 10]), picture.Curve("B", [0, 120], [1.0, 0.2], [0, 30])]
    text = command.text_of(curves)
    assert "after CPU seconds | 10 | 20 | 30 | 40 | 50 | 60 |" in text
    assert "| A | 0.900 | 0.800 | 0.700 | 0.600 | 0.500 | 0.400 | 10 |" in text
    assert "| B | 0.933 |" in text
    assert picture.draw(curves).count("<circle") == 4
    assert picture.ticks(0.235) == [0, 0.05, 0.1, 0.15, 0.2]
    assert picture.ticks(559) == [0, 100, 200, 300, 400, 500]


def test_a_page_needs_runs_and_the_configurations_resolve(tmp_path, capsys):
    assert command.main(["--page", "--out", str(tmp_path)]) == 2
    assert "run tools/benchmark_growth" in capsys.readouterr().err
    for name in command.NAMES:
        assert resolve(load_config(command.CONFIGS / f"{name}.yaml"), Registry.installed()).data.name == "faces"
