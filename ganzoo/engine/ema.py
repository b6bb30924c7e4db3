"""An exponential moving average of the generator: what samples, metrics and exports use where it is on."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class MovingAverage:
    r"""After each generator update: $\bar\theta \leftarrow \beta\,\bar\theta + (1 - \beta)\,\theta$.

    Parameters and floating-point buffers (batch-norm statistics) are averaged, other buffers copied. Averaging the
    statistics keeps them those of the averaged weights; the raw ones belong to the last weights only.

    Args:
        network: what is averaged; the average starts as its copy.
        decay: beta, in [0, 1).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self._weight = decay, 1 - decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self._averaged, self._source, self._copied = [], [], []
        for (name, mean), now in zip(_state(self.network), [value for _, value in _state(network)], strict=True):
            if mean.is_floating_point():
                self._averaged.append(mean)
                self._source.append(now)
            else:
                self._copied.append((name, mean, now))

        device = next((mean.device for mean in self._averaged), torch.device("cpu"))
        # On a GPU as a tensor, so that a recorded update follows its changes.
        self._on_device = torch.full((), self._weight, device=device) if device.type == "cuda" else None

    def set_step(self, step: int) -> None:
        """Let beta be at most (1 + step) / (10 + step) after ``step`` steps, so that a young average is not mostly the initial weights.

        That is the rule of TensorFlow's ExponentialMovingAverage.
        """
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        if self._on_device is not None and weight != self._weight:
            self._on_device.fill_(weight)
        self._weight = weight

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's present state into the average."""
        if self._on_device is None:
            torch._foreach_lerp_(self._averaged, self._source, self._weight)
        else:
            change = torch._foreach_sub(self._source, self._averaged)
            torch._foreach_mul_(change, self._on_device)
            torch._foreach_add_(self._averaged, change)
        for _, mean, now in self._copied:
            mean.copy_(now)


def _state(network: nn.Module) -> list[tuple[str, Tensor]]:
    return [*((n, p.data) for n, p in network.named_parameters()), *network.named_buffers()]
