"""Checkpoints of every released format load and go on."""

import json
import shutil
from pathlib import Path

import pytest

from ganzoo.cli import invoke
from ganzoo.config import load_config, resolve
from ganzoo.engine.build import build
from ganzoo.registry import Registry
from ganzoo.rundir import checkpoint
from ganzoo.ui.progress import reporter

KEPT = Path(__file__).parents[1] / "checkpoints"
RECIPE = KEPT / "ring.yaml"
FORMATS = {int(path.stem.removeprefix("format-")): path for path in KEPT.glob("format-*.ckpt")}


def test_every_format_is_kept():
    assert sorted(FORMATS) == list(range(1, checkpoint.FORMAT + 1))


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.promise("State", "A checkpoint of every released format loads and trains on")
def test_a_checkpoint_of_every_format_loads_and_goes_on(number, left, differing, found, capsys):
    state = checkpoint.decode(FORMATS[number].read_bytes(), "kept")
    config = load_config(RECIPE)
    run, _ = build(config, resolve(config, Registry.installed()), reporter(quiet=True))
    run.restore(state)
    again = checkpoint.decode(checkpoint.encode(run.state()), "again")
    assert differing(again["networks"], state["networks"]) == []
    assert differing(again["optimizers"], state["optimizers"]) == []
    assert again["step"] == state["step"] == 4
    assert again["samples"] == state.get("samples", state["position"] * config.train.batch_size) == 4 * config.train.batch_size
    words = ["run", str(RECIPE), "--quiet", "--out", "out"]
    assert invoke([*words, "-o", "train.steps=4"]) == 0
    shutil.copy(FORMATS[number], "out/checkpoints/step-00000004.ckpt")
    own = json.loads(Path("out/env.json").read_text())["run"]
    for kept in (Path("out/env.json"), Path("out/metrics.jsonl")):  # it is this run's
        kept.write_text(kept.read_text().replace(own, state.get("run", own)))
    assert invoke([*words, "--resume"]) == 0, capsys.readouterr().err
    assert left("out").steps[0] == 12
    found(f"format {number}")


def test_a_checkpoint_from_elsewhere_goes_on_with_a_notice(train, left):
    """Another number of threads, device, instruction set, torch or plugin: each is named."""
    train("out", "train.steps=4")
    newest = checkpoint.existing(Path("out/checkpoints"))[0]
    state = left("out").state
    state["runtime"] |= {"threads": 64, "device": "NVIDIA H200", "instructions": "AVX1024"}
    state["versions"] |= {"torch": "1.0", "ganzoo-vanilla": "9.9"}
    newest.write_bytes(checkpoint.encode(state))
    said = train("out", resume=True)
    for notice in (
        "threads was 64, is 1",
        "device was NVIDIA H200, is cpu",
        "instructions was AVX1024",
        "torch was 1.0",
        "ganzoo-vanilla was 9.9",
    ):
        assert notice in said
    assert "will not be bit for bit" in said
    assert left("out").events[-1]["event"] == "finished"
