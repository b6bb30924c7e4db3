"""A run in memory: the built components of one configuration, and all the state that it continues from."""

from __future__ import annotations

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
from ganzoo.data.fingerprint import fingerprint
from ganzoo.data.shards import Share
from ganzoo.data.spec import describe
from ganzoo.errors import ContractError, UserError, did_you_mean
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.ui.progress import Reporter

from . import optimizers
from .batches import Batches, share_of
from .checkpoint import State
from .convolutions import use_ordinary_double_backward
from .device import Runtime, from_config
from .distributed import Ranks
from .distributed.norms import sees_its_batch_only
from .ema import MovingAverage
from .randomness import random_state, restore_random_state, seed_everything


@dataclass
class Run:
    """Everything that trains.

    ``step`` counts the steps done; ``versions`` names what computes them; ``fingerprint`` tells the data from other data;
    ``identity`` is the run's own, which all that it writes carries.
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

    @property
    def best_generator(self) -> Generator:
        """The generator that samples come from: the moving average where it is on."""
        return self.average.network if self.average else self.generator  # type: ignore[return-value]

    @property
    def last_plan(self) -> Plan:
        """The plan of the last step taken (of the first, before it): its values are what sampling goes on with."""
        return self.schedule.plan(max(self.step - 1, 0), self.config.train.steps)

    def state(self) -> State:
        """All that ``restore`` needs to continue bit for bit: of all ranks on rank 0, so that every rank has to ask for it."""
        others = self.ranks.gather(self._own_state())[1:]
        return {
            "run": self.identity,
            "data": dict(self.fingerprint),
            "step": self.step,
            "position": self.batches.position,
            "networks": {name: network.state_dict() for name, network in self._networks().items()},
            "losses": {name: _own_buffers(loss) for name, loss in self.losses.items()},
            "optimizers": {name: optimizers.state_of(optimizer) for name, optimizer in self.optimizers.items()},
            "random": random_state(self.runtime.device),
            "runtime": self.circumstances(),
            "versions": dict(self.versions),
            "ranks": others,
        }

    def circumstances(self) -> dict[str, str | int]:
        """What exactness depends on: a run that is resumed under others is not bit for bit that of an uninterrupted one."""
        return {**self.runtime.describe(), "processes": self.ranks.size}

    def _own_state(self) -> State:
        """What is not the same on all ranks: random numbers, batch-norm statistics, the losses' state."""
        return {
            "random": random_state(self.runtime.device),
            "buffers": {name: dict(network.named_buffers()) for name, network in self._networks().items()},
            "losses": {name: _own_buffers(loss) for name, loss in self.losses.items()},
        }

    @torch.no_grad()
    def _restore_own(self, state: State) -> None:
        """Take up what this rank had; one that was not there begins with rank 0's, and random numbers of its own."""
        others: Sequence[State] = state.get("ranks", [])
        if self.ranks.leads:
            restore_random_state(state["random"], self.runtime.device)
        elif self.ranks.size == len(others) + 1:
            own = others[self.ranks.rank - 1]
            restore_random_state(own["random"], self.runtime.device)
            for name, network in self._networks().items():
                for key, value in network.named_buffers():
                    value.copy_(own["buffers"][name][key])
            for name, loss in self.losses.items():
                for key, value in _own_buffers(loss).items():
                    value.copy_(own["losses"][name][key])
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
                for key, value in _own_buffers(loss).items():
                    value.copy_(state["losses"][name][key])
            for name, optimizer in self.optimizers.items():
                optimizers.restore(optimizer, state["optimizers"][name])
            self.step, self.batches.position = int(state["step"]), int(state["position"])
            self._restore_own(state)
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise UserError(
                f"the checkpoint belongs to other components ({' '.join(str(error).split())[:200]})", "resume with the same plugins"
            ) from error

    def _networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"generator": self.generator, "critic": self.critic}
        return networks | ({"average": self.average.network} if self.average else {})


def build(
    config: RunConfig, resolved: Resolved, reporter: Reporter, ranks: Ranks | None = None, ordinary_double_backward: bool | None = None
) -> tuple[Run, list[str]]:
    """Read the data, check that the combination fits it, and build the components from the seed.

    Every rank builds the same networks, and draws its own random numbers from then on.

    Args:
        config: what is asked for.
        resolved: its components.
        reporter: told how far the data is.
        ranks: the processes; None: this one alone.
        ordinary_double_backward: whether a critic under a penalty gets ``engine.convolutions``; None: where they pay.

    Returns:
        The run, and what is worth knowing about the combination.

    Raises:
        UserError: with the place in the configuration, where anything does not fit.
    """
    ranks = ranks or Ranks()
    with placed(config):
        share_of_batch = share_of(config.train.batch_size, ranks)  # before the data is read
        runtime = from_config(config.train, ranks.local_rank)
        ranks.connect(runtime.device)
        dataset: Dataset = resolved.data.build()
        shard_size = config.train.shard_size
        share = Share(ranks.rank, ranks.size, shard_size) if shard_size else None
        arrays = dataset.arrays(Cache(reporter=reporter, share=share))
        data = describe(arrays, dataset.classes, dataset.scale)
        batches = Batches(arrays, data, config.train.batch_size, config.train.seed, dataset.flip, runtime, ranks=ranks)
    parts = (resolved.generator, resolved.critic, resolved.losses, resolved.schedule)
    verdict = compat.check(*parts, data, config.train.steps, config.train.batch_size, share_of_batch, ranks.synchronises)
    refuse(verdict, config)

    seed_everything(config.train.seed)
    generator = resolved.generator.build(data)
    critic = resolved.critic.build(data)
    losses: dict[str, Loss] = {name: part.build(data).to(runtime.device) for name, part in compat.distinct(resolved.losses).items()}
    with placed(config):
        initialise(config.init, {"generator": generator, "critic": critic})
    for network in (generator, critic):
        ranks.synchronise_norms(network)
        runtime.place_network(network)
    pays = runtime.convolutions_pay if ordinary_double_backward is None else ordinary_double_backward
    if pays and any(loss.per_sample for loss in losses.values()):
        use_ordinary_double_backward(critic)
    ranks.broadcast(value for module in (generator, critic, *losses.values()) for value in (*module.parameters(), *module.buffers()))
    if not ranks.leads:
        seed_everything(config.train.seed, ranks.rank)
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
            "generator": optimizers.build(resolved.optimizers["generator"], generator.parameters(), runtime.device),
            "critic": optimizers.build(resolved.optimizers["critic"], critic.parameters(), runtime.device),
        },
        MovingAverage(generator, config.train.ema) if config.train.ema else None,
        ranks=ranks,
        versions={"torch": str(torch.__version__), "numpy": np.__version__} | resolved.versions,
        fingerprint=fingerprint(arrays, dataset.class_names),
    )
    return run, [*verdict.notes, *notes_on_shares(run)]


def notes_on_shares(run: Run) -> list[str]:
    """What is worth knowing where a batch is shared: which network sees no more of it than a share."""
    if run.ranks.size == 1:
        return []
    sees = f"sees the {run.batches.share} samples of its own process, not the whole batch of {run.batches.size}"
    networks = {"generator": run.generator, "critic": run.critic}
    return [f"the {side} mixes the samples of a batch, and {sees}" for side, network in networks.items() if sees_its_batch_only(network)]


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
            parts = [*networks, *(f"{side}.{child}" for side, network in networks.items() for child, _ in network.named_children())]
            remedy = did_you_mean(target, parts, noun="their parts")
            raise UserError(f"'{target}' names no part of the networks", remedy, key=f"init.{target}") from None
        try:
            load_into(module, path, inner, name)
        except UserError as error:
            raise UserError(error.what, error.remedy, key=f"init.{target}") from error


def _own_buffers(loss: Loss) -> dict[str, Tensor]:
    """A loss's state: its own buffers, not those of frozen networks that it holds."""
    buffers: dict[str, Any] = dict(loss.named_buffers(recurse=False))
    return buffers
