"""Seeds, paths and names as people have them: huge, no text at all, in any script."""

import json
import os
import subprocess
import sys

import pytest
from small_runs import CONFIGS

from ganzoo.cli import invoke
from ganzoo.engine.randomness import seed_everything
from ganzoo.ui.pictures import class_name, drawable

NAME = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("seed", [2**63, 2**64, 10**30, -1])
@pytest.mark.parametrize("command", ["sample", "run"])
def test_a_seed_that_does_not_fit_is_one_line(command, seed, tmp_path, capsys):
    (tmp_path / "ring.yaml").write_text(CONFIGS["ring"])
    arguments = {
        "sample": ["sample", str(tmp_path), "--seed", str(seed)],
        "run": ["run", str(tmp_path / "ring.yaml"), "-o", f"train.seed={seed}"],
    }
    assert invoke(arguments[command]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "seed" in said
    assert "unexpected" not in said


def test_seeding_takes_any_integer_modulo_two_to_the_64th():
    import torch

    drawn = []
    for seed in (5, 5 + 2**64, 5 - 2**64):
        seed_everything(seed)
        drawn.append(torch.randn(3))
        seed_everything(seed, 1)
    assert all(torch.equal(each, drawn[0]) for each in drawn)


RUN_AND_SAMPLE = """
import sys
from ganzoo.cli import invoke
name = sys.argv[1]
sys.exit(invoke(["run", f"{name}.yaml", "--out", f"out-{name}", "-q"]) or invoke(["sample", f"out-{name}", "-n", "4"]))
"""


@pytest.mark.parametrize("locale", [pytest.param("C.UTF-8", marks=pytest.mark.slow), "C"])
def test_paths_that_are_not_utf8_work(locale, tmp_path):
    """In a process of its own, whose command line and output are bytes."""
    try:
        (tmp_path / f"{NAME}.yaml").write_text(CONFIGS["ring"])
    except OSError:
        pytest.skip("only on Linux")
    environment = {**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([sys.executable, "-c", RUN_AND_SAMPLE, NAME], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"out-caf\xe9/samples.png\n"
    written = json.loads((tmp_path / f"out-{NAME}" / "env.json").read_text(encoding="utf-8"))
    assert NAME in written["command"] or "caf" in written["command"]
    assert (tmp_path / f"out-{NAME}" / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("T-shirt/top", "T-shirt/top"), ("café", "cafe"), ("кошка", "1"), ("猫", "1"), ("גמל", "1"), ("🐈", "1"), (NAME, "1"), ("", "1")],
)
def test_a_grid_names_a_class_by_its_number_where_it_would_draw_boxes(name, drawn):
    assert class_name(("other", name), 1) == drawn
    assert (drawable(name) or "1") == drawn
