"""A run in memory: the built components of one configuration, and all the state that it continues from."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import compat
from ganzoo.config import Resolved, RunConfig
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.progress import Reporter
from ganzoo.rules import Loss, Plan, Schedule

from . import optimizers
from .batches import Batches, describe
from .checkpoint import State
from .device import Runtime, choose
from .distributed import Ranks
from .ema import MovingAverage


@dataclass
class Run:
    """Everything that trains. ``step`` counts the steps done; ``versions`` names what computes them."""

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

    @property
    def best_generator(self) -> Generator:
        """The generator that samples come from: the moving average where it is on."""
        return self.average.network if self.average else self.generator  # type: ignore[return-value]

    @property
    def last_plan(self) -> Plan:
        """The plan of the last step taken (of the first, before it): its values are what sampling goes on with."""
        return self.schedule.plan(max(self.step - 1, 0), self.config.train.steps)

    def state(self) -> State:
        """All that ``restore`` needs to continue bit for bit."""
        return {
            "step": self.step,
            "position": self.batches.position,
            "networks": {name: network.state_dict() for name, network in self._networks().items()},
            "losses": {name: _own_buffers(loss) for name, loss in self.losses.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "random": random_state(self.runtime.device),
            "runtime": dict(self.runtime.describe()),
            "versions": dict(self.versions),
        }

    def restore(self, state: State) -> None:
        """Continue from ``state``.

        Raises:
            UserError: where it belongs to other networks.
        """
        try:
            for name, network in self._networks().items():
                network.load_state_dict(state["networks"][name])
            for name, loss in self.losses.items():
                for key, value in _own_buffers(loss).items():
                    value.copy_(state["losses"][name][key])
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
            self.step, self.batches.position = int(state["step"]), int(state["position"])
            restore_random_state(state["random"], self.runtime.device)
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise UserError(
                f"the checkpoint belongs to other components ({' '.join(str(error).split())[:200]})", "resume with the same plugins"
            ) from error

    def _networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"generator": self.generator, "critic": self.critic}
        return networks | ({"average": self.average.network} if self.average else {})


def build(config: RunConfig, resolved: Resolved, reporter: Reporter) -> tuple[Run, list[str]]:
    """Read the data, check that the combination fits it, and build the components from the seed.

    Returns:
        The run, and what is worth knowing about the combination.

    Raises:
        UserError: with the place in the configuration, where anything does not fit.
    """
    with placed(config):
        runtime = choose(config.train)
        dataset: Dataset = resolved.data.build()
        arrays = dataset.arrays(Cache(reporter=reporter))
        data = describe(arrays, dataset.classes, dataset.scale)
        batches = Batches(arrays, data, config.train.batch_size, config.train.seed, dataset.flip, runtime)
    verdict = compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, data)
    refuse(verdict, config)

    torch.manual_seed(config.train.seed)
    random.seed(config.train.seed)
    np.random.seed(config.train.seed % 2**32)
    generator = resolved.generator.build(data)
    critic = resolved.critic.build(data)
    losses: dict[str, Loss] = {name: part.build(data).to(runtime.device) for name, part in compat.distinct(resolved.losses).items()}
    with placed(config):
        initialise(config.init, {"generator": generator, "critic": critic})
    runtime.place_network(generator), runtime.place_network(critic)
    run = Run(
        config,
        dataset,
        data,
        runtime,
        batches,
        generator.train(),
        critic.train(),
        losses,
        resolved.schedule.build(data),
        {
            "generator": optimizers.build(resolved.optimizers["generator"], generator.parameters()),
            "critic": optimizers.build(resolved.optimizers["critic"], critic.parameters()),
        },
        MovingAverage(generator, config.train.ema) if config.train.ema else None,
        versions={"torch": str(torch.__version__), "numpy": np.__version__} | resolved.versions,
    )
    return run, verdict.notes


@contextmanager
def placed(config: RunConfig) -> Iterator[None]:
    """Give an error that names a key of the configuration the place where it was written."""
    try:
        yield
    except UserError as error:
        if error.where or error.key.partition(".")[0] not in RunConfig.model_fields:
            raise
        raise error.at(config.where(error.key)) from error


class MisfitError(ContractError):
    """The components do not fit each other or the data; ``problems`` holds every reason with its key."""

    problems: Sequence[tuple[str, str]] = ()


def refuse(verdict: compat.Verdict, config: RunConfig) -> None:
    """Raise the first problem, with its place in the configuration.

    Raises:
        MisfitError: carrying all of them.
    """
    if verdict.problems:
        first, more = verdict.problems[0], len(verdict.problems) - 1
        what = f"{first.what} (and {more} more; see 'ganzoo check')" if more else first.what
        error = MisfitError(what, first.remedy, key=config.key(first.key), where=config.where(first.key))
        error.problems = [(config.key(problem.key), str(problem)) for problem in verdict.problems]
        raise error


def initialise(sources: Mapping[str, str], networks: Mapping[str, nn.Module]) -> None:
    """Load weights of an earlier run into a network or a sub-module: ``init: {generator: runs/a/weights/generator.safetensors}``."""
    from .weights import load_into

    for target, path in sources.items():
        name, _, inner = target.partition(".")
        try:
            module = networks[name].get_submodule(inner)
        except (KeyError, AttributeError):
            raise UserError(
                f"'{target}' names no part of the networks", f"start with {' or '.join(networks)}", key=f"init.{target}"
            ) from None
        try:
            load_into(module, path)
        except UserError as error:
            raise UserError(error.what, error.remedy, key=f"init.{target}") from error


def random_state(device: torch.device) -> State:
    """The state of every generator of random numbers that a component might use."""
    _, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, pending = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "numpy": [torch.from_numpy(np.asarray(keys).astype(np.int64)), int(position), int(has_gauss), float(gauss)],
        "python": [version, list(internal), pending],
    }


def restore_random_state(state: State, device: torch.device) -> None:
    """What ``random_state`` gave. The GPU's own state is set only where both have one."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
    keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    version, internal, pending = state["python"]
    random.setstate((version, tuple(internal), pending))


def _own_buffers(loss: Loss) -> dict[str, Tensor]:
    """A loss's state: its own buffers, not those of frozen networks that it holds."""
    buffers: dict[str, Any] = dict(loss.named_buffers(recurse=False))
    return buffers
