"""Toy games for losses: networks, a batch and a draw, from which as many turns can be made as a check wants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ganzoo.fields import DataSpec, Fields, Terms
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss
from ganzoo.turn import Side, Turn

from .inputs import batch_of, move_
from .toys import SeparableCritic, SeparableGenerator, SmoothCritic, SmoothGenerator

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


def smooth_game(loss: Loss, data: DataSpec, *, double: bool = False, device: torch.device | None = None) -> Game:
    """A game of smooth networks on a random batch of 6; ``double``: all of it in float64."""
    generator, critic = move_(SmoothGenerator(data), device), move_(SmoothCritic(data, loss.scores | {"score"}), device)
    batch, drawn = batch_of(data, 6, device), generator.draw(6, device)
    if double:
        generator, critic = generator.double(), critic.double()
        batch, drawn = _double(batch), _double(drawn)
    return Game(loss, generator, critic, batch, drawn)


def separable_game(loss: Loss, data: DataSpec, slope: float) -> Game:
    """A game where better and worse are known (see ``SeparableGenerator``), with a critic of this slope."""
    generator = SeparableGenerator(data)
    return Game(loss, generator, SeparableCritic(data, loss.scores | {"score"}, slope), generator.batch(6), {})


def _double(fields: Fields) -> Fields:
    return {name: value.double() if value.is_floating_point() else value for name, value in fields.items()}
