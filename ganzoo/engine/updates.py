"""One update of a player: the terms, their gradient, the optimizer's step.

Only here are ``backward`` and ``step`` called. An update reads no tensor's value and leaves nothing behind but what it
changes in place, so that a GPU can record it once and replay it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.fields import Fields, Terms
from ganzoo.rules import Loss, merge_terms
from ganzoo.turn import Side, Turn

from .guard import Guard
from .meter import Meter, score_means
from .phases import Judged
from .run import Run


class Updates:
    """The updates of a run's players. ``trainable`` is recorded once: only those parameters are ever toggled.

    Each returns the sides whose updates the guard judged, in order: one that had nothing to minimise is not among them.

    Args:
        run: what trains.
        meter: takes the scalars to log.
        guard: holds back what is not finite.
    """

    def __init__(self, run: Run, meter: Meter, guard: Guard) -> None:
        self.run, self.meter, self.guard = run, meter, guard
        self.trainable: dict[str, list[nn.Parameter]] = {
            "generator": [p for p in run.generator.parameters() if p.requires_grad],
            "critic": [p for p in run.critic.parameters() if p.requires_grad],
        }
        self.gradient_means = {side: run.ranks.gradient_mean(parameters) for side, parameters in self.trainable.items()}

    def critic(self, losses: Mapping[str, Loss], real: Fields) -> Judged:
        """One update of the critic. Fakes carry no gradient into the generator."""
        judged = self._minimise(self._turn("critic", losses, real, self._draw()), losses)
        self._constrain(losses)
        return judged

    def generator(self, losses: Mapping[str, Loss], real: Fields) -> Judged:
        """One update of the generator. The critic's parameters rest."""
        turn = self._turn("generator", losses, real, self._draw())
        with frozen(self.trainable["critic"]):
            return self._minimise(turn, losses)

    def both(self, losses: Mapping[str, Loss], real: Fields) -> Judged:
        """One update of each on one fake, made once with its path to the generator's parameters."""
        drawn = self._draw()
        maker = self._turn("generator", losses, real, drawn)
        made = maker.make(maker.real | drawn)
        shared = {name: made[name] for name in self.run.generator.gives}
        judged = self._minimise(self._turn("critic", losses, real, drawn, {k: v.detach() for k, v in shared.items()}), losses)
        self._constrain(losses)
        with frozen(self.trainable["critic"]):
            return judged + self._minimise(self._turn("generator", losses, real, drawn, shared), losses)

    def _draw(self) -> Fields:
        """Draw once from the generator's prior, for this rank's share of a batch."""
        run = self.run
        return {name: run.runtime.place(value) for name, value in run.generator.draw(run.batches.share, run.runtime.device).items()}

    def _turn(self, side: Side, losses: Mapping[str, Loss], real: Fields, drawn: Fields, shared: Fields | None = None) -> Turn:
        run = self.run
        views = [loss for loss in losses.values() if type(loss).view is not Loss.view]
        return Turn(side, run.generator, run.critic, real, drawn, views=views, autocast=run.runtime.autocast, shared_fake=shared)

    def _minimise(self, turn: Turn, losses: Mapping[str, Loss]) -> Judged:
        """Minimise the turn's terms by one optimizer step."""
        optimizer, parameters = self.run.optimizers[turn.side], self.trainable[turn.side]
        terms = merge_terms(losses, turn)
        logged = {**terms, **self._estimates(turn, losses)}
        total = sum_of(terms)
        # A phase may leave one side nothing to do.
        if total is None or not total.requires_grad:
            self.meter.add(turn.side, logged)
            return ()
        for parameter in parameters:
            parameter.grad = None
        total.backward()  # type: ignore[no-untyped-call]
        total = self.gradient_means[turn.side](total.detach())
        norm = total_norm([p.grad for p in parameters if p.grad is not None])
        self.meter.add(turn.side, {**logged, "gradient_norm": norm})
        self.guard.judge(self.run.step, turn.side, terms, total, norm)
        optimizer.step()
        with torch.no_grad():
            for loss in losses.values():
                loss.after(turn)
        return (turn.side,)

    @torch.no_grad()
    def _estimates(self, turn: Turn, losses: Mapping[str, Loss]) -> Terms:
        """What is worth logging of a critic's turn that nobody minimises."""
        found: Terms = {}
        if turn.side == "critic":
            found |= score_means(turn)
            for loss in losses.values():
                found |= loss.estimates(turn)
        return found

    @torch.no_grad()
    def _constrain(self, losses: Mapping[str, Loss]) -> None:
        for loss in losses.values():
            loss.constrain_(self.run.critic)


def sum_of(terms: Terms) -> Tensor | None:
    """The sum that is minimised; None where there is nothing to sum."""
    total: Tensor | None = None
    for term in terms.values():
        total = term if total is None else total + term
    return total


def total_norm(gradients: list[Tensor]) -> Tensor:
    """The L2 norm of all ``gradients`` as one vector."""
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    return norm


@contextmanager
def frozen(parameters: list[nn.Parameter]) -> Iterator[None]:
    """No gradients for ``parameters`` within the block, and again after it, whatever happens."""
    set_trainable(parameters, False)
    try:
        yield
    finally:
        set_trainable(parameters, True)


def set_trainable(parameters: list[nn.Parameter], trains: bool) -> None:
    """Toggle ``requires_grad`` of ``parameters``."""
    for parameter in parameters:
        parameter.requires_grad_(trains)
