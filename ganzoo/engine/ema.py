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
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self._averaged, self._source, self._copied = [], [], []
        for (name, mean), now in zip(_state(self.network), [value for _, value in _state(network)], strict=True):
            if mean.is_floating_point():
                self._averaged.append(mean)
                self._source.append(now)
            else:
                self._copied.append((name, mean, now))

    @torch.no_grad()
    def update(self, step: int | None = None) -> None:
        """Take the network's present state into the average.

        Args:
            step: updates so far. Where it is given, beta is at most (1 + step) / (10 + step), so that a young average is not
                mostly the initial weights (the rule of TensorFlow's ExponentialMovingAverage).
        """
        decay = self.decay if step is None else min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averaged, self._source, 1 - decay)
        for _, mean, now in self._copied:
            mean.copy_(now)


def _state(network: nn.Module) -> list[tuple[str, Tensor]]:
    return [*((n, p.data) for n, p in network.named_parameters()), *network.named_buffers()]
