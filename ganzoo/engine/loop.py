"""The training loop: read it from top to bottom.

A step is the critic's updates, each on a batch of its own, then the generator's (Goodfellow et al., 2014, algorithm 1).
What either minimises comes from the losses; how often, from the schedule. Only here are ``backward`` and ``step`` called.
On a GPU a step is recorded once and replayed: what is below ``_updates`` reads no tensor's value, and leaves nothing behind
but what it changes in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import add

import torch
from torch import Tensor, nn

from ganzoo.compat import plan_fields
from ganzoo.fields import Fields, Terms
from ganzoo.params import curves
from ganzoo.players import frozen, without_gradients
from ganzoo.rules import Loss, Plan, merge_terms, routed
from ganzoo.turn import Side, Turn

from .batches import cut
from .graphs import UpdateRunner
from .guard import Guard, total_norm
from .meter import Meter, score_means
from .optimizers import move
from .run import Run


class Loop:
    """Takes a run's steps one at a time; ``runner`` says how updates are run, each as it is where it is left out."""

    def __init__(self, run: Run, meter: Meter, runner: UpdateRunner | None = None) -> None:
        self.run, self.meter, self.runner = run, meter, runner or UpdateRunner()
        device = run.runtime.device
        self.guard = Guard(run.optimizers.values(), device, deferred=self.runner.deferred or device.type == "cuda", ranks=run.ranks)
        self.networks = nn.ModuleDict(run.players)
        self.trainable = {side: [p for p in network.parameters() if p.requires_grad] for side, network in self.networks.items()}
        self.gradient_means = {side: run.ranks.gradient_mean(parameters) for side, parameters in self.trainable.items()}

    def step(self) -> None:
        """One step of the schedule.

        Raises:
            DivergenceError: where a loss or a gradient is not finite; nothing was updated with it. On a GPU, ``check`` raises it.
        """
        run = self.run
        # Who moves how often, which losses act, and where the curves are.
        plan = run.schedule.plan(run.step, run.config.train.steps)
        losses = acting(run.losses, plan, run.step)
        for side, optimizer in run.optimizers.items():
            move(optimizer, run.step, run.config.train.steps)
            if side in plan.reset:
                self.runner.forget()  # what was recorded steps with the state that goes
                optimizer.state.clear()
        curves.fill(losses.values(), run.step, run.config.train.steps)
        size, smaller = (plan.batch_size.get(side, run.batches.size) for side in ("critic", "generator"))
        if run.average:
            run.average.set_step(run.step, smaller)

        # A batch for each update of the critic; the generator's first update takes the last of them, unless the plan says otherwise.
        first = plan.critic_updates if plan.fresh_real or size != smaller else max(plan.critic_updates - 1, 0)
        sizes = [size] * plan.critic_updates + [smaller] * (first + plan.generator_updates - plan.critic_updates)
        values = plan_fields(plan, run.runtime.device)
        static = self.runner.copy_to_static([*map(run.batches.take, sizes), values])

        # The updates. What tells their kinds apart: the plan, which fields there are, and the value of all that is not a tensor.
        given = ((name, None if isinstance(value, Tensor) else value) for name, value in values.items())
        kind = (plan.critic_updates, plan.generator_updates, plan.share_fake, first, *sizes, plan.frozen, *losses, *given)
        with frozen(self.networks.get_submodule(name) for name in plan.frozen):
            self.guard.begin_step(run.step)
            self.runner.run(kind, partial(self._updates, plan, losses, first, static[:-1], static[-1]))
        self.meter.add_images(size * plan.critic_updates)
        run.step += 1

    def check(self) -> None:
        """Find out whether the updates so far were finite, where ``step`` does not. To be called before the meter is read.

        Raises:
            DivergenceError: where one was not; neither it nor any after it was made.
        """
        self.guard.read(self.meter.means)

    def _updates(self, plan: Plan, losses: Mapping[str, Loss], first: int, stored: Sequence[Fields], values: Fields) -> None:
        """All updates of one step; the generator's batches are those from the one at ``first`` on."""
        batches = [self.run.batches.finish(batch) | values for batch in stored]
        for real in batches[: plan.critic_updates]:
            self._both(losses, real) if plan.share_fake else self._critic(losses, real)
        for real in batches[first : first + plan.generator_updates]:
            if not plan.share_fake:
                self._generator(losses, real)
            if self.run.average:
                self.run.average.update()
        self.meter.end_step()
        self.guard.end_step()

    def _critic(self, losses: Mapping[str, Loss], real: Fields) -> None:
        """One update of the critic. Fakes carry no gradient into the generator."""
        self._minimise("critic", self._turns("critic", losses, real), losses)
        self._constrain(losses)

    def _generator(self, losses: Mapping[str, Loss], real: Fields) -> None:
        """One update of the generator. The critic's parameters are frozen."""
        with without_gradients(self.trainable["critic"]):
            self._minimise("generator", self._turns("generator", losses, real), losses)

    def _both(self, losses: Mapping[str, Loss], real: Fields) -> None:
        """One update of each on one fake, made once with its path to the generator's parameters."""
        drawn = self._draw(real)
        maker = self._turn("generator", losses, real, drawn)
        for route in {loss.route: None for loss in losses.values()}:
            maker.on(route).made  # noqa: B018 - with gradients, whoever asks for it first
        self._minimise("critic", [self._turn("critic", losses, real, drawn, maker)], losses)
        self._constrain(losses)
        with without_gradients(self.trainable["critic"]):
            self._minimise("generator", [maker], losses)

    def _draw(self, real: Fields) -> Fields:
        """Draw once from the generator's prior, for as many samples as this rank's share of a batch has."""
        run = self.run
        return {name: run.runtime.to_device(value) for name, value in run.generator.draw(len(real["sample"]), run.runtime.device).items()}

    def _turns(self, side: Side, losses: Mapping[str, Loss], real: Fields) -> Iterator[Turn]:
        """The turns of one update: of the whole batch, or of as many parts as ``train.accumulate`` says, one after the other."""
        parts = (cut(fields, self.run.config.train.accumulate) for fields in (real, self._draw(real)))
        return (self._turn(side, losses, *fields) for fields in zip(*parts, strict=True))

    def _turn(self, side: Side, losses: Mapping[str, Loss], real: Fields, drawn: Fields, maker: Turn | None = None) -> Turn:
        run, views = self.run, list(losses.values())
        return Turn(
            side, run.generator, run.critic, real, drawn, views=views, autocast=run.runtime.autocast, maker=maker, average=run.ranks.mean
        )

    def _minimise(self, side: Side, turns: Iterable[Turn], losses: Mapping[str, Loss]) -> None:
        """Minimise the mean of the turns' terms by one optimizer step."""
        parameters, share = self.trainable[side], 1 / self.run.config.train.accumulate
        for parameter in parameters:
            parameter.grad = None
        whole: Terms = {}
        for turn in turns:
            # The terms, and the gradient of their sum, which is added to those of the parts before.
            terms = merge_terms(losses, turn)
            self.meter.add(side, {**terms, **self._estimates(turn, losses)})
            total = reduce(add, terms.values()) if terms else None
            if total is None or not total.requires_grad:  # a schedule may leave one side nothing to do
                continue
            total = total if share == 1 else total * share
            total.backward()  # type: ignore[no-untyped-call]
            whole = {name: whole[name] + value.detach() if whole else value.detach() for name, value in {"": total, **terms}.items()}
        if not whole:
            return
        # The gradient, averaged over all processes, and the step, unless something is not finite.
        total = self.gradient_means[side](whole.pop(""))
        norm = total_norm([p.grad for p in parameters if p.grad is not None])
        self.meter.add(side, {"gradient_norm": norm})
        self.guard.check_finite(side, whole, total, norm)
        self.run.optimizers[side].step()
        with torch.no_grad():
            for loss in losses.values():
                loss.after(turn.on(loss.route))
                self.run.ranks.average_numbers(loss)

    @torch.no_grad()
    def _estimates(self, turn: Turn, losses: Mapping[str, Loss]) -> Terms:
        """What is worth logging of a critic's turn that nobody minimises."""
        found: Terms = {}
        if turn.side == "critic":
            for route in {loss.route: None for loss in losses.values()}:
                found |= {routed(name, route): value for name, value in score_means(turn.on(route)).items()}
            for loss in losses.values():
                found |= {routed(name, loss.route): value for name, value in loss.estimates(turn.on(loss.route)).items()}
        return found

    @torch.no_grad()
    def _constrain(self, losses: Mapping[str, Loss]) -> None:
        for loss in losses.values():
            loss.constrain_(self.run.critic)


def acting(losses: Mapping[str, Loss], plan: Plan, step: int) -> dict[str, Loss]:
    """The losses that act at ``step``: those the plan names, each only every so many steps."""
    return {name: loss for name, loss in losses.items() if step % loss.every == 0 and plan.names(name)}


def rehearse(run: Run, steps: int = 1) -> dict[str, float]:
    """Take the next steps of ``run``; returns what they would log.

    Raises:
        DivergenceError: where a loss or a gradient is not finite.
    """
    loop = Loop(run, meter := Meter())
    for _ in range(steps):
        loop.step()
    loop.check()  # on a GPU the steps themselves do not look
    return meter.read()
