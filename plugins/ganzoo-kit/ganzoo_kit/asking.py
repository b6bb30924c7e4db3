"""What a loss asks of networks besides the scores of samples, as one dry run with stand-ins shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ganzoo.builtins.schedules import Alternate
from ganzoo.compat.dry_run import TRIED, dry_run
from ganzoo.compat.verdict import Players
from ganzoo.fields import DataSpec, Fields, Scores
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Plan
from ganzoo.turn import Side, Turn

from .doubles import Echo, Mean, Shapes, shapes_of

Asked = Literal["generator", "critic", "make", "judge", "drawn", "slopes", "slopes, undeclared", "other shapes", "in place"]


@dataclass(frozen=True)
class Asking:
    """What a loss asks for, and what it gives.

    Args:
        of: "generator", "critic": the network itself; "make", "judge": another forward than the turn's own; "drawn": what the generator
            draws; "slopes": gradients by samples; "other shapes": it shows a critic other fields than a batch's; "in place": it
            writes into what the turn computed.
        views: whether it changes what is seen.
        terms: the names of its terms, each with its side.
        scores: the scores that it was given.
    """

    of: frozenset[Asked]
    views: bool
    terms: frozenset[tuple[Side, str]]
    scores: Shapes

    def beside(self, other: Asking) -> bool:
        """Whether nothing in this loss can be in the other's way."""
        if self.terms & other.terms or {"slopes, undeclared", "other shapes", "in place"} & self.of:
            return False
        return not (self.views and "slopes" in other.of)  # a change of samples may have no second derivative


class _Still(Echo):
    """A generator that draws nothing, and keeps what it is given."""

    def __init__(self, data: DataSpec, latent_dim: int) -> None:
        super().__init__(data)
        self.latent_dim = latent_dim
        self.given: list[Tensor] = []

    def forward(self, sample: Tensor) -> Fields:
        """Samples (N, *shape)."""
        self.given.append(sample)
        return super().forward(sample)


class _Judge(Mean):
    """A critic that is given one batch at a time, and keeps it."""

    mixes_batch = "statistic"

    def __init__(self, data: DataSpec, gives: frozenset[str]) -> None:
        super().__init__(data, gives)
        self.given: list[Tensor] = []

    def forward(self, sample: Tensor) -> Scores:
        """Scores as declared."""
        self.given.append(sample)
        return super().forward(sample)


class _Watched(Turn):
    """A turn that notes which networks are looked into."""

    asked: set[Asked]

    @property
    def generator(self) -> Generator:
        """The generator."""
        self.asked.add("generator")
        return self._generator

    @property
    def critic(self) -> Critic:
        """The critic."""
        self.asked.add("critic")
        return self._critic


def asking_of(loss: Loss, losses: Mapping[str, Loss], data: DataSpec, plan: Plan, generator: Generator | None = None) -> Asking | None:
    """What a loss asks for, tried among ``losses``, which make it an objective, by a plan; None where it does not fit the stand-ins.

    A ``generator`` takes the place of the stand-in, where the loss asks for what only some give; what is asked of it is not looked at.
    """
    if generator is not None:
        return _asking(loss, losses, data, plan, generator, set())
    still = _asking(loss, losses, data, plan, _Still(data, 0), set())
    return still or _asking(loss, losses, data, plan, _Still(data, 1), {"drawn"})


def _asking(loss: Loss, losses: Mapping[str, Loss], data: DataSpec, plan: Plan, generator: Generator, asked: set[Asked]) -> Asking | None:
    critic = _Judge(data, loss.scores | {"score"})
    seen: list[tuple[_Watched, list[Tensor], list[Tensor]]] = []

    def watched(*arguments: Any, **more: Any) -> Turn:
        made: list[Tensor] = []
        turn, critic.given = _Watched(*arguments, **more), []
        turn.asked = asked
        if isinstance(generator, _Still):
            generator.given = made
        seen.append((turn, made, critic.given))
        return turn

    if dry_run(Players(generator, critic, dict(losses), Alternate(data)), data, {0: plan}, turn=watched)[0]:
        return None
    wanted = shapes_of(["sample"], {"sample": torch.empty(TRIED, *data.shape)})
    terms: set[tuple[Side, str]] = set()
    for turn, made, judged in seen:
        own = [scores for name in ("real_scores", "fake_scores") if (scores := turn.computed(name))]
        found: dict[Asked, bool] = {
            "make": len(made) > 1,
            "judge": len(judged) > len(own),
            "slopes": turn.side == "critic" and any(sample.requires_grad for sample in judged),
            "slopes, undeclared": any(turn.computed(f"{place}_gradients") is not None for place in {"real", "fake"} - loss.gradients),
            "other shapes": any(len(s) != TRIED or shapes_of(["sample"], {"sample": s}) != wanted for s in judged),
            "in place": any(getattr(value, "_version", 0) for fields in (turn.real, turn.fake, *own) for value in fields.values()),
        }
        asked |= {name for name, is_so in found.items() if is_so}
        terms |= {(turn.side, name) for name in (loss.critic_terms if turn.side == "critic" else loss.generator_terms)(turn)}
    scores = shapes_of(sorted(critic.gives), critic(torch.randn(TRIED, *data.shape)))
    return Asking(frozenset(asked), type(loss).view is not Loss.view, frozenset(terms), scores)
