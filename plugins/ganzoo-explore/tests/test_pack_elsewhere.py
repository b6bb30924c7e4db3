"""A pack on another machine: a clean environment that holds what the pack pins, and nothing else of ganzoo."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ganzoo_kit.authoring.environment import make_environment, pip

from ganzoo.cli import invoke
from ganzoo.runs.packs import PINS

ROOT = Path(__file__).parents[3]
PROJECTS = {"ganzoo-core": ROOT} | {path.name: path for path in sorted((ROOT / "plugins").iterdir()) if (path / "pyproject.toml").is_file()}
RECIPE = """\
data: digits
generator: {name: acgan, width: 4, latent_dim: 4}
critic: {name: acgan, width: 4}
loss: [non_saturating, label_classification]
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
sample: {count: 4}
"""


@pytest.fixture
def pack(tmp_path):
    """A pack, and what its run sampled."""
    (tmp_path / "digits.yaml").write_text(RECIPE)
    assert invoke(["run", str(tmp_path / "digits.yaml"), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    assert invoke(["sample", str(tmp_path / "run"), "-n", "20", "--seed", "3", "--npz", str(tmp_path / "wanted.npz")]) == 0
    assert invoke(["pack", str(tmp_path / "run")]) == 0
    shutil.rmtree(tmp_path / "run")
    return tmp_path / "run-pack"


@pytest.fixture
def wheels(tmp_path):
    """A folder with the wheels of all distributions of this repository, as an index would offer them."""
    folder = tmp_path / "wheels"
    for project in PROJECTS.values():
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
        subprocess.run(build, cwd=project, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_a_pack_samples_the_same_in_a_clean_environment_made_from_its_pins(pack, wheels, tmp_path):
    """Torch, numpy and the like are lent by the present environment, so that nothing is downloaded; they are pinned all the same."""
    there = tmp_path / "another machine"
    there.mkdir()
    shutil.move(pack, there / "pack")
    environment = make_environment(there / "environment", without=list(PROJECTS))
    pip("--python", str(environment.python), "install", "--no-index", "--find-links", str(wheels), "-r", str(there / "pack" / PINS))
    variables = {**environment.variables(), "HOME": str(there), "GANZOO_CACHE": str(there / "cache")}

    def command(*words):
        script = environment.python.with_name("ganzoo")
        done = subprocess.run([script, *words], cwd=there, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    plugins = command("plugins")[0]
    assert "ganzoo-acgan" in plugins
    assert not [name for name in PROJECTS if name in plugins and name not in ("ganzoo-core", "ganzoo-acgan")]
    place = [environment.python, "-P", "-c", "import ganzoo; print(ganzoo.__file__)"]
    assert subprocess.check_output(place, cwd=there, env=variables, text=True).startswith(str(environment.folder))

    said, complaints = command("sample", "pack", "-n", "20", "--seed", "3", "--npz", "samples.npz")
    assert (said, complaints) == ("samples.npz\n", "")
    with np.load(there / "samples.npz", allow_pickle=False) as found, np.load(tmp_path / "wanted.npz", allow_pickle=False) as wanted:
        assert found.files == wanted.files == ["sample", "label"]
        for name in wanted.files:
            np.testing.assert_array_equal(found[name], wanted[name])
