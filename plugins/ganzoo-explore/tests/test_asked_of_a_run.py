"""What a loaded run is asked for from Python: wrong fields and numbers are errors of one line, as on the command line."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import ganzoo
from ganzoo import Generator, UserError
from ganzoo.config import parse_config, resolve_part
from ganzoo.engine.device import Runtime
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.runs.api import TrainedRun
from ganzoo.runs.trained import Trained

DATA = DataSpec({"sample": (3, 8, 8), "source": (3, 8, 8), "label": (), "words": (5,)}, classes=3)


class Recoloured(Generator):
    """Takes pictures of any size, a class, words as whole numbers or not, and noise."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.colours, self.mixed, self.noise = nn.Embedding(3, 3), nn.Conv2d(3, 3, 1), nn.Linear(2, 3)

    def forward(self, source, label, words, latent, share):
        more = self.colours(label) + self.noise(latent) + words.float().mean(1, keepdim=True)
        return {"sample": torch.tanh(self.mixed(source) * share + more[:, :, None, None])}


class Fixed(Generator):
    """Takes pictures of one size."""

    def __init__(self):
        super().__init__()
        self.flat = nn.Linear(192, 192)

    def forward(self, source):
        return {"sample": self.flat(source.flatten(1)).view(-1, 3, 8, 8)}


def loaded(generator, values=None):
    config = parse_config("{data: ring, generator: mlp, critic: b, loss: c}")
    part = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",))
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    return TrainedRun(Path(), Trained(Path(), generator, DATA, runtime, config, part, Registry.installed(), values or {}, {}, ()))


@pytest.fixture(scope="module")
def run():
    return loaded(Recoloured(), {"share": torch.tensor(0.5)})


def fields(**other):
    right = {"source": torch.zeros(2, 3, 8, 8), "label": torch.tensor([0, 2]), "words": torch.ones(2, 5)}
    return right | other


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"source": torch.zeros(2, 3, 8, 8).numpy()}, "the field 'source' is not a tensor (N, ...); make one of arrays and lists by"),
        ({"words": [[0.0] * 5] * 2}, "the field 'words' is not a tensor (N, ...)"),
        ({"label": torch.tensor(1)}, "the field 'label' is not a tensor (N, ...)"),
        ({"source": torch.zeros(0, 3, 8, 8)}, "the field 'source' is not a tensor (N, ...)"),
        ({"source": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}, "is torch.uint8 (2, 3, 8, 8); give torch.float32 (N, 3, 8, 8)"),
        ({"source": torch.zeros(2, 3, 8, 8, dtype=torch.int64)}, "is torch.int64 (2, 3, 8, 8); give torch.float32 (N, 3, 8, 8)"),
        ({"source": torch.zeros(2, 1, 8, 8)}, "the field 'source' is torch.float32 (2, 1, 8, 8); give torch.float32 (N, 3, 8, 8)"),
        ({"source": torch.zeros(3, 8, 8)}, "the field 'source' is torch.float32 (3, 8, 8); give torch.float32 (N, 3, 8, 8)"),
        ({"latent": torch.zeros(2, 99)}, "the field 'latent' is torch.float32 (2, 99); give torch.float32 (N, 2)"),
        ({"latent": torch.zeros(2, 2).long()}, "the field 'latent' is torch.int64 (2, 2); give torch.float32 (N, 2)"),
        ({"words": torch.zeros(2, 5).double()}, "the field 'words' is torch.float64 (2, 5); give torch.float32 (N, 5)"),
        ({"label": torch.zeros(2)}, "the field 'label' is torch.float32 (2,); give torch.int64 (N)"),
        ({"label": torch.tensor([1, 3])}, "label 3 is not a class; there are 3, from 0"),
        ({"label": torch.tensor([-1, 0])}, "label -1 is not a class; there are 3, from 0"),
        ({"label": torch.tensor([1, 1, 1])}, "the field 'label' has 3 samples, 'source' 2; give as many of each"),
    ],
)
def test_a_field_that_is_not_as_it_was_trained_on_is_refused(run, other, said):
    with pytest.raises(UserError) as refused:
        run(**fields(**other))
    assert said in str(refused.value)


def test_fields_as_they_were_trained_on_pass_and_so_do_larger_pictures_and_a_schedules_values(run):
    first = run(**fields())["sample"]
    assert torch.equal(first, run(**fields(words=torch.ones(2, 5).long()))["sample"])
    assert torch.equal(first, run(**fields(share=torch.tensor(0.5)))["sample"])
    assert run(**fields(source=torch.zeros(2, 3, 10, 12)))["sample"].shape == (2, 3, 10, 12)
    assert not torch.equal(first, run(**fields(), seed=1)["sample"])
    with pytest.raises(UserError, match="no field is given"):
        run(share=torch.tensor(0.5))


def test_a_size_that_a_network_cannot_take_is_a_line_and_its_own_faults_stay_what_they_are():
    with pytest.raises(UserError, match=r"the network does not take this size \(mat1 and mat2"):
        loaded(Fixed())(source=torch.zeros(2, 3, 9, 9))
    broken = Fixed()
    broken.flat = nn.Linear(5, 5)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        loaded(broken)(source=torch.zeros(2, 3, 8, 8))


RING = {
    "data": {"name": "ring", "count": 64},
    "generator": {"name": "mlp", "hidden": [8], "latent_dim": 2},
    "critic": {"name": "mlp", "hidden": [8]},
    "loss": "least_squares",
    "train": {"steps": 1, "batch_size": 8, "device": "cpu", "threads": 1},
}


def test_numbers_that_are_none_or_out_of_range_are_a_line(tmp_path):
    ring = ganzoo.train(RING, out=tmp_path / "ring", quiet=True)
    for n in (0, -1, 2.5, "2", None):
        with pytest.raises(UserError, match=f"^n is {n!r}; give a whole number, 1 or more$"):
            ring.sample(n)
    for seed in (-1, 2**63, 0.5):
        for ask in (lambda seed: ring.sample(2, seed=seed), lambda seed: ring(latent=torch.zeros(2, 2), seed=seed)):
            with pytest.raises(UserError, match=f"^seed is {seed!r}; give a whole number, 0 or more$"):
                ask(seed)
    with pytest.raises(UserError, match=r"label is 0\.5; give a whole number"):
        ring.sample(2, label=0.5)
    assert torch.equal(ring.sample(np.int64(2), seed=np.uint8(3)), ring.sample(2, seed=3))
    assert ring(latent=torch.zeros(2, 2), seed=2**63 - 1)["sample"].shape == (2, 2)
