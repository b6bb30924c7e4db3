"""Evaluation of a generator: the samples that metrics look at, their numbers, and the checks of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ganzoo import compat
from ganzoo.config import ResolvedPart
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.fingerprint import fingerprint
from ganzoo.errors import GanzooError
from ganzoo.fields import Fields, forward_inputs
from ganzoo.metrics.evaluation import Evaluation, measure, prepare
from ganzoo.metrics.metric import Metric
from ganzoo.metrics.real import BATCH, RealSamples, read_split, split_of, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import Fact, Subject, unpaired
from ganzoo.players import Generator
from ganzoo.rundir.checkpoint import State
from ganzoo.ui.progress import Reporter

from .batches import SampleReader
from .ema import copied
from .randomness import preserved, seeded
from .run import Run
from .sampling import generate, to_units
from .signals import Interrupted, Stop


class Subjects:
    """Makes a subject for each measurement of one generator: the real samples are read and hashed once for all of them.

    ``samples`` are those of ``dataset``, as ``part`` configures it: other splits are read by it. ``seed`` is that of the latents.
    """

    def __init__(
        self, generator: Generator, samples: SampleReader, dataset: Dataset, part: ResolvedPart, *, seed: int, reporter: Reporter
    ) -> None:
        self._generator, self._samples, self._dataset, self._part = generator, samples, dataset, part
        self._seed, self._reporter = seed, reporter
        self._real = RealSamples(samples.data, lambda split: samples.arrays if split is None else read_split(part, split, reporter))
        self._statistics = Statistics(reporter=reporter)
        self._data_hash = str(fingerprint(samples.arrays, dataset.class_names, dataset.apart).get("hash", ""))[:12]

    def make(self, values: Mapping[str, Any], facts: Mapping[str, Fact]) -> Subject:
        """A subject made with a plan's ``values``; ``facts`` are its provenance besides that of the data and the seed."""
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
            make_pairs=(lambda n, split: self._pairs(n, split, values)) if self._given else None,
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
    def _given(self) -> set[str]:
        """The fields of the data that the generator is given, besides labels."""
        return set(forward_inputs(type(self._generator))) & self._samples.data.fields.keys() - {"label"}

    def _pairs(self, n: int | None, split: str | None, values: Mapping[str, Any]) -> Iterator[Fields]:
        """What is made of the first ``n`` rows of a split, with them and "target"; what is drawn is a pure function of the seed.

        A split may have pairs though the one trained on has none.
        """
        real, generator, dataset = self._samples, self._generator, self._dataset
        if split is not None:
            dataset = split_of(self._part, split)
            arrays = dataset.arrays(Cache(reporter=self._reporter))
            real = SampleReader(arrays, replace(real.data, independent=tuple(sorted(dataset.independent))), real.runtime)
        if self._given & {*dataset.independent}:
            raise unpaired()
        for start in range(0, n or real.count, BATCH):
            fields = real.fetch(np.arange(start, min(start + BATCH, n or real.count)))
            with seeded(torch.device("cpu"), self._seed, start):
                drawn = generator.draw(len(fields["sample"]))
            drawn = {name: real.runtime.to_device(value) for name, value in drawn.items() if name not in fields}
            made = generate(generator, {**values, **fields, **drawn}, real.data, real.runtime, seed=(self._seed, start))
            target = to_float(to_units(fields["sample"], real.data), real.runtime.device)
            yield {**fields, "sample": to_float(made, real.runtime.device), "target": target}

    def _watch(self, stream: Iterator[Fields], what: str, total: int) -> Iterator[Fields]:
        with self._reporter.task(f"looking at {what} samples", total, unit="samples") as task:
            for fields in stream:
                yield fields
                task.advance(len(fields["sample"]))


class Evaluations:
    """The metrics of a run in training, shared out among its processes, which all measure the weights of rank 0.

    They leave the run as it is: random numbers, the data's position, the networks.

    Raises:
        UserError: where a metric cannot be measured here: weights are missing, samples are too few.
    """

    def __init__(self, parts: Sequence[ResolvedPart], run: Run, data: ResolvedPart, reporter: Reporter) -> None:
        self._run, self._parts, ranks = run, compat.distinct(parts), run.ranks
        self._shares = ranks.size if parts and not run.dataset.apart else 1  # of samples that are apart, rank 0 measures its own
        # Batch norm's statistics are each process's own: rank 0's are sent into a copy, where another process is to measure them.
        self._generator = copied(run.eval_generator) if self._shares > 1 and not ranks.is_main else run.eval_generator
        self._subjects = Subjects(self._generator, run.batches, run.dataset, data, seed=run.config.train.seed, reporter=reporter)
        self._metrics: dict[str, Metric] = {}
        with preserved(run.runtime.device):
            for name in self._parts if ranks.is_main else ():  # the others prepare theirs when it is their turn
                self._prepared(name)

    def due(self, step: int, total: int) -> list[str]:
        """The names of the metrics that are measured after ``step`` of ``total`` steps: all of them at the end."""
        return [name for name, part in self._parts.items() if step == total or (part.every and step % part.every == 0)]

    def share_out(self, names: Sequence[str], stop: Stop) -> Iterator[tuple[str, State]]:
        """Measure metrics now, as many at once as there are processes, and tell all processes the same of each.

        An evaluation's fields; "failed": why there is no number; "signal", or nothing, where one came meanwhile, or before.
        """
        ranks = self._run.ranks
        for first in range(0, len(names), self._shares):
            if self._shares > 1:
                ranks.broadcast([*self._generator.parameters(), *self._generator.buffers()])
            together = dict(enumerate(names[first : first + self._shares]))
            told = ranks.gather_object(self._told(together[ranks.rank], stop) if ranks.rank in together else {})
            told = ranks.broadcast_object({"all": told})["all"]
            yield from zip(together.values(), told, strict=False)
            if any(not told[rank] or "signal" in told[rank] for rank in together):
                yield from ((name, {}) for name in names[first + self._shares :])
                return

    def _told(self, name: str, stop: Stop) -> State:
        try:
            return vars(self.measure(name, stop)) if not stop.signal else {}
        except Interrupted:
            return {"signal": stop.signal}
        except GanzooError as error:
            return {"failed": str(error)}

    def _prepared(self, name: str) -> Metric:
        if name not in self._metrics:
            self._metrics[name] = prepare(self._parts[name], self._subject())
        return self._metrics[name]

    def measure(self, name: str, stop: Stop) -> Evaluation:
        """Measure one metric here and now.

        Raises:
            GanzooError: where its numbers cannot be had.
            Interrupted: where a signal came meanwhile.
        """
        with preserved(self._run.runtime.device), stop.interrupts():
            return measure(name, self._prepared(name), self._parts[name], self._subject(), self._run.step)

    def _subject(self) -> Subject:
        run = self._run
        return self._subjects.make(compat.plan_fields(run.last_plan, run.runtime.device), {"weights": "ema" if run.average else "raw"})
