"""What README promises: a plugin in 30 lines, one line between two losses, one start for both, and nothing left out."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ganzoo.cli import invoke
from ganzoo.registry import Registry

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
COPY = re.search(r"^cp (hinge\.py) (ganzoo-hinge/.*)$", README, re.MULTILINE)
FILES[COPY[2]] = FILES[COPY[1]]
QUICK = ["-o", "train.steps=5", "-o", "train.batch_size=8", "-o", "train.threads=1", "-o", "sample.count=16", "-q"]


@pytest.fixture
def written(tmp_path):
    """A folder with every file that README shows."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_plugin_has_30_lines_at_most():
    lines = [line for name, text in FILES.items() if name.startswith("ganzoo-hinge/") for line in text.splitlines() if line.strip()]
    assert 20 < len(lines) <= 30


def test_the_plugin_is_listed_and_trains_in_an_environment_of_its_own(written):
    python = written / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip()
    # A .pth line runs the outer site's own .pth files too, so editable installs are seen.
    (Path(site) / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, written / "ganzoo-hinge"], check=True)

    def ganzoo(*arguments):
        environment = {**os.environ, "GANZOO_CACHE": str(written / "cache")}
        return subprocess.run([python, "-m", "ganzoo", *arguments], cwd=written, env=environment, capture_output=True, text=True)

    assert re.search(r"^loss +hinge +ganzoo-hinge 0\.1\.0$", ganzoo("list").stdout, re.MULTILINE)
    trained = ganzoo("run", "digits.yaml", "--out", "hinge", "-o", "loss=hinge", *QUICK)
    assert trained.returncode == 0, trained.stderr
    assert (written / "hinge/samples/step-00000005.png").is_file()
    assert "ganzoo-hinge/hinge" in (written / "hinge/config.yaml").read_text()


def test_the_plugin_computes_the_hinge_loss(written, monkeypatch):
    """Closed form: (max(0, 1 - r) of 2, -1, 1/2) and (max(0, 1 + f) of -1/2, 1, 0) have the means 5/6 and 7/6."""
    import torch

    from ganzoo import Critic, DataSpec, Generator, Turn

    class Same(Generator):
        def forward(self, latent):
            return {"sample": latent}

    class Identity(Critic):
        def forward(self, sample):
            return {"score": sample[:, 0]}

    monkeypatch.syspath_prepend(written / "ganzoo-hinge")
    from ganzoo_hinge.loss import Hinge

    data = DataSpec({"sample": (1,)})
    real, fake = torch.tensor([[2.0], [-1.0], [0.5]]), torch.tensor([[-0.5], [1.0], [0.0]])
    terms = {
        side: getattr(Hinge(data), f"{side}_terms")(Turn(side, Same(), Identity(), {"sample": real}, {"latent": fake}))
        for side in ("critic", "generator")
    }
    assert terms["critic"]["adversarial"].item() == pytest.approx(2.0, abs=1e-6)
    assert terms["generator"]["adversarial"].item() == pytest.approx(-1 / 6, abs=1e-6)


def test_two_losses_start_from_the_same_networks(written, monkeypatch):
    """The claim that makes a comparison fair: the first grids are equal byte for byte, the last ones are not."""
    monkeypatch.chdir(written)
    monkeypatch.setenv("GANZOO_CACHE", str(written / "cache"))
    assert invoke(["run", "digits.yaml", "--out", "original", *QUICK]) == 0
    assert invoke(["run", "digits.yaml", "--out", "wgan-gp", "-o", "loss=[wasserstein, gradient_penalty]", *QUICK]) == 0
    grids = [[(written / run / f"samples/step-{step:08d}.png").read_bytes() for run in ("original", "wgan-gp")] for step in (0, 5)]
    assert grids[0][0] == grids[0][1]
    assert grids[1][0] != grids[1][1]


def test_everything_installed_from_here_is_in_the_catalogue():
    """Compared with the registry itself, not with the script that writes the table."""
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (ganzoo-[\w-]+) \|", CATALOGUE, re.MULTILINE)
    listed = {(kind, name, distribution) for name, kinds, distribution in rows for kind in kinds.split(", ")}
    ours = {"ganzoo-core", *(path.name for path in (ROOT / "plugins").iterdir() if (path / "pyproject.toml").is_file())}
    assert listed == {(c.kind, c.name, c.distribution) for c in Registry.installed().components if c.distribution in ours}


def test_every_published_variant_and_its_plugin_are_named():
    playing = {c.distribution for kind in ("generator", "critic", "loss") for c in Registry.installed().of_kind(kind)}
    variants = [path.name for path in (ROOT / "plugins").iterdir() if path.name in playing]
    assert len(variants) >= 6
    assert [name for name in variants if f"(plugins/{name}/README.md)" not in README] == []


@pytest.mark.parametrize("project", ["PyTorch-GAN", "StudioGAN", "torchgan", "mimicry"])
def test_other_zoos_are_compared(project):
    assert re.search(rf"^\| \[{project}\]", README, re.MULTILINE)


def test_the_picture_comes_before_the_commands():
    assert README.index("docs/pictures/quickstart.png") < README.index("./tools/demo") < README.index("./tools/test")
