"""``tools/gpu_check`` without a GPU: its rehearsal works, every kind of run that a GPU is to show trains, a bad stage stops no other."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gpu_kinds import KINDS

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
command, everything, marked, profiling, stages, wheels = (
    importlib.import_module(f"gpu.{name}") for name in ("command", "everything", "marked", "profiling", "stages", "wheels")
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_that_is_tried_on_a_gpu_trains_on_a_cpu(kind):
    config = parse_config(f"{KINDS[kind]}\ntrain: {{steps: 10, batch_size: 4, device: cpu, threads: 1}}")
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    loop = Loop(run, Meter())
    loop.step()
    assert run.step == 1


@pytest.mark.parametrize("letters", ["B", pytest.param("B,D", marks=pytest.mark.slow)])
def test_the_rehearsal_of_the_cheap_stages_passes(letters, tmp_path):
    tried = subprocess.run(
        [sys.executable, ROOT / "tools" / "gpu_check", "--rehearse", "--only", letters, "--out", tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert {letter: result["state"] for letter, result in results.items()} == dict.fromkeys(letters.split(","), "passed")
    assert set(results["B"]["found"]) == {"dcgan, fp32, 12 steps", "wgan_gp, fp32, 12 steps"}
    assert "D" not in letters or "a planted error" in results["D"]["found"]["raises, the note"]
    assert tried.stdout.endswith((tmp_path / "summary.txt").read_text())
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) <= 8


def stage(letter, code, seconds=20.0):
    return stages.Stage(letter, seconds, f"stage {letter}", ("-c", code), ("-c", code))


def test_a_stage_that_fails_or_hangs_stops_no_other_and_is_told(tmp_path, capsys):
    bad = stage("A", "print('= rate: 5: 6'); print('a reason'); raise SystemExit(3)")
    hangs = stage("B", "import time; print('waiting', flush=True); time.sleep(60)", 2)
    assert stages.run_all([bad, hangs, stage("C", "print('= rate: 7')")], os.environ, tmp_path, 60, False) == 1
    results = json.loads((tmp_path / "results.json").read_text())
    assert [result["state"] for result in results.values()] == ["failed (exit code 3)", "timed out", "passed"]
    assert (results["A"]["found"], results["A"]["last"]) == ({"rate": "5: 6"}, ["a reason"])
    assert results["B"]["last"] == ["waiting"]
    assert "    rate: 7" in (tmp_path / "summary.txt").read_text()


def test_stages_for_which_no_time_is_left_are_named_and_fail_the_whole(tmp_path):
    assert stages.run_all([stage("A", "")], os.environ, tmp_path, 1, False) == 1
    assert json.loads((tmp_path / "results.json").read_text())["A"]["state"] == "left out: no time"


def test_all_stages_fit_into_one_command_of_ten_minutes():
    for group in (stages.STAGES, stages.LATER):
        assert sum(stage.seconds for stage in group) <= command.TOTAL < 600 - 30


def test_a_stage_that_does_not_exist_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "A,Z"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "there is no stage 'Z'; there are A, B, C" in capsys.readouterr().err


def test_busy_time_counts_kernels_side_by_side_once():
    assert profiling.covered([(5.0, 6.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.6)]) == pytest.approx(4.0)
    assert profiling.covered([]) == 0


def test_every_network_loss_and_schedule_is_tried_on_a_gpu():
    assert everything.untried() == set()


def test_the_files_with_tests_for_a_gpu_are_found():
    assert {"tests/engine/test_gpu.py", "tests/engine/test_read_ahead.py"} <= set(marked.marked_files())


def test_the_reason_of_a_failed_test_is_told(tmp_path):
    report = tmp_path / "report.xml"
    failed = '<testcase name="b[x]"><failure message="assert 1 ==&#10; 2">trace</failure></testcase>'
    skipped = '<testcase name="c"><skipped message="no"/></testcase>'
    report.write_text(f'<testsuites><testsuite><testcase name="a"/>{failed}{skipped}</testsuite></testsuites>')
    assert list(marked.told(report)) == [("tests", "1 passed, 1 failed, 1 skipped"), ("b[x]", "assert 1 == 2")]


def test_what_a_machine_has_is_not_installed_again(monkeypatch):
    """All of pydantic is: it asks for one version of its core."""
    assert wheels.lacking("pydantic-core")
    assert wheels.lacking("ganzoo-core")
    assert not wheels.lacking("pillow")
    monkeypatch.setattr(wheels, "version", lambda name: "1.0")
    assert wheels.lacking("pillow")


def test_without_wheels_a_bare_machine_is_told_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="holds no wheels; collect them with --wheels"):
        wheels.install(tmp_path, tmp_path / "site")


def test_the_source_tree_comes_before_what_the_wheels_hold(tmp_path):
    folders = wheels.environment(tmp_path / "site", tmp_path)["PYTHONPATH"].split(os.pathsep)
    assert folders[0] == str(ROOT)
    assert folders.index(str(ROOT / "plugins" / "ganzoo-dcgan")) < folders.index(str(tmp_path / "site"))
