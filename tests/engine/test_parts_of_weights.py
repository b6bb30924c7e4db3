"""Weights of a part are found in a file of the part and in one of the whole."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganzoo.engine.build import initialise
from ganzoo.errors import UserError


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
