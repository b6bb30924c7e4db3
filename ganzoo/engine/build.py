"""From a configuration to a run in memory: the data is read, the combination checked, the components built from the seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from ganzoo import compat
from ganzoo.config import Resolved, RunConfig
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.fingerprint import fingerprint
from ganzoo.data.spec import describe_data
from ganzoo.errors import ContractError, UserError, did_you_mean
from ganzoo.rules import Loss
from ganzoo.ui.progress import Reporter

from . import optimizers
from .batches import Batches, share_of
from .convolutions import use_ordinary_double_backward
from .device import from_config
from .distributed import Ranks
from .distributed.norms import sees_its_batch_only
from .ema import average_of
from .randomness import seed_everything
from .run import Run


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
        arrays = dataset.arrays(Cache(reporter=reporter))
        data = describe_data(dataset, arrays)
        batches = Batches(arrays, data, config.train.batch_size, config.train.seed, dataset.flip, runtime, ranks=ranks, apart=dataset.apart)
    parts = (resolved.generator, resolved.critic, resolved.losses, resolved.schedule)
    verdict = compat.check(*parts, data, config.train.steps, config.train.batch_size, share_of_batch, ranks.synchronises)
    refuse(verdict, config)

    seed_everything(config.train.seed)
    generator = resolved.generator.build(data)
    critic = resolved.critic.build(data)
    losses: dict[str, Loss] = {
        name: part.build(compat.focused(data, generator, critic, part.route)).to(runtime.device)
        for name, part in compat.distinct(resolved.losses).items()
    }
    for loss in losses.values():
        for part, name, _ in vars(loss).get("_curved", ()):  # parameters along curves, which Module.to leaves behind
            setattr(part, name, getattr(part, name).to(runtime.device))
    with placed(config):
        initialise(config.init, {"generator": generator, "critic": critic})
    for network in (generator, critic):
        ranks.synchronise_norms(network)
        runtime.place_network(network)
    pays = runtime.convolutions_pay if ordinary_double_backward is None else ordinary_double_backward
    if pays and any(loss.per_sample for loss in losses.values()):
        use_ordinary_double_backward(critic)
    ranks.broadcast(value for module in (generator, critic, *losses.values()) for value in (*module.parameters(), *module.buffers()))
    if not ranks.is_main:
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
            "generator": optimizers.build(resolved.optimizers["generator"], generator, runtime.device),
            "critic": optimizers.build(resolved.optimizers["critic"], critic, runtime.device),
        },
        average_of(generator, config.train),
        ranks=ranks,
        versions={"torch": str(torch.__version__), "numpy": np.__version__} | resolved.versions,
        fingerprint=fingerprint(arrays, dataset.class_names, dataset.apart),
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
