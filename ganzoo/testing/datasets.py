"""Checks of data sets: what ``arrays`` gives is what a run expects, the same every time, and read only when asked for."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.cache import Cache
from ganzoo.data.rows import Rows
from ganzoo.data.spec import describe
from ganzoo.errors import ContractError, UserError
from ganzoo.ui.progress import reporter

from .kit import check
from .randomness import seeded
from .subject import NotHere, Subject


@check("dataset")
def arrays(subject: Subject) -> None:
    """It gives "sample" and what belongs to it: equal lengths, uint8 images or float32, int64 labels in range, all finite."""
    dataset = subject.build()
    with tempfile.TemporaryDirectory() as folder:
        given = read(dataset, folder)
        describe(given, dataset.classes, dataset.scale, dataset.class_maps)
        sample = given["sample"]
        if len(sample.shape) == 4 and (sample.dtype != np.uint8 or sample.shape[1] not in (1, 3)):
            raise ContractError(f"images are {sample.dtype} of shape {sample.shape}", "give uint8 (N, C, H, W) with 1 or 3 channels")
        if not len(sample):
            raise ContractError("it gives no samples", "raise a UserError that says what was looked for")
        if "label" in given and (given["label"].dtype != np.int64 or len(given["label"].shape) != 1):
            raise ContractError(f"labels are {given['label'].dtype} of shape {given['label'].shape}", "give int64 (N,)")
    if dataset.class_names and len(dataset.class_names) != dataset.classes:
        raise ContractError(f"it names {len(dataset.class_names)} classes and has {dataset.classes}", "make them agree")
    if not (np.isfinite(dataset.scale) and dataset.scale > 0):
        raise ContractError(f"its scale is {dataset.scale}", "give the data's own unit, above 0")


@check("dataset")
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


@check("dataset", "metric")
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
