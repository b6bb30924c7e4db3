"""Makes what metrics look at, of a generator and its data."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from ganzoo.config import ResolvedPart
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.fingerprint import fingerprint
from ganzoo.data.rows import Rows
from ganzoo.errors import UserError
from ganzoo.fields import Fields, forward_inputs
from ganzoo.metrics.real import BATCH, RealSamples, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import Fact, Subject
from ganzoo.params import model_of, parameters_of, split_annotation
from ganzoo.players import Generator
from ganzoo.ui.progress import Reporter

from .batches import SampleReader
from .randomness import seeded
from .sampling import generate, to_units


class Subjects:
    """Makes a subject for each measurement of one generator: the real samples are read and hashed once for all of them.

    Args:
        generator: what makes the samples, on its device.
        samples: the data that it was trained on.
        dataset: the instance that gave it.
        part: its place in the configuration, to read other splits.
        seed: of the latents.
        reporter: shows progress.
    """

    def __init__(
        self,
        generator: Generator,
        samples: SampleReader,
        dataset: Dataset,
        part: ResolvedPart,
        *,
        seed: int,
        reporter: Reporter,
    ) -> None:
        self._generator, self._samples, self._dataset, self._part = generator, samples, dataset, part
        self._seed, self._reporter = seed, reporter
        self._real = RealSamples(samples.data, lambda split: samples.arrays if split is None else read_split(part, split, reporter))
        self._statistics = Statistics(reporter=reporter)
        self._data_hash = str(fingerprint(samples.arrays, dataset.class_names, dataset.apart).get("hash", ""))[:12]

    def make(self, values: Mapping[str, Any], facts: Mapping[str, Fact]) -> Subject:
        """A subject.

        Args:
            values: a plan's values as fields.
            facts: provenance known beforehand, besides that of the data and the seed.
        """
        data, params = self._samples.data, self._part.params
        own: dict[str, Fact] = {"data": self._part.name, "shape": "x".join(map(str, data.shape))}
        own |= {name: params[name] for name in ("split", "crop", "attribute") if params.get(name) is not None}
        own |= {"data_hash": self._data_hash} if self._data_hash else {}
        return Subject(
            data,
            self._dataset,
            make=lambda n: self._generated(n, values),
            real=self._real,
            conditional="label" in forward_inputs(type(self._generator)),
            device=self._samples.runtime.device,
            facts={**own, **facts, "seed": self._seed},
            statistics=self._statistics,
            make_pairs=(lambda n, split: self._pairs(n, split, values)) if self._paired else None,
            watch=self._watch,
        )

    def _generated(self, n: int, values: Mapping[str, Any]) -> Iterator[Fields]:
        """``n`` samples in batches: a pure function of the seed.

        What the generator is conditioned on (labels, source images) is that of ``n`` samples of the data, drawn at random, so
        that labels come at the data's frequencies and in no order.
        """
        real, generator = self._samples, self._generator
        needed = [name for name in forward_inputs(type(generator)) if name in real.data.fields]
        rows = np.resize(np.random.default_rng(self._seed).permutation(real.count), n)
        with seeded(torch.device("cpu"), self._seed):
            drawn = generator.draw(n)  # at once, so that samples do not depend on the size of batches
        for start in range(0, n, BATCH):
            chosen = slice(start, min(start + BATCH, n))
            given = real.fetch(rows[chosen]) if needed else {}
            fields = {name: given[name] for name in needed} | {name: value[chosen] for name, value in drawn.items()}
            fields = {name: real.runtime.to_device(value) for name, value in fields.items()}  # drawn ones come on the CPU
            made = generate(generator, {**values, **fields}, real.data, real.runtime, seed=(self._seed, start))
            yield {**fields, "sample": to_float(made, real.runtime.device)}

    @property
    def _paired(self) -> bool:
        """Whether the generator is given fields of the data, besides labels, and each belongs to a sample."""
        data = self._samples.data
        given = set(forward_inputs(type(self._generator))) & data.fields.keys() - {"label"}
        return bool(given) and not given & {*data.independent}

    def _pairs(self, n: int | None, split: str | None, values: Mapping[str, Any]) -> Iterator[Fields]:
        """What is made of the first ``n`` rows of a split, with "target"; what is drawn is a pure function of the seed."""
        real, generator = self._samples, self._generator
        if split is not None:
            real = SampleReader(read_split(self._part, split, self._reporter), real.data, real.runtime)
        for start in range(0, n or real.count, BATCH):
            fields = real.fetch(np.arange(start, min(start + BATCH, n or real.count)))
            with seeded(torch.device("cpu"), self._seed, start):
                drawn = generator.draw(len(fields["sample"]))
            drawn = {name: real.runtime.to_device(value) for name, value in drawn.items() if name not in fields}
            made = generate(generator, {**values, **fields, **drawn}, real.data, real.runtime, seed=(self._seed, start))
            target = to_float(to_units(fields["sample"], real.data), real.runtime.device)
            yield {"sample": to_float(made, real.runtime.device), "target": target}

    def _watch(self, stream: Iterator[Fields], what: str, total: int) -> Iterator[Fields]:
        with self._reporter.task(f"looking at {what} samples", total, unit="samples") as task:
            for fields in stream:
                yield fields
                task.advance(len(fields["sample"]))


def read_split(part: ResolvedPart, split: str, reporter: Reporter) -> Mapping[str, Rows]:
    """The arrays of another split of the data set.

    Raises:
        UserError: where it has no such split, saying which it has.
    """
    annotation = {parameter.name: parameter.annotation for parameter in parameters_of(part.cls)}.get("split")
    if annotation is None:
        raise UserError(f"the data set '{part.name}' has no splits, '{split}' is asked for", "leave split out")
    try:
        model_of(part.cls).model_validate({**part.params, "split": split})
    except ValidationError:
        known = ", ".join(map(str, typing.get_args(split_annotation(annotation)[0])))
        raise UserError(f"the data set '{part.name}' has no split '{split}'", f"it has: {known}") from None
    dataset: Dataset = part.cls(**{**part.params, "split": split})
    return dataset.arrays(Cache(reporter=reporter))
