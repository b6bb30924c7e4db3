"""Toy games for losses: networks small enough to reason about, a batch and a draw, from which turns are made.

``SmoothGenerator`` and ``SmoothCritic`` are differentiable everywhere, so finite differences tell the truth.
``SeparableGenerator`` and ``SeparableCritic`` know which way is better: see there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo.compat import example_batch
from ganzoo.config import ResolvedPart
from ganzoo.fields import DataSpec, Fields, Scores, Terms
from ganzoo.players import Critic, Generator, Port
from ganzoo.registry import Component
from ganzoo.rules import Loss
from ganzoo.turn import Side, Turn

Autocast = Callable[[], AbstractContextManager[Any]]
SIDES: tuple[Side, Side] = ("critic", "generator")


@dataclass(frozen=True)
class Game:
    """Two networks that give whatever ``loss`` asks for, a batch, and what the generator drew."""

    loss: Loss
    generator: Generator
    critic: Critic
    batch: Fields
    drawn: Fields

    def player(self, side: Side) -> nn.Module:
        """The network whose turn it is."""
        return self.critic if side == "critic" else self.generator

    def turn(self, side: Side, *, autocast: Autocast = nullcontext, make: Callable[..., Turn] = Turn) -> Turn:
        """A fresh turn of ``side``; ``make`` in place of ``Turn`` may watch it."""
        return make(side, self.generator, self.critic, self.batch, self.drawn, views=[self.loss], autocast=autocast)

    def terms(self, turn: Turn) -> Terms:
        """The loss's terms of the turn's side."""
        return self.loss.critic_terms(turn) if turn.side == "critic" else self.loss.generator_terms(turn)


def smooth_game(loss: Loss, data: DataSpec, *, double: bool = False, device: torch.device | None = None, slope: float = 1.0) -> Game:
    """A game of smooth networks on a random batch of 6; ``double``: all of it in float64; ``slope`` multiplies the critic's outputs."""
    generator = move_(own_generator(loss, data) or SmoothGenerator(data, loss.needs), device)
    critic = move_(SmoothCritic(data, loss.scores | {"score"}, slope=slope), device)
    batch, drawn = batch_of(data, 6, device), generator.draw(6, device)
    if double:
        generator, critic = generator.double(), critic.double()
        batch, drawn = _double(batch), _double(drawn)
    return Game(loss, generator, critic, batch, drawn)


def separable_game(loss: Loss, data: DataSpec, slope: float) -> Game:
    """A game where better and worse are known (see ``SeparableGenerator``), with a critic of this slope."""
    separable = SeparableGenerator(data, loss.needs)
    generator = own_generator(loss, data) or separable
    return Game(loss, generator, SeparableCritic(data, loss.scores | {"score"}, slope), separable.batch(6), generator.draw(6))


def own_generator(loss: Loss, data: DataSpec) -> Generator | None:
    """The generator that the loss's class gives for checks (``example_generator``), or a recipe's where it needs routes; else None."""
    lent = getattr(data, "generator", None) if loss.needs else None
    make: Callable[[DataSpec], Generator] | None = getattr(loss, "example_generator", lent)
    return make(data) if make else None


def _double(fields: Fields) -> Fields:
    return {name: value.double() if isinstance(value, Tensor) and value.is_floating_point() else value for name, value in fields.items()}


def batch_of(data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """A batch of the data's shapes, images in [-1, 1], labels in range; and the fields that go with it (``Lent``)."""
    fields = example_batch(data, n)
    bounded: Fields = {name: value.tanh() if len(data.fields[name]) == 3 else value for name, value in fields.items()}
    return {name: move_tensor(value, device) for name, value in (bounded | (data.lend(n) if hasattr(data, "lend") else {})).items()}


def inputs_of(network: Generator | Critic, data: DataSpec, n: int, device: torch.device | None = None) -> Fields:
    """What a network is given: a batch, and what a generator draws."""
    return batch_of(data, n, device) | (network.draw(n, device) if isinstance(network, Generator) else {})


def move_tensor(value: Tensor, device: torch.device | None) -> Tensor:
    """A copy of ``value`` on ``device``; None: itself. A meta device keeps the shape only."""
    return value if device is None or not isinstance(value, Tensor) else torch.empty_like(value, device=device).copy_(value)


def move_(network: Any, device: torch.device | None) -> Any:
    """Put parameters and buffers onto ``device``: ``Module.to`` cannot do it with fake tensors."""
    if device is None:
        return network
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(move_tensor(parameter.detach(), device), requires_grad=parameter.requires_grad))
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, move_tensor(buffer, device))
    return network


def route_back(name: str, data: DataSpec) -> Port | None:
    """What stands in for a route that a loss needs: it makes the data's other images of "sample"; None where there are none."""
    others = {field: shape for field, shape in data.fields.items() if field != "sample" and len(shape) == 3}

    def back(sample: Tensor) -> Fields:
        level = sample.flatten(1)[:, :1].tanh()
        return {field: level.expand(-1, torch.Size(shape).numel()).reshape(-1, *shape) for field, shape in others.items()}

    return Port(back, ("sample",), frozenset(others), name) if others else None


class SmoothGenerator(Generator):
    """One linear layer and a tanh, from "latent" (N, ``units``) to "sample" (N, *shape) and to whatever else a loss needs."""

    def __init__(self, data: DataSpec, needs: Iterable[str] = (), units: int = 4) -> None:
        super().__init__()
        self.latent_dim = units
        self.gives, self.needs, self.data = frozenset({"sample", *needs}), frozenset(needs), data
        self.shapes = {name: data.fields.get(name) or data.shape for name in sorted(self.gives)}
        self.linear = nn.ModuleDict({name: nn.Linear(units, torch.Size(shape).numel()) for name, shape in self.shapes.items()})

    def forward(self, latent: Tensor) -> Fields:
        """Make samples in [-1, 1]."""
        return {name: self.linear[name](latent).tanh().reshape(-1, *shape) for name, shape in self.shapes.items()}

    def port(self, name: str = "") -> Port | None:
        """What a loss needs may be a route."""
        return route_back(name, self.data) if name in self.needs else super().port(name)


class SmoothCritic(Critic):
    """Two linear layers with a tanh between them; it gives every output that is asked for, and mixes no batch.

    Args:
        data: what it judges.
        gives: names of its outputs; "label_logits" is (N, K), one that begins as a field is called ("code_mean") of that field's form,
            "code" and "features" (N, 3), every other (N,).
        units: of the hidden layer.
        slope: factor on the outputs.
    """

    def __init__(self, data: DataSpec, gives: Iterable[str] = ("score",), units: int = 6, slope: float = 1.0) -> None:
        super().__init__()
        self.gives, self.slope = frozenset(gives), slope
        shapes = {name: data.fields.get(name.rpartition("_")[0], ()) for name in sorted(self.gives)}
        self.widths = {name: shape[0] for name, shape in shapes.items() if len(shape) == 1}
        self.widths |= {"label_logits": max(data.classes, 1)} if "label_logits" in self.gives else {}
        self.widths |= dict.fromkeys(self.gives & {"code", "features"}, 3)
        # Pooled to 4 x 4, so that a loss's view may change the size of what is judged.
        self.pool = nn.AdaptiveAvgPool2d(4) if data.is_image else nn.Identity()
        size = data.shape[0] * 16 if data.is_image else torch.Size(data.shape).numel()
        self.hidden = nn.Linear(size, units)
        self.heads = nn.ModuleDict({name: nn.Linear(units, self.widths.get(name, 1)) for name in sorted(self.gives)})

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples."""
        features = self.hidden(self.pool(sample).flatten(1)).tanh()
        scores = {name: self.slope * head(features) for name, head in self.heads.items()}
        return {name: score if name in self.widths else score[:, 0] for name, score in scores.items()}


INNER: dict[str, type] = {"generator": SmoothGenerator, "critic": SmoothCritic}
"""What wrappers are tried around."""


def inner_part(kind: str, **params: Any) -> ResolvedPart:
    """A small component of ``kind`` for a wrapper's parameter."""
    cls = INNER[kind]
    return ResolvedPart(Component(kind, cls.__name__, cls, "ganzoo-kit", ""), cls, params)


class SeparableGenerator(Generator):
    """Fakes that differ from real samples in one number, and look like their label to another degree.

    A sample's first value says how real it is: 1 for real samples, ``realness`` (from -1) for fakes. The K values after
    it are the label, one-hot: times 1 for real samples, times ``likeness`` (from 0.5) for fakes. Raising either
    parameter makes better fakes.
    """

    def __init__(self, data: DataSpec, needs: Iterable[str] = ()) -> None:
        super().__init__()
        self.gives, self.needs = frozenset({"sample", *needs}), frozenset(needs)
        self.realness, self.likeness = nn.Parameter(torch.tensor(-1.0)), nn.Parameter(torch.tensor(0.5))
        self.data = data

    def batch(self, n: int) -> Fields:
        """Real samples (n, *shape), with labels in turn where the data has them; other fields are zeros."""
        fields: Fields = {name: torch.zeros(n, *shape) for name, shape in self.data.fields.items()}
        if "label" in fields:
            fields["label"] = torch.arange(n) % self.data.classes
        one = torch.ones(())
        lent = self.data.lend(n) if hasattr(self.data, "lend") else {}
        return fields | lent | {"sample": self._sample(one, one, n, fields.get("label"))}

    def forward(self, sample: Tensor) -> Fields:
        """Fakes; the real ``sample`` (N, *shape) says how many."""
        n = len(sample)
        label = torch.arange(n) % self.data.classes if "label" in self.data.fields else None
        made = self._sample(self.realness, self.likeness, n, label)
        return {name: made.reshape(n, *self.data.fields.get(name, self.data.shape)) for name in self.gives}

    def port(self, name: str = "") -> Port | None:
        """What a loss needs may be a route."""
        return route_back(name, self.data) if name in self.needs else super().port(name)

    def _sample(self, realness: Tensor, likeness: Tensor, n: int, label: Tensor | None) -> Tensor:
        columns = [realness.expand(n, 1)]
        if label is not None:
            columns.append(likeness * one_hot(label, self.data.classes))
        made = torch.cat(columns, dim=1)
        rest = torch.Size(self.data.shape).numel() - made.shape[1]
        return torch.cat([made, made.new_zeros(n, rest)], dim=1).reshape(n, *self.data.shape)


class SeparableCritic(Critic):
    """Judges by what ``SeparableGenerator`` writes: "score" = slope * realness, "label_logits" = logit_slope * likeness.

    With positive slopes it is right; at slope 0 it is undecided, and every loss should raise it.
    """

    def __init__(self, data: DataSpec, gives: Iterable[str], slope: float) -> None:
        super().__init__()
        self.gives, self.classes = frozenset(gives), data.classes
        self.slope, self.logit_slope = nn.Parameter(torch.tensor(slope)), nn.Parameter(torch.tensor(slope))

    def forward(self, sample: Tensor) -> Scores:
        """Judge samples."""
        values = sample.flatten(1)
        logits = self.logit_slope * values[:, 1 : 1 + max(self.classes, 1)]
        return {name: logits if name == "label_logits" else self.slope * values[:, 0] for name in sorted(self.gives)}
