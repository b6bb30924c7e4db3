"""The training loop: read it from top to bottom.

Only here are ``backward`` and ``step`` called. A step is the critic's updates, each on a batch of its own, then the
generator's (Goodfellow et al., 2014, algorithm 1). What either minimises comes from the losses; how often, from the
schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ganzoo.compat import plan_fields
from ganzoo.errors import DivergenceError
from ganzoo.fields import Fields, Terms
from ganzoo.rules import Loss, Plan, merge_terms
from ganzoo.turn import Side, Turn

from .meter import Meter
from .optimizers import scale_rate
from .run import Run


class Loop:
    """Takes a run's steps one at a time. ``trainable`` is recorded once: only those parameters are ever toggled."""

    def __init__(self, run: Run, meter: Meter) -> None:
        self.run, self.meter = run, meter
        self.trainable: dict[str, list[nn.Parameter]] = {
            "generator": [p for p in run.generator.parameters() if p.requires_grad],
            "critic": [p for p in run.critic.parameters() if p.requires_grad],
        }
        self.gradient_means = {side: run.ranks.gradient_mean(parameters) for side, parameters in self.trainable.items()}

    def step(self) -> None:
        """One step of the schedule.

        Raises:
            DivergenceError: where a loss or a gradient is not finite; nothing was updated with it.
        """
        run = self.run
        # Who moves how often, at which rate, and which losses act.
        plan = run.schedule.plan(run.step, run.config.train.steps)
        losses = acting(run.losses, plan, run.step)
        for optimizer in run.optimizers.values():
            scale_rate(optimizer, plan.lr_scale)
        resting = self._rest(plan.frozen)
        values = plan_fields(plan, run.runtime.device)
        real: Fields | None = None
        drawn: Fields = {}
        shared: Fields | None = None

        # The critic's updates, each on a batch of its own. Fakes carry no gradient into the generator.
        for _ in range(plan.critic_updates):
            real, drawn = run.batches.next() | values, self._draw()
            if plan.share_fake:
                shared = self._make_shared(losses, real, drawn)
            turn = self._turn("critic", losses, real, drawn, {k: v.detach() for k, v in shared.items()} if shared else None)
            self._update(turn, losses, self._record_critic)
            with torch.no_grad():
                for loss in losses.values():
                    loss.constrain_(run.critic)
            self.meter.add_images(run.batches.size)

        # The generator's updates, on the last batch and noise of their own. The critic's parameters rest.
        set_trainable(self.trainable["critic"], False)
        for i in range(plan.generator_updates):
            if real is None or i > 0:
                real = run.batches.next() | values
            turn = self._turn("generator", losses, real, drawn if shared else self._draw(), shared)
            self._update(turn, losses)
            if run.average:
                run.average.update(run.step)
        set_trainable(self.trainable["critic"], True)
        set_trainable(resting, True)
        run.step += 1

    def _draw(self) -> Fields:
        """Draw once from the generator's prior, for this rank's share of a batch."""
        run = self.run
        return {name: run.runtime.place(value) for name, value in run.generator.draw(run.batches.share, run.runtime.device).items()}

    def _turn(self, side: Side, losses: Mapping[str, Loss], real: Fields, drawn: Fields, shared: Fields | None = None) -> Turn:
        run = self.run
        views = [loss for loss in losses.values() if type(loss).view is not Loss.view]
        return Turn(side, run.generator, run.critic, real, drawn, views=views, autocast=run.runtime.autocast, shared_fake=shared)

    def _make_shared(self, losses: Mapping[str, Loss], real: Fields, drawn: Fields) -> Fields:
        """One fake for both turns, with its path to the generator's parameters."""
        turn = self._turn("generator", losses, real, drawn)
        made = turn.make(turn.real | drawn)
        return {name: made[name] for name in self.run.generator.gives}

    def _update(self, turn: Turn, losses: Mapping[str, Loss], record: Callable[[Turn, Mapping[str, Loss]], None] | None = None) -> None:
        """Minimise the turn's terms by one optimizer step."""
        optimizer, parameters = self.run.optimizers[turn.side], self.trainable[turn.side]
        terms = merge_terms(losses, turn)
        self.meter.add(turn.side, terms)
        if record:
            record(turn, losses)
        total = sum_of(terms)
        # A phase may leave one side nothing to do.
        if total is None or not total.requires_grad:
            return
        optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        total = self.gradient_means[turn.side](total.detach())
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if not torch.isfinite(norm + total):
            raise DivergenceError(self._explain(turn, terms))
        self.meter.add(turn.side, {"gradient_norm": norm})
        optimizer.step()
        with torch.no_grad():
            for loss in losses.values():
                loss.after(turn)

    @torch.no_grad()
    def _record_critic(self, turn: Turn, losses: Mapping[str, Loss]) -> None:
        self.meter.add_scores(turn)
        for loss in losses.values():
            self.meter.add(turn.side, loss.estimates(turn))

    def _rest(self, frozen: tuple[str, ...]) -> list[nn.Parameter]:
        """Take the plan's frozen sub-modules out of training for this step; returns their parameters."""
        known = {id(p) for parameters in self.trainable.values() for p in parameters}
        networks = nn.ModuleDict({"generator": self.run.generator, "critic": self.run.critic}) if frozen else nn.Module()
        resting = [p for name in frozen for p in networks.get_submodule(name).parameters() if id(p) in known]
        set_trainable(resting, False)
        return resting

    def _explain(self, turn: Turn, terms: Terms) -> str:
        bad = [f"the term '{name}' is {value.item()}" for name, value in terms.items() if not torch.isfinite(value)]
        what = bad[0] if bad else "its gradient is not finite"
        return f"diverged at step {self.run.step}: on the {turn.side}'s turn {what}; lower the learning rate or add a penalty"


def acting(losses: Mapping[str, Loss], plan: Plan, step: int) -> dict[str, Loss]:
    """The losses that act at ``step``: those the plan names, each only every so many steps."""
    return {
        name: loss
        for name, loss in losses.items()
        if step % loss.every == 0 and (plan.losses is None or name.partition("#")[0] in plan.losses)
    }


def sum_of(terms: Terms) -> Tensor | None:
    """The sum that is minimised; None where there is nothing to sum."""
    total: Tensor | None = None
    for term in terms.values():
        total = term if total is None else total + term
    return total


def set_trainable(parameters: list[nn.Parameter], trains: bool) -> None:
    """Toggle ``requires_grad`` of ``parameters``."""
    for parameter in parameters:
        parameter.requires_grad_(trains)
