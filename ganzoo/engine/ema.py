"""An exponential moving average of the generator: what samples, metrics and exports use where it is on."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganzoo.config import AverageConfig, TrainConfig
from ganzoo.params.curves import at

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class HalfLife:
    """A decay counted in samples: beta = 0.5^(batch / h), h the half-life, which is at most ``ramp`` times the samples seen.

    Karras et al., 2020, arXiv:1912.04958, and their code for the ramp.
    """

    half_life: Any
    """In samples: a number or a curve."""
    ramp: float | None
    batch: int
    total: int
    """Steps of the run."""

    def decay(self, step: int, batch: int | None = None) -> float:
        """Beta after ``step`` steps, each of one batch, of ``batch`` samples where that is not the run's size."""
        batch, samples = batch or self.batch, float(at(self.half_life, step, self.total))
        if self.ramp is not None:
            samples = min(samples, self.ramp * step * batch)
        return 0.5 ** (batch / samples) if samples > 0 else 0.0


def copied(network: Network) -> Network:
    """A copy of a network, in the same group of processes."""
    groups = (norm.process_group for norm in network.modules() if isinstance(norm, nn.SyncBatchNorm))  # which cannot be copied
    return copy.deepcopy(network, {id(group): group for group in groups})


class MovingAverage:
    r"""After each generator update: $\bar\theta \leftarrow \beta\,\bar\theta + (1 - \beta)\,\theta$.

    Parameters and floating-point buffers (batch-norm statistics) are averaged, other buffers copied. Averaging the
    statistics keeps them those of the averaged weights; the raw ones belong to the last weights only. The average starts as a
    copy of ``network``; ``decay`` is beta, in [0, 1), or what it follows.
    """

    def __init__(self, network: nn.Module, decay: float | HalfLife) -> None:
        self.decay, self._weight = decay, 1 - (decay.decay(0) if isinstance(decay, HalfLife) else decay)
        self.network = copied(network).requires_grad_(False).eval()
        self._averaged, self._source, self._copied = [], [], []
        for mean, now in zip(_state(self.network), _state(network), strict=True):
            if mean.is_floating_point():
                self._averaged.append(mean)
                self._source.append(now)
            else:
                self._copied.append((mean, now))
        device = next((mean.device for mean in self._averaged), torch.device("cpu"))
        # On a GPU as a tensor, so that a recorded update follows its changes.
        self._on_device = torch.full((), self._weight, device=device) if device.type == "cuda" else None

    def set_step(self, step: int, batch: int | None = None) -> None:
        """Set beta for the updates after ``step`` steps, each by ``batch`` samples.

        A constant one is at most (1 + step) / (10 + step), so that a young average is not mostly the initial weights: the rule
        of TensorFlow's ExponentialMovingAverage.
        """
        weight = 1 - (self.decay.decay(step, batch) if isinstance(self.decay, HalfLife) else min(self.decay, (1 + step) / (10 + step)))
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
        for mean, now in self._copied:
            mean.copy_(now)


def average_of(network: nn.Module, train: TrainConfig) -> MovingAverage | None:
    """The moving average that a run asks for, if it does."""
    if not train.ema:
        return None
    if isinstance(train.ema, AverageConfig):
        return MovingAverage(network, HalfLife(train.ema.half_life, train.ema.ramp, train.batch_size, train.steps))
    return MovingAverage(network, train.ema)


def _state(network: nn.Module) -> list[Tensor]:
    return [*(parameter.data for parameter in network.parameters()), *network.buffers()]
