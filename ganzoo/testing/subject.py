"""One instance to be checked: a component on example data, with small parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ganzoo.compat.dry_run import fake_tensors
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec, named_arguments
from ganzoo.players import Critic, Generator
from ganzoo.registry import reason
from ganzoo.rules import Loss, Schedule

from .exercise import exercise
from .randomness import seeded

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
class Subject:
    """One instance to be: a class, the example data it is built for, and its parameters.

    Args:
        kind: the component's kind.
        cls: its class.
        data: the example data.
        data_name: what that is called in messages.
        parameters: keyword arguments of the constructor.
        varied: the one parameter that differs from the small defaults, in words; "" where none does.
    """

    kind: str
    cls: type
    data: DataSpec
    data_name: str
    parameters: Mapping[str, Any]
    varied: str = ""

    def build(self, seed: int = 0, **changes: Any) -> Any:
        """An instance whose initial weights follow from ``seed``; ``changes`` replace parameters."""
        parameters = {**self.parameters, **changes}
        with seeded(seed):
            if self.kind == "optimizer":
                return self.cls([torch.nn.Parameter(torch.randn(3, 4)), torch.nn.Parameter(torch.randn(4))], **parameters)
            return self.cls(**parameters) if self.kind == "dataset" else self.cls(self.data, **parameters)

    def __str__(self) -> str:
        on = "" if self.kind in WITHOUT_DATA else f"on {self.data_name}"
        return " ".join(filter(None, [on, self.varied and f"with {self.varied}"]))


def refusal_of(subject: Subject) -> str:
    """Why ``subject`` cannot be had: what its constructor says, or a field it needs that this data lacks; "" where it can."""
    try:
        built = subject.build()
    except UserError as error:
        return str(error)
    except Exception as error:  # whatever a plugin's code raises is the reason
        return reason(error)
    given = set(subject.data.fields)
    if isinstance(built, Generator):
        given |= built.draw(2).keys()
    needed = set(named_arguments(type(built))) if isinstance(built, (Generator, Critic)) else set()
    if isinstance(built, Loss):
        needed = set(built.reads) | ({"label"} if "label_logits" in built.scores else set())
    missing = sorted(needed - given)
    return f"it needs the field '{missing[0]}'" if missing else ""


def failure_of(subject: Subject, **changes: Any) -> Exception | None:
    """What building it with ``changes`` and running it once raises, on tensors without values; None where nothing."""
    try:
        with fake_tensors():
            built = subject.build(**changes)
            if isinstance(built, (Generator, Critic, Loss)):
                exercise(built, subject.data)
            elif isinstance(built, Schedule):
                built.plan(0, 1)
    except Exception as error:  # whatever a plugin's code raises is the finding
        return error
    return None
