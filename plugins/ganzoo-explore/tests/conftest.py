"""From the sdist alone, tests that train what plugins give are left out."""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.rundir.lines import append_event

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
PETS = """\
data: {{name: folder, root: {root}, size: 16, channels: 1}}
generator: {{name: acgan, width: 4, latent_dim: 4}}
critic: {{name: acgan, width: 4}}
loss: [non_saturating, label_classification]
train: {{steps: 2, batch_size: 4, ema: 0.5, device: cpu, threads: 1}}
sample: {{count: 4}}
"""

if importlib.util.find_spec("ganzoo_acgan") is None:
    alone = ("conformance", "folders")
    collect_ignore = [path.name for path in Path(__file__).parent.glob("test_*.py") if path.stem.removeprefix("test_") not in alone]


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory):
    """(path, sha256): random weights of FID's Inception."""
    pytest.importorskip("pytorch_fid")
    from random_inception import write_inception

    return write_inception(tmp_path_factory.mktemp("inception"))


@pytest.fixture(scope="package")
def packed(tmp_path_factory):
    """(pack, arrays that the run gave): of a run whose folder and data are gone."""
    folder = tmp_path_factory.mktemp("machine")
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / "pictures" / name).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(random.integers(0, 256, (16, 16), dtype=np.uint8)).save(folder / "pictures" / name / f"{i}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(folder / "cache"))
        (folder / "pets.yaml").write_text(PETS.format(root=folder / "pictures"))
        command = ["run", str(folder / "pets.yaml"), "--out", str(folder / "pets"), "--quiet"]
        patch.setattr(sys, "argv", ["ganzoo", *command])
        assert invoke(command) == 0
        values = {"fid": 12.5, "provenance": {"network": "inception 6726825d0af5", "samples": 50000, "note": "a|b"}}
        append_event(folder / "pets", "evaluated", step=2, metric="fid", values=values)
        assert invoke(["sample", str(folder / "pets"), "-n", "6", "--npz", str(folder / "wanted.npz")]) == 0
        assert invoke(["pack", str(folder / "pets"), "--license", "cc-by-4.0"]) == 0
    with np.load(folder / "wanted.npz", allow_pickle=False) as arrays:
        wanted = dict(arrays)
    elsewhere = tmp_path_factory.mktemp("another machine") / "pets"
    shutil.move(folder / "pets-pack", elsewhere)
    shutil.rmtree(folder)
    return elsewhere, wanted, folder


@pytest.fixture
def pack(packed, tmp_path):
    """A copy to tamper with."""
    shutil.copytree(packed[0], tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture
def refused(capsys):
    """The one line that ``ganzoo sample`` refuses a pack with."""

    def call(pack):
        capsys.readouterr()
        assert invoke(["sample", str(pack), "--png", str(pack.parent / "never.png")]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert not (pack.parent / "never.png").exists()
        return err

    return call
