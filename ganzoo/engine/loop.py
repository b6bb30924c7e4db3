"""The training loop: read it from top to bottom.

A step is the critic's updates, each on a batch of its own, then the generator's (Goodfellow et al., 2014, algorithm 1).
What either minimises comes from the losses; how often, from the schedule. What happens in an update is in ``updates``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn

from ganzoo.compat import plan_fields
from ganzoo.fields import Fields
from ganzoo.rules import Loss, Plan

from .guard import Guard
from .meter import Meter
from .optimizers import scale_rate
from .phases import Eager, Phases
from .run import Run
from .updates import Updates, set_trainable


class Loop:
    """Takes a run's steps one at a time.

    Args:
        run: what trains.
        meter: takes the scalars to log.
        phases: how updates are run; each as it is where it is left out.
    """

    def __init__(self, run: Run, meter: Meter, phases: Phases | None = None) -> None:
        self.run, self.meter, self.phases = run, meter, phases or Eager()
        device = run.runtime.device
        self.guard = Guard(run.optimizers.values(), device, waits=self.phases.waits or device.type == "cuda", ranks=run.ranks)
        self.updates = Updates(run, meter, self.guard)

    def step(self) -> None:
        """One step of the schedule.

        Raises:
            DivergenceError: where a loss or a gradient is not finite; nothing was updated with it. On a GPU, ``check`` raises it.
        """
        run = self.run
        # Who moves how often, at which rate, and which losses act.
        plan = run.schedule.plan(run.step, run.config.train.steps)
        losses = acting(run.losses, plan, run.step)
        for optimizer in run.optimizers.values():
            scale_rate(optimizer, plan.lr_scale)
        resting = self._rest(plan.frozen)
        values = plan_fields(plan, run.runtime.device)
        # What tells apart the updates of one side: which fields there are, and the value of all that is no tensor.
        kind = (plan.share_fake, *losses, plan.frozen, *((k, None if isinstance(v, Tensor) else v) for k, v in values.items()))
        real: Fields | None = None

        # The critic's updates, each on a batch of its own.
        for _ in range(plan.critic_updates):
            real = self.phases.hold(run.batches.next() | values)
            update = self.updates.both if plan.share_fake else self.updates.critic
            self.guard.count(run.step, self.phases.play(("critic", *kind), partial(update, losses, real)))
            self.meter.add_images(run.batches.size)

        # The generator's updates, on the last batch and noise of their own.
        for i in range(plan.generator_updates):
            if real is None or i > 0:
                real = self.phases.hold(run.batches.next() | values)
            if not plan.share_fake:
                self.guard.count(run.step, self.phases.play(("generator", *kind), partial(self.updates.generator, losses, real)))
            if run.average:
                run.average.update(run.step)
        set_trainable(resting, True)
        run.step += 1

    def check(self) -> None:
        """Find out whether the updates so far were finite, where ``step`` does not. To be called before the meter is read.

        Raises:
            DivergenceError: where one was not; neither it nor any after it was made.
        """
        self.guard.read(self.meter.means)

    def _rest(self, frozen: tuple[str, ...]) -> list[nn.Parameter]:
        """Take the plan's frozen sub-modules out of training for this step; returns their parameters."""
        if not frozen:
            return []
        known = {id(p) for parameters in self.updates.trainable.values() for p in parameters}
        networks = nn.ModuleDict({"generator": self.run.generator, "critic": self.run.critic})
        resting = [p for name in frozen for p in networks.get_submodule(name).parameters() if id(p) in known]
        set_trainable(resting, False)
        return resting


def acting(losses: Mapping[str, Loss], plan: Plan, step: int) -> dict[str, Loss]:
    """The losses that act at ``step``: those the plan names, each only every so many steps."""
    return {
        name: loss
        for name, loss in losses.items()
        if step % loss.every == 0 and (plan.losses is None or name.partition("#")[0] in plan.losses)
    }
