"""Evaluation of a generator: the samples that metrics look at, their numbers, and the checks of those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from ganzoo.metrics.evaluation import collect, measure, prepare
from ganzoo.metrics.metric import is_shared
from ganzoo.metrics.real import BATCH, RealSamples, read_split, split_of, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import ALONE, Fact, Idle, Share, Subject, starts, unpaired
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

    def make(self, values: Mapping[str, Any], facts: Mapping[str, Fact], share: Share = ALONE) -> Subject:
        """A subject made with a plan's ``values``; ``facts`` are its provenance besides that of the data and the seed."""
        data, params = self._samples.data, self._part.params
        own: dict[str, Fact] = {"data": self._part.name, "shape": "x".join(map(str, data.shape))}
        own |= {name: params[name] for name in ("split", "crop", "attribute") if params.get(name) is not None}
        own |= {"data_hash": self._data_hash} if self._data_hash else {}
        return Subject(
            data,
            self._dataset,
            make=lambda n: self._generated(n, values, share),
            real=self._real,
            conditional="label" in forward_inputs(type(self._generator)),
            device=self._samples.runtime.device,
            facts={**own, **facts, "seed": self._seed},
            statistics=self._statistics,
            make_pairs=(lambda n, split: self._pairs(n, split, values, share)) if self._given else None,
            watch=self._watch,
            share=share,
        )

    def _generated(self, n: int, values: Mapping[str, Any], share: Share) -> Iterator[Fields]:
        """``n`` samples in batches: a pure function of the seed.

        What the generator is conditioned on (labels, source images) is that of ``n`` samples of the data, drawn at random, so
        that labels come at the data's frequencies and in no order.
        """
        real, generator = self._samples, self._generator
        needed = [name for name in forward_inputs(type(generator)) if name in real.data.fields]
        rows = np.resize(np.random.default_rng(self._seed).permutation(real.count), n)
        with seeded(torch.device("cpu"), self._seed):
            drawn = generator.draw(n)  # at once, so that samples do not depend on the size of batches
        for start in starts(n, share):
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

    def _pairs(self, n: int | None, split: str | None, values: Mapping[str, Any], share: Share) -> Iterator[Fields]:
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
        for start in starts(n or real.count, share):
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
    """The metrics of a run in training, of the weights of rank 0; its processes share the samples of a ``SharedMetric``.

    They leave the run as it is: random numbers, the data's position, the networks.

    Raises:
        UserError: where a metric cannot be measured here: weights are missing, samples are too few.
    """

    def __init__(self, parts: Sequence[ResolvedPart], run: Run, data: ResolvedPart, reporter: Reporter) -> None:
        self._run, self._parts, ranks = run, compat.distinct(parts), run.ranks
        alone = ranks.size == 1 or run.dataset.apart  # of samples that are apart, rank 0 measures its own
        self._shared = [name for name, part in self._parts.items() if not alone and is_shared(part.cls)]
        # Batch norm's statistics are each process's own: rank 0's are sent into a copy, where another process is to measure them.
        self._generator = copied(run.eval_generator) if self._shared and not ranks.is_main else run.eval_generator
        self._subjects = Subjects(self._generator, run.batches, run.dataset, data, seed=run.config.train.seed, reporter=reporter)
        self._metrics: dict[str, Any] = {}
        with preserved(run.runtime.device):
            for name in self._parts if ranks.is_main else self._shared:
                self._prepared(name)

    def due(self, step: int, total: int) -> list[str]:
        """The names of the metrics that are measured after ``step`` of ``total`` steps: all of them at the end."""
        return [name for name, part in self._parts.items() if step == total or (part.every and step % part.every == 0)]

    def share_out(self, names: Sequence[str], stop: Stop) -> Iterator[tuple[str, State]]:
        """Measure metrics now, one after the other, and tell all processes the same of each.

        An evaluation's fields; "failed": why there is no number; "signal", or nothing, where one came meanwhile, or before.
        """
        if self._shared and names:
            self._run.ranks.broadcast([*self._generator.parameters(), *self._generator.buffers()])
        told: State = {"numbers": {}}
        for name in names:
            told = self._measure(name, stop) if told and "signal" not in told else {}
            yield name, told

    def _measure(self, name: str, stop: Stop) -> State:
        ranks, part = self._run.ranks, self._parts[name]
        subject = self._subject((ranks.rank, ranks.size) if name in self._shared else ALONE)

        def look() -> State:
            return {"seen": collect(name, self._prepared(name), part, subject) if name in self._shared else None}

        def conclude() -> State:
            collected = [each["seen"] for each in seen if each["seen"]]
            return vars(measure(name, self._prepared(name), part, subject, self._run.step, collected))

        seen = ranks.gather_object(self._told(look, stop))
        told = next((each for each in seen if "seen" not in each), None)
        if ranks.is_main and told is None:
            told = self._told(conclude, stop)
        return ranks.broadcast_object(told or {})

    def _told(self, work: Callable[[], State], stop: Stop) -> State:
        if stop.signal:
            return {}
        try:
            with preserved(self._run.runtime.device), stop.interrupts():
                return work()
        except Idle:
            return {"seen": None}
        except Interrupted:
            return {"signal": stop.signal}
        except GanzooError as error:
            return {"failed": str(error)}

    def _prepared(self, name: str) -> Any:
        if name not in self._metrics:
            self._metrics[name] = prepare(self._parts[name], self._subject())
        return self._metrics[name]

    def _subject(self, share: Share = ALONE) -> Subject:
        values, weights = compat.plan_fields(self._run.last_plan, self._run.runtime.device), "ema" if self._run.average else "raw"
        return self._subjects.make(values, {"weights": weights}, share)
