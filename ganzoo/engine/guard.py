"""The check for values that are not finite: no update is made with one, and no step waits for the device to know that.

On a CPU a look costs nothing: the guard looks before each update and raises. On a GPU a look makes the host wait for
every kernel in flight, so there the verdict stays on the device: a flag that makes the optimizers skip the update, and
all after it, until the host reads it at the log interval and before each save.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from ganzoo.errors import DivergenceError
from ganzoo.fields import Terms
from ganzoo.turn import Side

from . import optimizers
from .distributed.ranks import Ranks


class Guard:
    """Skips updates of the optimizers ``stepping`` whose loss or gradient is not finite.

    Where it is ``deferred``, it looks only when asked to (``read``), as is right on a GPU. Ranks agree, as they average gradients.
    """

    def __init__(self, stepping: Iterable[torch.optim.Optimizer], device: torch.device, deferred: bool, ranks: Ranks | None = None) -> None:
        self.deferred, self._ranks = deferred, ranks or Ranks()
        self._step: int | None = None  # the first step that has not been looked at
        if deferred:
            self._sum = torch.zeros((), device=device)  # 0, or NaN from the first number on that was not finite
            self._flag = torch.zeros((), device=device)  # 1 where updates are skipped, as torch's fused optimizers read it
            # Both counted from 1 at the first step not looked at; the generator's turn comes half a step later.
            self._now = torch.ones((), dtype=torch.float64, device=device)
            self._first = torch.full_like(self._now, math.inf)  # when an update was skipped
            for optimizer in stepping:
                optimizers.skip_where(optimizer, self._flag)

    def begin_step(self, step: int) -> None:
        """Note on the host which step comes now."""
        self._step = step if self._step is None or not self.deferred else self._step

    def end_step(self) -> None:
        """Count a step on the device, where that is all that knows of it."""
        if self.deferred:
            self._now.add_(1)

    def check_finite(self, side: Side, terms: Terms, total: Tensor, norm: Tensor) -> None:
        """Let an update through or not, by the ``total`` of its terms and the ``norm`` of its gradient: after backward, before the step.

        Raises:
            DivergenceError: where either is not finite and the guard does not wait.
        """
        worst = norm + total
        if self.deferred:
            self._sum.add_(worst * 0)  # infinity times 0 is NaN
            torch.ne(self._sum, 0, out=self._flag)
            now = self._now if side == "critic" else self._now + 0.5
            torch.minimum(self._first, now / self._flag, out=self._first)  # infinity where the update is made
        elif not torch.isfinite(worst):
            # The term may be finite here and not so on another rank.
            values = self._ranks.mean(torch.stack([value.detach() for value in terms.values()])).tolist()
            raise DivergenceError(explain(self._step or 0, side, dict(zip(terms, values, strict=True))))

    def read(self, means: Callable[[], Mapping[str, float]]) -> None:
        """Wait for the device and look; ``means`` gives the scalars logged since the last look, for the message.

        Raises:
            DivergenceError: where updates were skipped; the weights are those before the first of them.
        """
        if not self.deferred:
            return
        first = float(self._first)
        if first < math.inf:
            side: Side = "critic" if first == int(first) else "generator"
            terms = {name.partition("/")[2]: value for name, value in means().items() if name.startswith(f"{side}/")}
            raise DivergenceError(explain((self._step or 0) + int(first) - 1, side, terms))
        self._now.fill_(1)
        self._step = None


def explain(step: int, side: Side, terms: Mapping[str, float]) -> str:
    """What went wrong, in one sentence."""
    bad = [f"the term '{name}' is {value}" for name, value in terms.items() if value - value != 0 and name != "gradient_norm"]
    what = bad[0] if bad else "its gradient is not finite"
    return f"diverged at step {step}: on the {side}'s turn {what}; lower the learning rate or add a penalty"


def total_norm(gradients: list[Tensor]) -> Tensor:
    """The L2 norm of all ``gradients`` as one vector."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))  # type: ignore[no-any-return]
