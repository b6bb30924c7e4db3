"""A finished run, ready to sample from."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.compat import plan_fields
from ganzoo.config import Resolved, load_config, resolve
from ganzoo.data.cache import Cache
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields, named_arguments
from ganzoo.files import write_atomically
from ganzoo.pictures import image_grid, save_png, scatter
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.rules import Plan

from .batches import Batches
from .device import Runtime, choose
from .rundir import read_environment
from .sampling import columns_of, generate, make_inputs
from .weights import load_into, metadata


@dataclass(frozen=True)
class Samples:
    """Samples in the data's own units.

    Args:
        sample: uint8 (N, C, H, W), or float32 (N, 2).
        label: int64 (N,) where the generator is conditional, else None.
        data: what they were modelled on.
    """

    sample: np.ndarray
    label: np.ndarray | None
    data: DataSpec

    def save_npz(self, path: Path) -> Path:
        """Write the arrays ``sample`` and, where there is one, ``label``."""
        buffer = io.BytesIO()
        arrays = {"sample": self.sample} | ({"label": self.label} if self.label is not None else {})
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        write_atomically(path, buffer.getvalue())
        return path

    def save_png(self, path: Path) -> Path:
        """Write a grid of the images, or a scatter of the points."""
        if self.data.is_image:
            save_png(image_grid(self.sample, columns_of(self.data, self.label is not None, len(self.sample))), path)
        else:
            save_png(scatter(self.sample, None), path)
        return path


@dataclass(frozen=True)
class Trained:
    """A run's generator with its weights, on whatever device is here.

    Args:
        generator, data, runtime, resolved: as the run has them.
        values: the last plan's values as fields.
        facts: what the weights file says of itself ("step", "average"); {} for one from elsewhere.
    """

    generator: Generator
    data: DataSpec
    runtime: Runtime
    resolved: Resolved
    values: dict[str, Any]
    facts: dict[str, Any]

    def sample(self, n: int, seed: int, label: int | None = None) -> Samples:
        """Draw ``n`` samples; a pure function of the seed.

        Raises:
            UserError: where ``label`` cannot be asked for, or the generator needs data that is not here.
        """
        inputs = make_inputs(self.generator, self.data, n, seed=seed, label=label, given=self.values | self._conditions(n))
        labels = inputs["label"].numpy() if "label" in named_arguments(type(self.generator)) else None
        return Samples(generate(self.generator, inputs, self.data, self.runtime), labels, self.data)

    def _conditions(self, n: int) -> Fields:
        """What an image-conditional generator needs of the data: its first ``n`` samples' fields."""
        needed = set(named_arguments(type(self.generator))) & (set(self.data.fields) - {"label"})
        if not needed:
            return {}
        arrays = self.resolved.data.build().arrays(Cache())
        batches = Batches(arrays, self.data, 1, 0, False, self.runtime)
        fields = batches.fetch(np.arange(n) % batches.count)
        return {name: fields[name].cpu() for name in needed}


def load_trained(folder: Path, weights: Path | None, registry: Registry) -> Trained:
    """Load a run's generator, with its own weights or those of ``weights``.

    Raises:
        UserError: where the folder holds no run, or the weights do not fit.
    """
    if not (folder / "config.yaml").is_file():
        raise UserError(f"{folder} is no run directory (it has no config.yaml)", "name a folder that 'ganzoo run' made", key="RUN")
    config = load_config(folder / "config.yaml", [])
    resolved = resolve(config, registry)
    data = DataSpec.from_json(read_environment(folder)["data"])
    own = folder / "weights" / "generator.safetensors"
    generator = resolved.generator.build(data)
    load_into(generator, weights or own)
    # Whatever this machine has: a run from a GPU is looked at on a laptop.
    runtime = choose(config.train.model_copy(update={"device": "auto"}))
    facts = metadata(own)
    values = plan_fields(Plan(values=facts.get("values") or {}))  # those of the last plan, which sampling keeps
    return Trained(runtime.place_network(generator), data, runtime, resolved, values, facts if weights is None else metadata(weights))
