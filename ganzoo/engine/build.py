"""Building of a run in memory: the data is read, the combination checked, the components built from the seed."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from ganzoo import compat
from ganzoo.config import Resolved, RunConfig, resolved_values
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.fingerprint import fingerprint
from ganzoo.data.spec import describe_data
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import forward_inputs
from ganzoo.rules import Loss
from ganzoo.rundir.weights import differing, load_into, metadata
from ganzoo.ui.progress import Reporter

from . import optimizers
from .batches import Batches, share_of
from .convolutions import use_ordinary_double_backward
from .device import from_config, has_bf16
from .distributed import Ranks
from .distributed.whole_batch import sees_its_batch_only
from .ema import average_of
from .randomness import seed_everything
from .run import Run


def build(
    config: RunConfig,
    resolved: Resolved,
    reporter: Reporter,
    ranks: Ranks | None = None,
    ordinary_double_backward: bool | None = None,
    begun: bool = False,
) -> tuple[Run, list[str]]:
    """Read the data, check that the combination fits it, and build the components from the seed.

    Every rank builds the same networks, and draws its own random numbers from then on. ``ordinary_double_backward`` says
    whether a critic under a penalty gets ``engine.convolutions``; None: where they pay. One that was ``begun`` has its weights from a
    checkpoint, and needs no file of ``init``.

    Returns:
        The run, and what is worth knowing about the combination.

    Raises:
        UserError: with the place in the configuration, where anything does not fit.
    """
    ranks = ranks or Ranks()
    with config.placing():
        share_of_batch = share_of(config.train.batch_size, ranks)  # before the data is read
        runtime = from_config(config.train, ranks.local_rank)
        ranks.connect(runtime.device)
        dataset: Dataset = resolved.data.build()
        arrays = dataset.arrays(Cache(reporter=reporter))
        data = describe_data(dataset, arrays)
        batches = Batches(arrays, data, config.train.batch_size, config.train.seed, dataset.flip, runtime, ranks=ranks, apart=dataset.apart)
    parts = (resolved.generator, resolved.critic, resolved.losses, resolved.schedule)
    train = config.train
    verdict = compat.check(*parts, data, train.steps, train.batch_size, share_of_batch, ranks.synchronises, train.accumulate)
    verdict.refuse(config)

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
    networks = {"generator": generator, "critic": critic}
    with config.placing():
        initialise({} if begun else config.init, networks)
    for network in networks.values():
        ranks.synchronise_norms(network)
        runtime.place_network(network)
    pays = runtime.convolutions_pay if ordinary_double_backward is None else ordinary_double_backward
    if pays and any(loss.per_sample for loss in losses.values()):
        use_ordinary_double_backward(critic)
    ranks.broadcast(value for module in (generator, critic, *losses.values()) for value in (*module.parameters(), *module.buffers()))
    if not ranks.is_main:
        seed_everything(config.train.seed, ranks.rank)
    stepping = {side: optimizers.build(resolved.optimizers[side], network, runtime.device) for side, network in networks.items()}
    schedule, average = resolved.schedule.build(data), average_of(generator, config.train)
    versions = {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__} | resolved.versions
    share = f"share {ranks.rank + 1} of {ranks.size}"
    data_fingerprint = fingerprint(arrays, dataset.class_names, dataset.apart, share) | {"form": data.to_json()}
    players = generator.train(), critic.train()
    run = Run(config, dataset, data, runtime, batches, *players, losses, schedule, stepping, average, ranks, 0, versions, data_fingerprint)
    run.resolved = resolved_values(config, resolved)
    emulated = runtime.device.type == "cpu" and runtime.precision == "bf16" and not has_bf16()
    slow = ["this processor computes bf16 without instructions for it, several times slower than fp32"] if emulated else []
    return run, [*resolved.notes, *verdict.notes, *notes_on_shares(run), *slow]


def notes_on_shares(run: Run) -> list[str]:
    """What is worth knowing where a batch is shared: which network sees no more of it than a share."""
    if run.ranks.size == 1:
        return []
    sees = f"sees the {run.batches.share} samples of its own process, not the whole batch of {run.batches.size}"
    mixing = [side for side, network in run.players.items() if sees_its_batch_only(network)]
    return [f"the {side} mixes the samples of a batch, and {sees}" for side in mixing]


def initialise(sources: Mapping[str, str], networks: Mapping[str, nn.Module]) -> None:
    """Load weights of an earlier run into a network or a sub-module: ``init: {generator: runs/a/weights/generator.safetensors}``."""
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


def other_sources(run: Run, resolved: Resolved) -> list[str]:
    """A sentence for each source of ``init`` that was trained as another network, or with labels of other classes."""
    found, parts = [], {"generator": resolved.generator.plain(), "critic": resolved.critic.plain()}
    for target, path in run.config.init.items():
        side = target.partition(".")[0]
        names = run.dataset.class_names if "label" in forward_inputs(type(run.players[side])) else ()  # type: ignore[arg-type]
        if other := differing(metadata(path), side, parts.get(target, {}), names):
            found.append(f"init.{target}: {path} was trained otherwise ({'; '.join(other)})")
    return found
