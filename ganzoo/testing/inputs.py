"""Example batches, and moving things to a device: what a run does for a component, done here for a check."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.compat import example_batch
from ganzoo.fields import DataSpec, Fields
from ganzoo.players import Critic, Generator


def batch_of(data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """A batch of the data's shapes: images in [-1, 1], labels in range."""
    fields = example_batch(data, n)
    bounded = {name: value.tanh() if len(data.fields[name]) == 3 else value for name, value in fields.items()}
    return {name: move_tensor(value, device) for name, value in bounded.items()}


def inputs_of(network: Generator | Critic, data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """What a network is given: a batch, and what a generator draws."""
    return batch_of(data, n, device) | (network.draw(n, device) if isinstance(network, Generator) else {})


def move_tensor(value: Tensor, device: torch.device | None) -> Tensor:
    """A copy of ``value`` on ``device``; None: itself. A meta device keeps the shape only."""
    return value if device is None else torch.empty_like(value, device=device).copy_(value)


def move_(network: Any, device: torch.device | None) -> Any:
    """Put parameters and buffers onto ``device``: ``Module.to`` cannot do it with fake tensors."""
    if device is None:
        return network
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(move_tensor(parameter.detach(), device), requires_grad=parameter.requires_grad))
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, move_tensor(buffer, device))
    return network
