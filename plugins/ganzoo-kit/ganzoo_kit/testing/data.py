"""Checks of data sets and metrics: the same arrays every time, read only when asked for; finite numbers with their provenance."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.digits import Digits
from ganzoo.data.rows import Rows
from ganzoo.data.spec import describe_data
from ganzoo.data.toys import Ring
from ganzoo.errors import ContractError, UserError
from ganzoo.fields import DataSpec, Fields
from ganzoo.metrics.evaluation import collect
from ganzoo.metrics.metric import SharedMetric
from ganzoo.metrics.real import BATCH, RealSamples, to_float
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import ALONE, Idle, Share, starts
from ganzoo.metrics.subject import Subject as Measured
from ganzoo.ui.progress import reporter

from .running import seeded
from .subject import Lent, NotHere, Subject


def arrays(subject: Subject) -> None:
    """It gives "sample" and what belongs to it: equal lengths, uint8 or uint16 images or float32, int64 labels in range, all finite."""
    dataset = subject.build()
    with tempfile.TemporaryDirectory() as folder:
        given = read(dataset, folder)
        describe_data(dataset, given)
        sample = given["sample"]
        if len(sample.shape) == 4 and sample.dtype not in (np.uint8, np.uint16):
            raise ContractError(f"images are {sample.dtype} of shape {sample.shape}", "give uint8 or uint16 (N, C, H, W)")
        if len(sample.shape) == 4 and sample.shape[3] <= 4 < sample.shape[1]:  # as PIL has them; many channels are read, too
            raise ContractError(f"images of shape {sample.shape} have their channels last", "give uint8 or uint16 (N, C, H, W)")
        if not len(sample):
            raise ContractError("it gives no samples", "raise a UserError that says what was looked for")
        if "label" in given and (given["label"].dtype != np.int64 or len(given["label"].shape) != 1):
            raise ContractError(f"labels are {given['label'].dtype} of shape {given['label'].shape}", "give int64 (N,)")
    if dataset.class_names and len(dataset.class_names) != dataset.classes:
        raise ContractError(f"it names {len(dataset.class_names)} classes and has {dataset.classes}", "make them agree")
    if not (np.isfinite(dataset.scale) and dataset.scale > 0):
        raise ContractError(f"its scale is {dataset.scale}", "give the data's own unit, above 0")


def repeatable(subject: Subject) -> None:
    """Two instances with the same parameters give the same arrays."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        with seeded(1):
            first = read(subject.build(), folder)
        with seeded(2):
            second = read(subject.build(), other)
        for name in first.keys() | second.keys():
            if name not in first or name not in second or not np.array_equal(first[name][:], second[name][:]):
                raise ContractError(
                    f"the field '{name}' differs from one reading to the next", "draw from a generator seeded by a parameter"
                )


def lazy(subject: Subject) -> None:
    """The constructor opens no file: a configuration is checked before its data is read."""
    subject.build()  # whatever it imports, it imports now
    with opened_files() as opened:
        subject.build(seed=1)
    if opened:
        raise ContractError(f"the constructor opens {Path(opened[0]).name}", "open files in arrays, or in a metric's prepare")


def read(dataset: Any, folder: str) -> Mapping[str, Rows]:
    """The arrays, with a cache in ``folder``.

    Raises:
        NotHere: where the data is not on this machine.
    """
    try:
        given: Mapping[str, Rows] = dataset.arrays(Cache(Path(folder), reporter(quiet=True)))
    except UserError as missing:
        raise NotHere(f"its data is not here ({missing})") from None
    return given


_watching: list[list[str]] = []


def _note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        for opened in _watching:
            opened.append(str(arguments[0]))


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Collects the names of the files that are opened meanwhile, by whatever function."""
    if not getattr(sys, "_ganzoo_watches_files", False):
        sys.addaudithook(_note_opening)  # it cannot be taken away again, so it is set once
        sys._ganzoo_watches_files = True  # type: ignore[attr-defined]
    opened: list[str] = []
    _watching.append(opened)
    try:
        yield opened
    finally:
        _watching.remove(opened)


MAX_SAMPLES = 5000
"""Samples that a check makes; a metric that wants more needs a parameter that says so."""
TOLERANCE = 1e-6
"""How far numbers of shared samples may be from those of one process: sums come in another order."""
OTHER = "other"
"""A split of other real samples, the first half; under any other name there are all."""


def numbers(subject: Subject) -> None:
    """Measured twice, it gives the same finite numbers, as it does of samples that processes share; its provenance is plain values."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = (measured(subject, Path(folder) / str(i), seed=i) for i in (1, 2))
        shared = measured(subject, Path(folder) / "shared", seed=3, processes=2) if issubclass(subject.cls, SharedMetric) else first
    if not first:
        raise ContractError("it gives no number", "return {name: number}")
    for name, value in first.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ContractError(f"'{name}' is {value!r}", "return finite numbers, or raise a GanzooError that says why there is none")
        if second.get(name) != value:
            raise ContractError(f"'{name}' is {value} and then {second.get(name)} for the same samples", "draw from a fixed seed")
        if not math.isclose(value, shared.get(name, math.nan), rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            what = f"'{name}' is {value}, and {shared.get(name)} where two processes collect of half the samples each"
            raise ContractError(what, "let compute put together what collect gave, in its order")


def measured(subject: Subject, folder: Path, seed: int, processes: int = 1) -> Mapping[str, Any]:
    """The numbers of a fresh instance, for made samples that are real ones with noise, whose collection ``processes`` share.

    Raises:
        NotHere: where it cannot be measured here: weights are missing, more samples are wanted than a check makes.
    """
    metric, toy = subject.build(), subject_to_measure(subject.data, folder)
    with seeded(seed):  # another one each time: what is measured may not depend on it
        try:
            metric.prepare(toy)
            if processes == 1:
                found: Mapping[str, Any] = metric.measure(toy)
            else:
                collected = []
                for rank in range(processes):
                    with suppress(Idle):
                        other = subject_to_measure(subject.data, folder, (rank, processes))
                        collected.append(collect(subject.part.name, metric, subject.part, other))
                toy.makes_no_more = True
                found = metric.compute(toy, collected)
        except ContractError:
            raise
        except UserError as error:
            raise NotHere(f"it cannot be measured here ({error})") from None
    for name, fact in metric.provenance().items():
        if not isinstance(fact, (str, int, float)):
            raise ContractError(f"the provenance '{name}' is a {type(fact).__name__}", "give text or a number")
    return found


def subject_to_measure(data: DataSpec, folder: Path, share: Share = ALONE) -> Measured:
    """Real samples of the form of ``data``, and a generator that copies them with noise; ``share`` is the part of them that it makes."""
    dataset = dataset_of(data)
    arrays = dataset.arrays(Cache(folder / "images", reporter(quiet=True)))
    first_half = {name: array[: len(array) // 2] for name, array in arrays.items()}
    cpu = torch.device("cpu")

    real = RealSamples(data, lambda split: first_half if split == OTHER else arrays)

    def pairs(n: int | None, split: str | None) -> Iterator[Fields]:
        chosen = real.choose(n, split)
        for start in starts(len(chosen), share):
            random = torch.Generator().manual_seed(start)
            for fields in real.stream(chosen[start : start + BATCH], split, cpu):
                noise = 0.1 * torch.randn(fields["sample"].shape, generator=random)
                yield {**fields, "sample": (fields["sample"] + noise).clamp(-1, 1), "target": fields["sample"]}

    def make(n: int) -> Iterator[Fields]:
        if n > MAX_SAMPLES:
            raise NotHere(f"it wants {n} samples; give a parameter that asks for at most {MAX_SAMPLES}")
        rows = np.random.default_rng(0).permutation(len(arrays["sample"]))[:n]
        for start in starts(len(rows), share):
            fields = {name: to_float(array[rows[start : start + BATCH]], cpu) for name, array in arrays.items()}
            noise = torch.from_numpy(np.random.default_rng(start).normal(0, 0.1, fields["sample"].shape)).float()
            noisy = fields["sample"] + noise
            yield fields | {"sample": noisy.clamp(-1, 1) if data.is_image else noisy}

    return Measured(
        data,
        dataset,
        make=make,
        real=real,
        make_pairs=pairs if data.is_image else None,
        conditional="label" in arrays,
        device=cpu,
        facts={},
        statistics=Statistics(folder / "statistics", reporter(quiet=True)),
        share=share,
    )


def dataset_of(data: DataSpec) -> Dataset:
    """A data set that gives samples of this form."""
    if isinstance(data, Lent) and data.dataset:
        return data.dataset
    if data.shape == (1, 28, 28):
        return Digits()
    return Ring(count=MAX_SAMPLES) if data.shape == (2,) else Noise(data)


class Noise(Dataset):
    """Grey levels, or numbers, at random: samples of any form."""

    def __init__(self, data: DataSpec) -> None:
        self.data, self.classes = data, data.classes

    def arrays(self, cache: Cache) -> Mapping[str, np.ndarray]:
        """Field -> (MAX_SAMPLES, ...)."""
        random = np.random.default_rng(0)
        return {name: self._draw(random, name, (MAX_SAMPLES, *shape)) for name, shape in self.data.fields.items()}

    def _draw(self, random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name == "label":
            return random.integers(0, self.classes, shape, dtype=np.int64)
        if len(shape) == 4:
            return random.integers(0, 256, shape, dtype=np.uint8)
        return random.standard_normal(shape, dtype=np.float32)
