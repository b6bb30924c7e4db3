"""A finished run, ready to sample from."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganzoo.compat import plan_fields
from ganzoo.config import ResolvedPart, RunConfig, load_config, resolve_part
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.fingerprint import compare_data, fingerprint
from ganzoo.data.rows import Rows
from ganzoo.data.spec import describe_data
from ganzoo.engine.batches import SampleReader
from ganzoo.engine.device import Runtime, from_config
from ganzoo.engine.randomness import seeded
from ganzoo.engine.sampling import generate, make_inputs, pictures_given, to_units
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, Fields, forward_inputs
from ganzoo.metrics.real import read_split
from ganzoo.players import Generator, evaluating
from ganzoo.plugins.index import current_versions
from ganzoo.registry import Registry
from ganzoo.rules import Plan
from ganzoo.rundir import checkpoint
from ganzoo.rundir.comparison import find_checkpoint
from ganzoo.rundir.files import CHECKPOINTS, CONFIG, ENVIRONMENT, GENERATOR, check_run, is_folder, read_environment
from ganzoo.rundir.kept import with_kept
from ganzoo.rundir.weights import differing, load_into, metadata
from ganzoo.tensors import length_of
from ganzoo.ui.progress import Reporter

from .checks import check_fields, check_truncation
from .packs import verify as verify_pack
from .packs import version_note
from .samples import Samples


@dataclass(frozen=True)
class Trained:
    """A run's generator with its weights, on whatever device is here. Nothing else of the run needs to be installed.

    Args:
        folder: the run directory, or a pack.
        generator, data, runtime, config: as the run has them.
        part: the generator's place in the configuration.
        registry: what is installed.
        values: the last plan's values as fields.
        facts: what the weights file says of itself ("step", "average"); {} for one from elsewhere.
        class_names: of all K classes, where they have names.
        reporter: is told of data that has changed.
        checkpoint: the kept checkpoint that the weights are of; None: the last weights, or those from elsewhere.
    """

    folder: Path
    generator: Generator
    data: DataSpec
    runtime: Runtime
    config: RunConfig
    part: ResolvedPart
    registry: Registry
    values: dict[str, Any]
    facts: dict[str, Any]
    class_names: tuple[str, ...]
    reporter: Reporter = field(default_factory=lambda: Reporter(sys.stderr))
    checkpoint: Path | None = None

    @functools.cached_property
    def dataset(self) -> ResolvedPart:
        """The data set that it was trained on.

        Raises:
            UserError: where its plugin is not installed here.
        """
        return resolve_part(self.config, self.registry, "dataset", self.config.data, ("data",))

    @property
    def conditional(self) -> bool:
        """Whether the generator is told the class."""
        return "label" in forward_inputs(type(self.generator))

    def label_of(self, label: int | str | None, key: str = "--label") -> int | None:
        """The number of a class that is named, or given by its number.

        Raises:
            UserError: where no class is called so.
        """
        if not isinstance(label, str):
            return label
        if label in self.class_names:
            return self.class_names.index(label)
        if re.fullmatch(r"-?[0-9]{1,9}", label):
            return int(label)
        names = self.class_names or [str(number) for number in range(self.data.classes)]
        raise UserError(f"there is no class '{label}'", did_you_mean(label, names, noun="classes"), key=key)

    def inputs(
        self, n: int, seed: int, label: int | None = None, truncation: float | None = None, conditions: Fields | None = None
    ) -> Fields:
        """What the generator needs for ``n`` samples, on the CPU; a pure function of the seed.

        Raises:
            UserError: where ``label`` or ``truncation`` cannot be asked for, or the generator needs data that is not here.
        """
        if truncation is not None:
            check_truncation(self.generator, truncation)
        given = self.values | (self.conditions(n, seed)[0] if conditions is None else conditions)
        return make_inputs(self.generator, self.data, n, seed=seed, label=label, truncation=truncation, given=given)

    def make(self, inputs: Fields, seed: int) -> np.ndarray:
        """Samples in the data's own units: images uint8 (N, C, H, W), points float32 (N, 2); ``seed`` of what a forward draws."""
        return generate(self.generator, inputs, self.data, self.runtime, seed=(seed,))

    def sample(self, n: int, seed: int, label: int | None = None, truncation: float | None = None, split: str | None = None) -> Samples:
        """Draw ``n`` samples; a pure function of the seed; of rows of ``split`` where they are made of data. Errors as of ``inputs``."""
        conditions, stored = self.conditions(n, seed, split)
        inputs = self.inputs(n, seed, label, truncation, conditions)
        labels = inputs["label"].numpy() if self.conditional else None
        sources = pictures_given(self.generator, self.data, conditions, stored) if conditions else {}
        paired = sources and not sources.keys() & {"sample", *self.data.independent}
        target = to_units(conditions["sample"], self.data) if paired else None
        return Samples(self.make(inputs, seed), labels, self.data, self.class_names, sources, target)

    @torch.no_grad()
    def forward(self, fields: Fields, route: str = "", seed: int = 0) -> Fields:
        """The generator's forward or a ``route`` in evaluation mode, on the CPU; what is drawn and not given comes from ``seed``.

        Raises:
            UserError: where there is no such route; for a field that it does not take, or lacks; as ``check_fields``.
        """
        port = self.generator.port(route)
        if port is None:
            raise UserError(f"the generator has no route '{route}'", did_you_mean(route, self.generator.routes, noun="routes"))
        for name in fields:
            if name not in port.reads:
                raise UserError(f"the generator takes no field '{name}'", did_you_mean(name, port.reads, noun="fields"))
        if not (own := {name: value for name, value in fields.items() if name not in self.values}):
            raise UserError("no field is given, so it is not known how many are wanted", "use sample(n)")
        resized = check_fields(own, self.generator, self.data)
        with seeded(torch.device("cpu"), seed):
            given = self.values | self.generator.draw(length_of(own)) | fields
        if missing := [name for name in port.reads if name not in given]:
            raise UserError(f"the generator needs the field '{missing[0]}'", f"give all of: {', '.join(port.reads)}")
        moved = {n: self.runtime.to_device(v) if isinstance(v := given[n], torch.Tensor) else v for n in port.reads}
        try:
            with evaluating(self.generator), seeded(self.runtime.device, seed):
                return {name: value.float().cpu() for name, value in port.call(**moved).items()}
        except RuntimeError as error:
            if not resized:
                raise
            raise UserError(f"the network does not take this size ({' '.join(str(error).split())[:80]})") from error

    def conditions(self, n: int, seed: int, split: str | None = None) -> tuple[Fields, Mapping[str, Rows]]:
        """What a generator that is given data needs of it: fields and "sample" of ``n`` rows, drawn by the seed; and all rows."""
        needed = set(forward_inputs(type(self.generator))) & (set(self.data.fields) - {"label"})
        if not needed:
            return {}, {}
        samples = self.read_data(self.reporter)[1]
        if split is not None:
            samples = SampleReader(read_split(self.dataset, split, self.reporter), self.data, self.runtime)
        fields = samples.fetch(np.resize(np.random.default_rng(seed).permutation(samples.count), n))
        return {name: fields[name].cpu() for name in (*needed, "sample")}, samples.arrays

    def read_data(self, reporter: Reporter) -> tuple[Dataset, SampleReader]:
        """The data that it was trained on; of content that has changed since, ``reporter`` is told.

        Raises:
            UserError: where it is not here, or is other data: another shape, other class names, another count.
        """
        dataset: Dataset = self.dataset.build()
        arrays: Mapping[str, Rows] = dataset.arrays(Cache(reporter=reporter))
        now = fingerprint(arrays, dataset.class_names, dataset.apart) | {"form": describe_data(dataset, arrays).to_json()}
        known = metadata(self.folder / GENERATOR)
        before = known.get("fingerprint") or ({"class_names": known["class_names"]} if known.get("class_names") else {})
        try:
            warning = compare_data(before | {"form": self.data.to_json()}, now)
        except UserError as error:
            raise error.at(str(self.folder)) from error
        if warning:
            reporter.warn(f"{warning}; the run was trained on what it was before")
        return dataset, SampleReader(arrays, self.data, self.runtime)


def load_trained(
    folder: Path,
    weights: Path | None,
    registry: Registry,
    reporter: Reporter | None = None,
    *,
    step: int | str | None = None,
    overrides: Sequence[str] = (),
) -> Trained:
    """Load the generator of a run or a pack, with its own weights or those of ``weights``.

    Args:
        folder: the run directory, or the pack.
        weights: a file of weights from elsewhere; None: its own.
        registry: what is installed.
        reporter: is told where the weights were trained with other versions than those installed, or otherwise; None: stderr is.
        step: a kept checkpoint, by its step or as "best", whose weights are taken; None: the last ones.
        overrides: of the data's keys, where it has moved: ``data.root=elsewhere``.

    Raises:
        UserError: where the folder holds no run, a pack's files are not as they were packed, or the weights do not fit.
    """
    if is_folder(folder):
        verify_pack(folder)
    check_run(folder, "'ganzoo run' or 'ganzoo pack'")
    registry = with_kept(registry, folder)
    config = load_config(folder / CONFIG, overrides)
    part = resolve_part(config, registry, "generator", config.generator, ("generator",))
    if overrides:  # which may be none of its data set's, or not fit it
        resolve_part(config, registry, "dataset", config.data, ("data",))
    environment = read_environment(folder)
    data = DataSpec.from_json(environment["data"])
    own = folder / GENERATOR
    if step is not None and weights is not None:
        raise UserError("it cannot be combined with --weights", "leave one of them out", key="--step")
    kept = None if step is None else find_checkpoint(folder, config, registry, str(step))
    with torch.random.fork_rng(devices=[]):  # its initial weights are of no interest, and the caller's draws are
        generator = part.build(data)
    load_into(generator, weights or kept or own)
    # Whatever this machine has: a run from a GPU is looked at on a laptop.
    runtime = from_config(config.train.model_copy(update={"device": "auto"}))
    last, facts, listener = metadata(own), metadata(kept or own), reporter or Reporter(sys.stderr)
    if facts.get("run") and environment.get("run") and facts["run"] != environment["run"]:
        remedy = "name it with --weights, beside the run it is of"
        raise UserError(f"{kept or own} belongs to another run than its folder", remedy, key="--step" if kept else "RUN")
    if kept and facts["values"] is None and last.get("values"):  # an older ganzoo wrote it
        raise UserError(f"{kept} does not keep what its schedule gave: {', '.join(last['values'])}", "leave --step out", key="--step")
    if last.get("data") and DataSpec.from_json(last["data"]) != data:
        raise UserError(f"{folder / ENVIRONMENT} tells of other data than its weights were trained on", "put it back as it was", key="RUN")
    newest = [] if kept or weights else [checkpoint.step_of(path) for path in checkpoint.existing(folder / CHECKPOINTS)[:1]]
    if newest and facts.get("step", newest[0]) not in newest:
        what = f"{own} is of step {facts['step']}, the newest checkpoint of step {newest[0]}"
        listener.warn(f"{what}: 'ganzoo run --resume' writes its weights")
    facts = last | facts | {"data": environment["data"]}
    names = tuple(str(name) for name in facts.get("class_names") or ())
    values = plan_fields(Plan(values=facts.get("values") or {}), runtime.device)  # those of the last plan, which sampling keeps
    facts, component = facts if weights is None else metadata(weights), part.component
    if note := version_note(folder, current_versions(facts.get("versions") or {}), component):
        listener.say(note)
    other = differing(facts, "generator", part.plain(), names if "label" in forward_inputs(type(generator)) else ())
    if weights and other:
        listener.warn(f"{weights} was trained otherwise than this run's generator: {'; '.join(other)}")
    elif other:
        what = f"{folder / CONFIG} is not the configuration that its weights were trained with: {'; '.join(other)}"
        raise UserError(what, "put it back as it was", key="RUN")
    return Trained(folder, runtime.place_network(generator), data, runtime, config, part, registry, values, facts, names, listener, kept)
