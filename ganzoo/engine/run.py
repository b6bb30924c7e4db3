"""A run in memory: the built components of one configuration, and all the state that it continues from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.config import RunConfig
from ganzoo.data.dataset import Dataset
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.rundir.checkpoint import State

from . import optimizers
from .batches import Batches
from .device import Runtime
from .distributed import Ranks
from .ema import MovingAverage
from .randomness import random_state, restore_random_state, seed_everything

MOST_CLASSES = 1000
"""Beyond which no class is named."""


@dataclass
class Run:
    """Everything that trains.

    ``step`` counts the steps done; ``versions`` names what computes them; ``fingerprint`` tells the data from other data;
    ``identity`` is the run's own, which all that it writes carries; ``resolved`` is the whole configuration as plain values.
    """

    config: RunConfig
    dataset: Dataset
    data: DataSpec
    runtime: Runtime
    batches: Batches
    generator: Generator
    critic: Critic
    losses: dict[str, Loss]
    schedule: Schedule
    optimizers: dict[str, torch.optim.Optimizer]
    average: MovingAverage | None
    ranks: Ranks = field(default_factory=Ranks)
    step: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""
    resolved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def players(self) -> dict[str, nn.Module]:
        """The two networks, by the names that they have in configurations and messages."""
        return {"generator": self.generator, "critic": self.critic}

    @property
    def eval_generator(self) -> Generator:
        """The generator that samples come from: the moving average where it is on."""
        return self.average.network if self.average else self.generator  # type: ignore[return-value]

    @property
    def last_plan(self) -> Plan:
        """The plan of the last step taken (of the first, before it): its values are what sampling goes on with."""
        return self.schedule.plan(max(self.step - 1, 0), self.config.train.steps)

    def class_counts(self) -> dict[str, int]:
        """Samples of each class by its name, in the order of their numbers; {} without labels, or with very many."""
        if "label" not in self.batches.arrays or not 0 < self.data.classes <= MOST_CLASSES:
            return {}
        counts = np.bincount(np.asarray(self.batches.arrays["label"][:]), minlength=self.data.classes)
        names = self.dataset.class_names or tuple(str(number) for number in range(self.data.classes))
        return {str(name): int(count) for name, count in zip(names, counts, strict=True)}

    def state(self) -> State:
        """All that ``restore`` needs to continue bit for bit: of all ranks on rank 0, so that every rank has to ask for it."""
        others = self.ranks.gather_object(self._own_state())[1:]
        return {
            "run": self.identity,
            "config": dict(self.resolved),
            "data": dict(self.fingerprint),
            "step": self.step,
            "values": dict(self.last_plan.values),
            "samples": self.batches.position,
            "networks": {name: network.state_dict() for name, network in self._networks().items()},
            "losses": {name: loss.state() for name, loss in self.losses.items()},
            "optimizers": {name: optimizers.state_of(optimizer) for name, optimizer in self.optimizers.items()},
            "random": random_state(self.runtime.device),
            "runtime": self.environment_fingerprint(),
            "versions": dict(self.versions),
            "ranks": others,
        }

    def environment_fingerprint(self) -> dict[str, str | int]:
        """What exactness depends on: a run that is resumed under others is not bit for bit that of an uninterrupted one."""
        return {**self.runtime.describe(), "processes": self.ranks.size}

    def _own_state(self) -> State:
        """What is not the same on all ranks: random numbers, batch-norm statistics, the losses' state."""
        return {
            "random": random_state(self.runtime.device),
            "buffers": {name: dict(network.named_buffers()) for name, network in self._networks().items()},
            "losses": {name: loss.state() for name, loss in self.losses.items()},
        }

    @torch.no_grad()
    def _restore_own(self, state: State) -> None:
        """Take up what this rank had; one that was not there begins with rank 0's, and random numbers of its own."""
        others: Sequence[State] = state.get("ranks", [])
        if self.ranks.is_main:
            restore_random_state(state["random"], self.runtime.device)
        elif self.ranks.size == len(others) + 1:
            own = others[self.ranks.rank - 1]
            restore_random_state(own["random"], self.runtime.device)
            for name, network in self._networks().items():
                _fill(dict(network.named_buffers()), own["buffers"][name])
            for name, loss in self.losses.items():
                _fill(loss.state(), own["losses"][name])
        else:
            seed_everything(self.config.train.seed, self.ranks.rank, self.step)

    def restore(self, state: State) -> None:
        """Continue from ``state``.

        Raises:
            UserError: where it belongs to other networks.
        """
        try:
            for name, network in self._networks().items():
                network.load_state_dict(state["networks"][name])
            for name, loss in self.losses.items():
                _fill(loss.state(), state["losses"][name])
            for name, optimizer in self.optimizers.items():
                optimizers.restore(optimizer, state["optimizers"][name])
            self.step = int(state["step"])
            before = () if "samples" in state else (int(state["position"]), int(state.get("batch_size", self.batches.size)))
            self.batches.position = before[0] * before[1] if before else int(state["samples"])  # older checkpoints count batches
            self._restore_own(state)
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            what = f"the checkpoint belongs to other components ({' '.join(str(error).split())[:200]})"
            raise UserError(what, "resume with the same plugins") from error

    def _networks(self) -> dict[str, nn.Module]:
        return self.players | ({"average": self.average.network} if self.average else {})


def _fill(buffers: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    for name, buffer in buffers.items():
        buffer.copy_(values[name])
