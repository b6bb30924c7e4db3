"""A finished run, ready to sample from."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
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
from ganzoo.data.spec import describe
from ganzoo.engine.batches import SampleReader
from ganzoo.engine.device import Runtime, from_config
from ganzoo.engine.sampling import generate, make_inputs, to_units
from ganzoo.errors import UserError, did_you_mean
from ganzoo.fields import DataSpec, Fields, forward_inputs
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.rules import Plan
from ganzoo.rundir.files import CONFIG, GENERATOR, check_run, is_folder, read_environment
from ganzoo.rundir.kept import with_kept
from ganzoo.rundir.weights import load_into, metadata
from ganzoo.ui.progress import Reporter

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

    def label_of(self, label: int | str | None) -> int | None:
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
        raise UserError(f"there is no class '{label}'", did_you_mean(label, names, noun="classes"), key="--label")

    def inputs(self, n: int, seed: int, label: int | None = None, truncation: float | None = None) -> Fields:
        """What the generator needs for ``n`` samples, on the CPU; a pure function of the seed.

        Raises:
            UserError: where ``label`` or ``truncation`` cannot be asked for, or the generator needs data that is not here.
        """
        given = self.values | self._conditions(n)
        return make_inputs(self.generator, self.data, n, seed=seed, label=label, truncation=truncation, given=given)

    def make(self, inputs: Fields, seed: int) -> np.ndarray:
        """Samples in the data's own units: images uint8 (N, C, H, W), points float32 (N, 2); ``seed`` of what a forward draws."""
        return generate(self.generator, inputs, self.data, self.runtime, seed=(seed,))

    def sample(self, n: int, seed: int, label: int | None = None, truncation: float | None = None) -> Samples:
        """Draw ``n`` samples; a pure function of the seed. Errors as of ``inputs``."""
        inputs = self.inputs(n, seed, label, truncation)
        labels = inputs["label"].numpy() if self.conditional else None
        return Samples(self.make(inputs, seed), labels, self.data, self.class_names)

    def real(self, n: int) -> np.ndarray:
        """``n`` samples of the data, evenly spaced over it, in its own units.

        Raises:
            UserError: where the data or its plugin is not here.
        """
        samples = self._samples()
        chosen = np.linspace(0, samples.count - 1, n).astype(np.int64)
        return to_units(samples.fetch(chosen)["sample"], self.data)

    def _conditions(self, n: int) -> Fields:
        """What an image-conditional generator needs of the data: its first ``n`` samples' fields."""
        needed = set(forward_inputs(type(self.generator))) & (set(self.data.fields) - {"label"})
        if not needed:
            return {}
        samples = self._samples()
        fields = samples.fetch(np.arange(n) % samples.count)
        return {name: fields[name].cpu() for name in needed}

    def read_data(self, reporter: Reporter) -> tuple[Dataset, SampleReader]:
        """The data that it was trained on; of content that has changed since, ``reporter`` is told.

        Raises:
            UserError: where it is not here, or is other data: another shape, other class names, another count.
        """
        dataset: Dataset = self.dataset.build()
        arrays: Mapping[str, Rows] = dataset.arrays(Cache(reporter=reporter))
        found = describe(arrays, dataset.classes, dataset.scale, dataset.class_maps)
        if found != self.data:
            raise UserError(
                f"the data is no longer what the run was trained on: it was {_form(self.data)}, and is now {_form(found)}",
                "put the data back as it was",
                where=str(self.folder),
                key="data",
            )
        known = metadata(self.folder / GENERATOR)
        before = known.get("fingerprint") or ({"class_names": known["class_names"]} if known.get("class_names") else {})
        try:
            warning = compare_data(before, fingerprint(arrays, dataset.class_names, dataset.apart))
        except UserError as error:
            raise error.at(str(self.folder)) from error
        if warning:
            reporter.warn(f"{warning}; the run was trained on what it was before")
        return dataset, SampleReader(arrays, self.data, self.runtime)

    def _samples(self) -> SampleReader:
        return self.read_data(self.reporter)[1]


def load_trained(folder: Path, weights: Path | None, registry: Registry, reporter: Reporter | None = None) -> Trained:
    """Load the generator of a run or a pack, with its own weights or those of ``weights``.

    Args:
        folder: the run directory, or the pack.
        weights: a file of weights from elsewhere; None: its own.
        registry: what is installed.
        reporter: is told where a pack names other versions than those installed; None: nobody is.

    Raises:
        UserError: where the folder holds no run, a pack's files are not as they were packed, or the weights do not fit.
    """
    if is_folder(folder):
        verify_pack(folder)
    check_run(folder, "'ganzoo run' or 'ganzoo pack'")
    if reporter and (note := version_note(folder)):
        reporter.say(note)
    registry = with_kept(registry, folder)
    config = load_config(folder / CONFIG, [])
    part = resolve_part(config, registry, "generator", config.generator, ("generator",))
    environment = read_environment(folder)
    data = DataSpec.from_json(environment["data"])
    own = folder / GENERATOR
    with torch.random.fork_rng(devices=[]):  # its initial weights are of no interest, and the caller's draws are
        generator = part.build(data)
    load_into(generator, weights or own)
    # Whatever this machine has: a run from a GPU is looked at on a laptop.
    runtime = from_config(config.train.model_copy(update={"device": "auto"}))
    facts = metadata(own)
    if facts.get("run") and environment.get("run") and facts["run"] != environment["run"]:
        raise UserError(f"{own} belongs to another run than its folder", "name it with --weights, beside the run it is of", key="RUN")
    values = plan_fields(Plan(values=facts.get("values") or {}), runtime.device)  # those of the last plan, which sampling keeps
    return Trained(
        folder,
        runtime.place_network(generator),
        data,
        runtime,
        config,
        part,
        registry,
        values,
        facts if weights is None else metadata(weights),
        tuple(str(name) for name in facts.get("class_names") or ()),
        reporter or Reporter(sys.stderr),
    )


def _form(data: DataSpec) -> str:
    fields = ", ".join(f"{name} {'x'.join(map(str, shape)) or 'numbers'}" for name, shape in data.fields.items())
    return f"{fields}; {data.classes} classes" if data.classes else fields
