"""Sampling of a generator: fixed inputs, made once from a seed, and arrays in the data's own units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ganzoo.data.rows import Rows
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields, forward_inputs, select
from ganzoo.players import Generator, evaluating
from ganzoo.tensors import check_given, has_samples

from .device import Runtime
from .randomness import seeded

CLOUD = 2500
"""Points that a picture of samples shows: a cloud wants many."""


def make_inputs(
    generator: Generator,
    data: DataSpec,
    n: int,
    *,
    seed: int,
    label: int | None = None,
    truncation: float | None = None,
    given: Mapping[str, Any] | None = None,
) -> Fields:
    """What ``generator`` needs for ``n`` samples: a pure function of the seed, the same on every device, drawn on the CPU.

    ``given`` are further fields (a batch of the data, a plan's values); labels and noise take their place. Without a ``label``
    all classes come in turn, sorted, so that a grid's rows are classes. ``truncation`` is for more typical, less varied samples,
    as ``Generator.truncated`` takes it.

    Raises:
        UserError: where ``label`` is out of range or asked of a generator that takes none.
    """
    wants_label = "label" in forward_inputs(type(generator))
    if label is not None and not (wants_label and 0 <= label < data.classes):
        why = f"there are {data.classes} classes, from 0" if wants_label else "this generator takes no label"
        raise UserError(f"label {label} cannot be asked for: {why}", "leave it out or choose another", key="--label")
    with seeded(torch.device("cpu"), seed):
        drawn = generator.draw(n)
        if truncation is not None:
            drawn = generator.truncated(drawn, truncation)
        fields: Fields = dict(given or {}) | drawn
    if wants_label:
        fields["label"] = torch.full((n,), label) if label is not None else torch.arange(n) * data.classes // n
    return fields


@torch.no_grad()
def generate(
    generator: Generator, inputs: Fields, data: DataSpec, runtime: Runtime, *, seed: Sequence[int], batch: int = 250
) -> np.ndarray:
    """Samples in the data's own units: images uint8 (N, C, H, W), points float32 (N, 2).

    Runs in evaluation mode and float32, in batches of at most ``batch``. The network's mode and the random numbers of the
    training are put back, whatever happens. ``seed`` is that of the random numbers which it draws in its forward.
    """
    names = forward_inputs(type(generator))
    chosen = select(names, inputs, f"generator {type(generator).__name__}")
    n = max(len(value) for value in chosen.values() if has_samples(value))
    made = []
    with evaluating(generator), seeded(runtime.device, *seed):
        for start in range(0, n, batch):
            fields = {name: runtime.to_device(v[start : start + batch]) if has_samples(v) else v for name, v in chosen.items()}
            given = generator(**fields)
            check_given(given, generator.gives, f"generator {type(generator).__name__}")
            made.append(to_units(given["sample"].float(), data))
    return np.concatenate(made)


def to_units(sample: torch.Tensor, data: DataSpec) -> np.ndarray:
    """A trained "sample" in the data's own units: [-1, 1] to uint8 for images, times the scale for points."""
    return to_uint8(sample) if data.is_image else (sample * data.scale).cpu().numpy()


def to_uint8(images: torch.Tensor) -> np.ndarray:
    """Images in [-1, 1] as uint8, rounded to the nearest: the inverse of ``x / 127.5 - 1``."""
    return images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).cpu().contiguous().numpy()


def pictures_given(generator: Generator, data: DataSpec, fields: Fields, stored: Mapping[str, Rows]) -> dict[str, np.ndarray]:
    """Those of ``fields`` (N, C, H, W) that the generator makes its own of: uint8; what is ``stored`` as float (masks) as it is."""
    shown = [name for name in forward_inputs(type(generator)) if len(data.fields.get(name, ())) == 3 and name not in data.class_maps]
    return {name: fields[name].cpu().numpy() if stored[name].dtype.kind == "f" else to_uint8(fields[name]) for name in shown}
