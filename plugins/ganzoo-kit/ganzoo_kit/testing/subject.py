"""One instance to be checked: a component with its parameters, on example data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.compat.dry_run import fake_tensors
from ganzoo.config import ResolvedPart
from ganzoo.data.cache import Cache
from ganzoo.data.dataset import Dataset
from ganzoo.data.spec import describe
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, Fields, forward_inputs
from ganzoo.players import Critic, Generator
from ganzoo.registry import reason
from ganzoo.rules import Loss, Plan, Schedule
from ganzoo.ui.progress import reporter

from .game import batch_of
from .running import exercise, run_on, seeded, started_quickly

EXAMPLES: dict[str, DataSpec] = {
    "labelled 28x28 digits": DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10),
    "labelled 32x32 colour images": DataSpec({"sample": (3, 32, 32), "label": ()}, classes=10),
    "points": DataSpec({"sample": (2,)}, scale=0.7),
}
"""The data that a component is tried on; it must accept at least one."""
PAIRED: dict[str, DataSpec] = {
    "32x32 images with sources of that size": DataSpec({"sample": (3, 32, 32), "source": (3, 32, 32)}),
    "32x32 images with sources of half the size": DataSpec({"sample": (3, 32, 32), "source": (3, 16, 16)}),
}
"""Tried where it accepts none of ``EXAMPLES``: image-conditional work. Here it may refuse a size by failing when it runs."""

WITHOUT_DATA = ("dataset", "optimizer")
"""Kinds whose constructors take no ``data``."""


class NotHere(Exception):
    """A check cannot be made here; the text says why (data that is not on this machine)."""


@dataclass(frozen=True)
class Lent(DataSpec):
    """Example data together with fields that something else gives in a run: a schedule, a generator; or with a data set that has it.

    ``generator`` makes one that has the routes which a loss needs.
    """

    lend: Callable[[int], Fields] = lambda n: {}
    stages: tuple[Plan, ...] = (Plan(),)
    """The schedule's plans that give fields, one of each kind, in the order in which a run comes to them."""
    dataset: Dataset | None = None
    generator: Callable[[DataSpec], Generator] | None = None


def example_of(data: DataSpec | Dataset) -> DataSpec:
    """Example data as checks use it; a small data set is described, and measured itself."""
    if isinstance(data, DataSpec):
        return data
    with tempfile.TemporaryDirectory() as folder:
        spec = describe(data.arrays(Cache(Path(folder), reporter(quiet=True))), data.classes, data.scale, data.class_maps)
    return Lent(spec.fields, spec.classes, spec.scale, spec.class_maps, dataset=data)


@dataclass(frozen=True)
class Subject:
    """One instance to be: a component with its parameters, and the example data it is built for.

    Args:
        part: the component with its parameters.
        data: the example data.
        data_name: what that is called in messages.
        varied: the one parameter that differs from the small defaults, in words; "" where none does.
    """

    part: ResolvedPart
    data: DataSpec
    data_name: str
    varied: str = ""

    @property
    def cls(self) -> type:
        """The component's class."""
        return self.part.cls

    def build(self, seed: int = 0, **changes: Any) -> Any:
        """An instance whose initial weights follow from ``seed``; ``changes`` replace parameters."""
        with seeded(seed), started_quickly():
            return self.changed(**changes).part.build(*self._given())

    def _given(self) -> tuple[Any, ...]:
        """What the constructor takes besides parameters."""
        if self.part.component.kind == "optimizer":
            return ([nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(4))],)
        return () if issubclass(self.cls, Dataset) else (self.data,)

    @cached_property
    def on_fake_device(self) -> tuple[dict[str, Tensor], Exception | None]:
        """What it makes of tensors that have a device and no values, and what it raises then; run once for all checks that ask."""
        try:
            with fake_tensors():
                return run_on(torch.device("meta"), self.build(), self.data)
        except Exception as error:  # whatever a plugin's code raises is the finding
            return {}, error

    def changed(self, varied: str = "", **changes: Any) -> Subject:
        """With some parameters changed."""
        return replace(self, part=replace(self.part, params={**self.part.params, **changes}), varied=varied)

    def __str__(self) -> str:
        on = "" if self.part.component.kind in WITHOUT_DATA else f"on {self.data_name}"
        return " ".join(filter(None, [on, self.varied and f"with {self.varied}"]))


def refusal_of(subject: Subject) -> str:
    """Why ``subject`` cannot be had: what its constructor says, or a field it needs that this data lacks; "" where it can."""
    try:
        built = subject.build()
    except UserError as error:
        return str(error)
    except Exception as error:  # whatever a plugin's code raises is the reason
        return reason(error)
    given = set(batch_of(subject.data, 2))
    if isinstance(built, Generator):
        given |= built.draw(2).keys()
    needed = set(forward_inputs(type(built))) if isinstance(built, (Generator, Critic)) else set()
    if isinstance(built, Loss):
        needed = {*built.reads} | ({"label"} if "label_logits" in built.scores else set())
    missing = sorted(needed - given)
    return f"it needs the field '{missing[0]}'" if missing else ""


def failure_of(subject: Subject, **changes: Any) -> Exception | None:
    """What building it with ``changes`` and running it once raises; None where nothing."""
    try:
        built = subject.build(**changes)
        if isinstance(built, (Generator, Critic, Loss)):
            exercise(built, subject.data)
        elif isinstance(built, Schedule):
            built.plan(0, 1)
    except Exception as error:  # whatever a plugin's code raises is the finding
        return error
    return None
