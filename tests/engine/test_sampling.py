"""Samples of a generator: their random numbers, their units, their grids, and how they become more typical."""

import numpy as np
import pytest
import torch
from small_game import DATA
from torch import Tensor, nn

from ganzoo import Generator
from ganzoo.config import parse_config
from ganzoo.engine import device, sampling
from ganzoo.engine.sampling import make_inputs, to_units
from ganzoo.fields import DataSpec
from ganzoo.ui.pictures import columns_of

# Random numbers.


class Noisy(Generator):
    """Draws in its forward, as StyleGAN's does."""

    latent_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.tail, self.fails = nn.Linear(3, 2), False

    def forward(self, latent: Tensor):
        if self.fails:
            raise RuntimeError("out of memory")
        return {"sample": self.tail(latent) + torch.randn(len(latent), 2)}


def sampled(generator, seed):
    runtime = device.from_config(parse_config("{data: d, generator: g, critic: c, loss: l, train: {steps: 1, device: cpu}}").train)
    return sampling.generate(generator, sampling.make_inputs(generator, DATA, 5, seed=seed), DATA, runtime, seed=(seed,))


def test_what_a_generator_draws_in_its_forward_follows_the_seed_and_leaves_the_trainings_numbers_alone():
    generator = Noisy()
    torch.manual_seed(7)
    expected = torch.randn(4)
    torch.manual_seed(7)
    first = sampled(generator, 3)
    assert torch.equal(torch.randn(4), expected)
    assert np.array_equal(first, sampled(generator, 3))
    assert not np.array_equal(first, sampled(generator, 4))


def test_a_forward_that_fails_leaves_the_generator_in_training_mode():
    generator = Noisy().train()
    generator.tail.eval()
    generator.fails = True
    with pytest.raises(RuntimeError):
        sampled(generator, 3)
    assert (generator.training, generator.tail.training) == (True, False)


def test_inputs_of_samples_do_not_reset_the_random_numbers_of_gpus(monkeypatch):
    """``torch.manual_seed`` would: then all ranks of a run draw the same noise."""
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was reseeded"))
    torch.random.fork_rng(devices=[]).__enter__()  # as the test's own draws are of no interest
    a, b = (sampling.make_inputs(Noisy(), DATA, 5, seed=3)["latent"] for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(a, torch.randn(5, 3, generator=torch.Generator().manual_seed(3)))


def test_units_of_images_span_all_of_a_byte():
    image = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).reshape(1, 1, 1, 5)
    assert to_units(image, DataSpec({"sample": (1, 1, 5)})).flatten().tolist() == [0, 0, 128, 255, 255]
    every = torch.arange(256).float().div(127.5).sub(1).reshape(1, 1, 16, 16)  # as a batch brings them
    assert to_units(every, DataSpec({"sample": (1, 16, 16)})).flatten().tolist() == list(range(256))


def test_a_grids_rows_are_classes_where_that_comes_out_even():
    digits = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)
    assert columns_of(digits, True, 100) == 10
    assert columns_of(digits, True, 50) == 5
    assert columns_of(digits, True, 64) == 8
    assert columns_of(digits, False, 100) == 10
    assert columns_of(digits, False, 1) == 1


# Truncation, and a row a class.


def test_truncation_draws_only_what_lies_beyond_anew():
    torch.manual_seed(0)
    latent, label = torch.randn(2000, 20), torch.arange(2000)
    drawn = Generator().truncated({"latent": latent, "label": label}, 1.0)
    cut = drawn["latent"]
    within = latent.abs() <= 1
    assert torch.equal(cut[within], latent[within])
    assert cut.abs().max() <= 1
    assert drawn["label"] is label
    assert Generator().truncated({}, 1.0) == {}
    # The variance of a normal cut off at 1: 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2911; for entries drawn anew as for all.
    assert cut.var() == pytest.approx(0.2911, rel=0.02)
    assert cut[~within].var() == pytest.approx(0.2911, rel=0.03)


def test_a_generator_says_itself_how_its_samples_become_more_typical():
    class Styled(Generator):
        def draw(self, n, device=None):
            return {"latent": torch.rand(n, 2) + 1, "psi": torch.ones(n)}

        def truncated(self, drawn, amount):
            return {**drawn, "psi": amount * drawn["psi"]}

        def forward(self, latent, psi):
            return {"sample": latent * psi[:, None]}

    data = DataSpec({"sample": (2,)})
    whole, cut = (make_inputs(Styled(), data, 3, seed=0, truncation=amount) for amount in (None, 0.5))
    assert torch.equal(cut["latent"], whole["latent"])
    assert cut["psi"].tolist() == [0.5] * 3
