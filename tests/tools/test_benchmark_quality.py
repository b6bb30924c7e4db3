"""The tool that holds the recipes to their bars: what it trains, keeps, counts and writes. Nothing is trained here."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ganzoo.cli import invoke
from ganzoo.config import load_config
from ganzoo.errors import GanzooError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
benchmarks, command, page, phases, processes, trainings = (
    importlib.import_module(f"benchmarks.quality.{name}") for name in ("benchmarks", "command", "page", "phases", "processes", "trainings")
)

EVALUATION = {"modes": 8, "high_quality": 0.97}


def result(**numbers):
    given = {"modes": 8, "high_quality": 0.98, "cpu_seconds": 30.0} | numbers
    return trainings.Result(
        key="k", numbers=given, wall_seconds=41.2, load=1.5, provenance={"samples": 2500}, commit="abc", day="2026-01-02"
    )


@pytest.fixture
def training(tmp_path):
    return trainings.Training("ring_lsgan", 1, tmp_path / "mnist", tmp_path)


@pytest.fixture
def commands(monkeypatch):
    """What would have been run; 'eval' answers."""
    seen = []

    def pretend(*arguments):
        seen.append(arguments)
        return (
            json.dumps([{"metric": "modes", "step": 4, "values": EVALUATION | {"provenance": {}}}]) if arguments[0] == "eval" else ""
        ), 12.5

    for module in (trainings, processes):
        monkeypatch.setattr(module, "ganzoo", pretend)
    return seen


@pytest.mark.parametrize("recipe", benchmarks.BENCHMARKS)
def test_every_benchmark_is_a_recipe_that_loads(recipe, tmp_path):
    training = trainings.Training(recipe, 3, tmp_path, tmp_path)
    config = load_config(training.config, training.overrides)
    assert (config.train.seed, config.train.threads) == (3, 1)
    measured = [metric.name for metric in config.metrics] or ["classifier_fid" if config.data.name == "mnist" else "modes"]
    assert benchmarks.BENCHMARKS[recipe].metric == measured[0]


def test_a_bar_is_met_at_its_bound_and_missed_beyond():
    least, most = benchmarks.Bar("modes", 24, True), benchmarks.Bar("classifier_fid", 100, False)
    assert [least.met(value) for value in (23, 24, 25)] == [False, True, True]
    assert [most.met(value) for value in (99, 100, 101)] == [True, True, False]


def test_the_median_counts_and_not_the_best_seed():
    seeds = {seed: result(modes=modes) for seed, modes in enumerate((8, 7, 7))}
    assert page.missed({"ring_lsgan": seeds}) == ["ring_lsgan: modes is 7, wanted at least 8"]
    assert page.missed({"ring_lsgan": seeds | {1: result()}}) == []


def test_a_training_runs_the_command_as_a_user_would(training, commands):
    kept = trainings.perform(training)
    assert commands == [
        ("run", str(training.config), "-o", "train.seed=1", "-o", "train.threads=1", "--out", str(training.folder), "--quiet"),
        ("eval", str(training.folder), "--metric", "modes", "--json"),
    ]
    assert kept.numbers == EVALUATION | {"cpu_seconds": 12.5}
    assert trainings.finished(training) == kept


def test_a_finished_training_is_not_repeated_until_its_recipe_changes(training, commands, monkeypatch, tmp_path):
    assert len(list(command.perform_all([training], 1))) == 1
    count = len(commands)
    assert len(list(command.perform_all([training], 2))) == 1
    assert len(commands) == count
    text = training.config.read_text()
    (tmp_path / "zoo_configs").mkdir()
    recipe = tmp_path / "zoo_configs" / "ring_lsgan.yaml"
    monkeypatch.setattr(trainings, "ROOT", tmp_path)
    recipe.write_text("# A comment more.\n" + text)
    assert trainings.finished(training) is not None
    recipe.write_text("other: 1")
    assert trainings.finished(training) is None


def test_a_record_without_a_number_that_has_a_bar_is_no_result(training, commands, monkeypatch):
    trainings.perform(training)
    asked = replace(benchmarks.BENCHMARKS["ring_lsgan"], bars=(benchmarks.Bar("lost", 1.5, False),))
    monkeypatch.setattr(trainings, "BENCHMARKS", {"ring_lsgan": asked})
    assert trainings.finished(training) is None


def test_the_first_of_two_phases_is_measured_too(tmp_path, capsys):
    options = ["train.steps=4", "train.batch_size=4", "data.count=80", "checkpoint.every=1", "metrics=[]"]
    options = [*(word for option in options for word in ("-o", option)), "--quiet", "--out"]
    for recipe, more in (("faces_srgan", "schedule.share=0.5"), ("stackgan_described", "generator.width=2")):
        path = ROOT / "zoo_configs" / f"{recipe}.yaml"
        assert invoke(["run", str(path), "-o", more, *options, str(tmp_path / recipe)]) == 0, capsys.readouterr().err
    gain, _ = processes.evaluate(tmp_path / "faces_srgan", "super_resolution", "-o", "split=test", "--step", "2")
    assert phases.pretrained(tmp_path / "faces_srgan", {"gain": gain["gain"] - 0.5})["lost"] == pytest.approx(0.5)
    found = phases.stages(tmp_path / "stackgan_described", {})
    assert found["swd"] > 0
    assert found["of_first"] == found["swd"] / found["first_swd"] != 1


@pytest.mark.parametrize("content", ["", "{}", '{"key": 1}', "[1]"])
def test_a_broken_record_is_no_result(training, content):
    training.record.write_text(content)
    assert trainings.finished(training) is None


def test_the_command_gives_what_it_printed_and_its_cpu_seconds_and_of_a_failure_the_last_line(tmp_path, monkeypatch):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\n[ $3 = eval ] && echo printed && exit\necho a warning >&2\necho the reason >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    printed, seconds = processes.ganzoo("eval")
    assert printed == "printed\n"
    assert 0 <= seconds < 60
    with pytest.raises(GanzooError, match=r"'ganzoo run' failed: the reason$"):
        processes.ganzoo("run")


def test_two_benchmarks_do_not_share_a_folder(tmp_path):
    tool = [sys.executable, str(ROOT / "tools" / "benchmark_quality"), "--out", str(tmp_path / "results")]
    with trainings.held(tmp_path / "results"):
        done = subprocess.run(tool, capture_output=True, text=True)
    assert done.returncode == 2
    assert "is in use by another benchmark; wait for it" in done.stderr


def test_the_tables_have_the_median_against_its_bar_and_every_seed():
    content = page.tables({"ring_lsgan": {0: result(), 1: result(high_quality=0.8), 2: result()}}, "tools/benchmark_quality", "a machine")
    assert content.count("a machine") == 1
    assert "| `ring_lsgan` | high quality | **98.0%** | at least 97.0% | met |" in content
    assert "| `ring_lsgan` | 1 | 8 | 80.0% | 30 | 41 |" in content


def test_all_dates_and_commits_are_named():
    text = page.tables({"ring_lsgan": {0: result(), 1: replace(result(), day="2026-01-05", commit="def")}}, "c", "m")
    assert "Date: 2026-01-02 to 2026-01-05; code: abc, def" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "ring_lsgun"], "--only: there is no benchmark 'ring_lsgun'; did you mean 'ring_lsgan'?"),
        (["--seeds", "0,x"], "--seeds: '0,x' are no seeds"),
        (["--jobs", "0"], "--jobs: 0 trainings side by side"),
        (["--mnist", __file__], "is not a folder"),
    ],
)
def test_bad_arguments_end_with_one_line(arguments, said, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmark_quality", *arguments])
    assert command.main() == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
