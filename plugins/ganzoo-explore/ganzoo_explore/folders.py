"""Measures pictures in one folder against those in another: no run, no generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ganzoo import compat
from ganzoo.config import ResolvedPart, TrainConfig, resolve_alone
from ganzoo.config.yaml_writer import flow
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.rows import Rows
from ganzoo.data.spec import describe_data
from ganzoo.engine.device import from_config
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.metrics.evaluation import Evaluation, measure, prepare
from ganzoo.metrics.real import RealSamples
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import Fact, Subject
from ganzoo.params import parameters_of
from ganzoo.registry import Registry
from ganzoo.ui.progress import Reporter

READER = "folder"
"""The data set that reads a folder."""


def measure_folders(
    images: Path, against: Path, parts: Sequence[ResolvedPart], overrides: Sequence[str], registry: Registry, reporter: Reporter
) -> Iterator[Evaluation]:
    """Measure what metrics find of the pictures in ``images``, taken as made, against those in ``against``, taken as real.

    Where a metric asks by its default for more samples than there are pictures, it gets all of them.

    Args:
        images: a folder of made pictures, at their own size, which must be one, unless ``overrides`` name another.
        against: a folder of real ones.
        parts: the metrics with their parameters.
        overrides: of the data set that reads both: ``data.size=64``.
        registry: what is installed.
        reporter: shows progress.

    Raises:
        UserError: where a folder cannot be read, the two differ in shape, or a metric needs a run.
        GanzooError: where a metric's numbers cannot be had.
    """
    read = [_read(folder, overrides, registry, reporter) for folder in (against, images)]
    (dataset, arrays, data), (_, made_arrays, made_data) = read
    if data.shape != made_data.shape:
        shapes = " and ".join("x".join(map(str, each.shape)) for each in (made_data, data))
        raise UserError(f"the pictures of {images} and {against} are {shapes}", "resize both: -o data.size=N", key="--images")
    real, made = RealSamples(data, lambda split: _only(split, arrays)), RealSamples(data, lambda split: _only(split, made_arrays))
    device, count = from_config(TrainConfig()).device, len(made_arrays["sample"])

    def generated(n: int) -> Iterator[Fields]:
        if n > count:
            raise UserError(f"{n} pictures are asked for, {images} has {count}", f"set -o samples={count}", key="--images")
        return made.stream(made.choose(n), None, device)

    hashes = made.hash(made.choose(), None)[:12]
    facts: dict[str, Fact] = {"images": f"{images.resolve().name} {hashes}", "data": READER, "shape": "x".join(map(str, data.shape))}
    statistics = Statistics(reporter=reporter)

    def subject() -> Subject:
        return Subject(data, dataset, make=generated, real=real, conditional=False, device=device, facts=facts, statistics=statistics)

    named = compat.distinct([_at_most(part, samples=count, real_samples=len(arrays["sample"])) for part in parts])
    metrics = {name: prepare(part, subject()) for name, part in named.items()}
    for name, metric in metrics.items():
        yield measure(name, metric, named[name], subject(), None)


def _read(folder: Path, overrides: Sequence[str], registry: Registry, reporter: Reporter) -> tuple[Dataset, Mapping[str, Rows], DataSpec]:
    """A folder's pictures, without labels."""
    values = {"name": READER, "root": str(folder), "size": None, "labels": False, "split": None, "max_bad": 0.0}
    text, sizes = flow(values), [text.removeprefix("data.") for text in overrides]
    part = resolve_alone("dataset", text, registry, f"-o data={text}", sizes, key="data")
    dataset: Dataset = part.build()
    arrays = dataset.arrays(Cache(reporter=reporter))
    return dataset, arrays, describe_data(dataset, arrays)


def _only(split: str | None, arrays: Mapping[str, Rows]) -> Mapping[str, Rows]:
    if split is not None:
        raise UserError(f"a folder has no split '{split}'", "leave split out")
    return arrays


def _at_most(part: ResolvedPart, **counts: int) -> ResolvedPart:
    """The metric with no more samples than there are, where its defaults ask for more."""
    default = {parameter.name: parameter.default for parameter in parameters_of(part.cls)}
    asked = {name: value for name in counts if isinstance(value := part.params.get(name), int) and value == default[name]}
    return dataclasses.replace(part, params=part.params | {name: min(value, counts[name]) for name, value in asked.items()})
