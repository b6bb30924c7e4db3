"""Optimizers on either device."""

import numpy as np
import pytest
import torch
from small_game import optimizer as part_of
from torch import nn

from ganzoo.engine import optimizers


@pytest.mark.parametrize("part", [part_of("adam", lr=1e-2), part_of("sgd", lr=1e-2, momentum=0.9), part_of("rmsprop", lr=1e-2)])
def test_an_optimizers_state_holds_nothing_of_its_device(part):
    network = nn.Linear(2, 2)
    optimizer = optimizers.build(part, network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = optimizers.state_of(optimizer)
    assert state["param_groups"][0].keys() & {"lr", "fused", "foreach", "capturable"} == set()
    other = optimizers.build(part, nn.Linear(2, 2).parameters())
    optimizers.scale_rate(other, 0.5)
    optimizers.restore(other, state)
    assert other.param_groups[0]["lr"] == 0.005
    assert other.param_groups[0]["base_lr"] == 0.01
    ours, theirs = other.state_dict()["state"], optimizer.state_dict()["state"]
    assert all(np.array_equal(ours[i][name], theirs[i][name]) for i in theirs for name in theirs[i] if theirs[i][name] is not None)
    with pytest.raises(ValueError, match="0 groups"):
        optimizers.restore(other, state | {"param_groups": []})
