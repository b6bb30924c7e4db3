"""Weights of a part are found in a file of the part and in one of the whole; a prior that only adds a field is still normal."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganzoo.engine.build import initialise
from ganzoo.errors import UserError
from ganzoo.players import Generator
from ganzoo.runs.priors import check_normal_prior


def network():
    whole = nn.Module()
    whole.one, whole.two = nn.Linear(2, 3), nn.Linear(3, 1)
    return whole


@pytest.mark.parametrize("kept", ["whole", "part"])
def test_a_part_starts_from_its_own_weights_or_from_those_of_the_whole(kept, tmp_path):
    earlier, fresh = network(), network()
    save_file((earlier if kept == "whole" else earlier.one).state_dict(), tmp_path / "w.safetensors")
    initialise({"generator.one": str(tmp_path / "w.safetensors")}, {"generator": fresh})
    assert torch.equal(fresh.one.weight, earlier.one.weight)
    assert not torch.equal(fresh.two.weight, earlier.two.weight)


def test_a_file_without_the_part_is_refused(tmp_path):
    save_file(network().two.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=r"belongs to another network|of shape"):
        initialise({"generator.one": str(tmp_path / "w.safetensors")}, {"generator": network()})


class Adds(Generator):
    """A prior with a code beside the latents."""

    latent_dim = 8

    def draw(self, n, device=None):
        return super().draw(n, device) | {"code": torch.randint(0, 4, (n,), device=device)}


class First(Adds):
    """The same, drawn the other way round."""

    def draw(self, n, device=None):
        return {"code": torch.rand(n, device=device)} | Generator.draw(self, n, device)


class Uniform(Adds):
    """Another prior."""

    def draw(self, n, device=None):
        return {"latent": (12**0.5) * (torch.rand(n, 8, device=device) - 0.5)}


def test_a_draw_that_only_adds_a_field_is_still_normal():
    before = torch.get_rng_state()
    check_normal_prior(Adds(), "RUN", "walked through")
    check_normal_prior(First(), "RUN", "walked through")
    with pytest.raises(UserError, match="a prior of its own"):
        check_normal_prior(Uniform(), "RUN", "walked through")
    assert torch.equal(before, torch.get_rng_state())
