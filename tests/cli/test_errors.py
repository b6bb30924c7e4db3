"""What goes wrong in a command is one line and an exit code; only ``--debug`` shows a traceback."""

import subprocess
import sys

import pytest
import torch
from forked import ganzoo
from ganzoo_vanilla.networks import MLPGenerator

from ganzoo.cli import invoke
from ganzoo.commands import installed


def test_debug_shows_the_traceback(capsys):
    with pytest.raises(Exception, match="no such file"):
        invoke(["run", "missing.yaml", "--debug"])
    with pytest.raises(Exception, match="no such file"):
        invoke(["--debug", "run", "missing.yaml"])


CONFIG = """
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 5, batch_size: 8, device: cpu, threads: 1}
"""


def test_an_exception_in_mid_run_names_step_and_component(tmp_path, capsys, monkeypatch):
    calls = []
    original = MLPGenerator.forward

    def forward(self, latent):
        calls.append(latent.device.type)
        if len(calls) > 9:
            return original(self, [][0])
        return original(self, latent)

    monkeypatch.setattr(MLPGenerator, "forward", forward)
    (tmp_path / "a.yaml").write_text(CONFIG)
    assert invoke(["run", str(tmp_path / "a.yaml"), "--out", str(tmp_path / "run"), "--quiet"]) == 3
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "generator MLPGenerator (test_errors.py:" in error
    assert " fails in step " in error
    assert "IndexError: list index out of range; repair the component" in error
    assert "doctor" not in error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("two\nlines"), 3, "unexpected ValueError: two lines; run again with --debug and report it with 'ganzoo doctor'"),
        (KeyError("ours"), 3, "unexpected KeyError: 'ours'; run again with --debug and report it with 'ganzoo doctor'"),
        (OSError(28, "No space left on device", "metrics.jsonl"), 3, "metrics.jsonl: No space left on device"),
        (MemoryError(), 3, "out of memory; lower train.batch_size"),
        (torch.OutOfMemoryError("2 GiB"), 3, "out of memory; lower train.batch_size"),
    ],
)
def test_what_nobody_foresaw_is_one_line_too(error, code, words, capsys, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(installed, "plugins", fail)
    assert invoke(["plugins"]) == code
    assert capsys.readouterr().err.startswith(f"ganzoo: error: {words}")


def test_ctrl_c_outside_training_is_130(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(installed, "plugins", interrupt)
    assert invoke(["plugins"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m ganzoo list --json | head -c 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")


def test_a_reader_that_was_never_there_is_no_error():
    done = ganzoo("schema", before="reading, writing = os.pipe(); os.dup2(writing, 1); os.close(reading)")
    assert (done.returncode, done.stderr) == (0, "")
