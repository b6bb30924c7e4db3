"""Systems of several networks, routes and phases, each a plugin of one file: trained, resumed, exported, packed and sampled from."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import ganzoo

SYSTEMS = Path(__file__).parent / "third_party/systems"
LOGGED = {
    "cyclegan": {"generator/cycle", "generator/adversarial@back", "critic/adversarial", "critic/adversarial@back"},
    "bigan": {"generator/adversarial", "critic/adversarial"},
    "heads": {"critic/adversarial@at_16", "critic/adversarial@at_8", "critic/r1@at_8", "generator/adversarial"},
    "srgan": {"generator/content", "generator/adversarial", "critic/adversarial"},
    "stylegan2": {"generator/path_length", "critic/r1", "generator/adversarial"},
}
"""What each logs."""
PICTURES = {"cyclegan": (16, [None, "back"]), "bigan": (28, ["reconstruct"]), "srgan": (32, [None])}
"""Those that take pictures: the edge of what they make, and the routes from picture to picture."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """All of them, trained a few steps."""
    root = tmp_path_factory.mktemp("systems")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        for name in LOGGED:
            ganzoo.train(SYSTEMS / f"{name}.yaml", out=root / name, quiet=True, plugins=[SYSTEMS / f"{name}.py"])
        yield root


@pytest.mark.parametrize("name", LOGGED)
def test_it_trains_and_logs_the_terms_of_each_route(trained, name):
    logs = [json.loads(line) for line in (trained / name / "metrics.jsonl").read_text().splitlines()]
    seen = set().union(*(line for line in logs if line["event"] == "log"))
    assert seen >= LOGGED[name]


@pytest.mark.parametrize("name", LOGGED)
def test_resumed_in_the_middle_it_ends_bit_for_bit_as_it_did(trained, name, tmp_path):
    again = tmp_path / name
    shutil.copytree(trained / name, again)
    whole = weights_of(again)
    (again / "checkpoints/step-00000012.ckpt").unlink()
    shutil.rmtree(again / "weights")
    ganzoo.train(SYSTEMS / f"{name}.yaml", out=again, resume=True, quiet=True, plugins=[SYSTEMS / f"{name}.py"])
    resumed = weights_of(again)
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())


def weights_of(run):
    """Every weight of both players."""
    files = {side: load_file(run / f"weights/{side}.safetensors") for side in ("generator", "critic")}
    return {(side, key): value for side, state in files.items() for key, value in state.items()}
