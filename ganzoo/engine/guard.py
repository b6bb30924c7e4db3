"""Nothing that is not finite is ever stepped with, and no step waits for the device to know that.

On a CPU a look costs nothing: the guard looks before each update and raises. On a GPU a look makes the host wait for
every kernel in flight, so there the verdict stays on the device: a flag that makes the optimizers skip the update, and
all after it, until the host reads it at the log interval and before each save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from ganzoo.errors import DivergenceError
from ganzoo.fields import Terms
from ganzoo.turn import Side

from . import optimizers
from .distributed import Ranks


class Guard:
    """Holds back updates whose loss or gradient is not finite.

    Args:
        stepping: the optimizers whose updates it holds back.
        device: where they step.
        waits: look only when asked to (``read``), as is right on a GPU.
        ranks: which agree on what is not finite, as they average gradients; None: this process alone.
    """

    def __init__(self, stepping: Iterable[torch.optim.Optimizer], device: torch.device, waits: bool, ranks: Ranks | None = None) -> None:
        self.waits, self._ranks = waits, ranks or Ranks()
        self._updates: list[tuple[int, Side]] = []
        if waits:
            self._sum = torch.zeros((), device=device)  # 0, or NaN from the first number on that was not finite
            self._flag = torch.zeros((), device=device)  # 1 where updates are held back, as torch's fused optimizers read it
            self._held = torch.zeros((), device=device)  # how many were
            for optimizer in stepping:
                optimizers.hold_back(optimizer, self._flag)

    def judge(self, step: int, side: Side, terms: Terms, total: Tensor, norm: Tensor) -> None:
        """Let an update through or not: called after backward, before the optimizer's step.

        Args:
            step: steps done.
            side: whose update it is.
            terms: what was minimised, for the message.
            total: their sum.
            norm: of the gradient.

        Raises:
            DivergenceError: where either is not finite and the guard does not wait.
        """
        worst = norm + total
        if self.waits:
            self._sum.add_(worst * 0)  # infinity times 0 is NaN
            torch.ne(self._sum, 0, out=self._flag)
            self._held.add_(self._flag)
        elif not torch.isfinite(worst):
            # The term may be finite here and not so on another rank.
            values = self._ranks.mean(torch.stack([value.detach() for value in terms.values()])).tolist()
            raise DivergenceError(explain(step, side, dict(zip(terms, values, strict=True))))

    def count(self, step: int, sides: Iterable[Side]) -> None:
        """Note on the host whose updates were judged in ``step``, in order, so that ``read`` can tell when it went wrong.

        Not left to ``judge``: where an update is replayed, the device judges and no Python runs.
        """
        if self.waits:
            self._updates += [(step, side) for side in sides]

    def read(self, means: Callable[[], Mapping[str, float]]) -> None:
        """Wait for the device and look.

        Args:
            means: gives the logged scalars since the last look, as ``SIDE/NAME``, for the message.

        Raises:
            DivergenceError: where updates were held back; the weights are those before the first of them.
        """
        if not self.waits:
            return
        held = int(self._held)
        if held:
            step, side = self._updates[len(self._updates) - held]
            terms = {name.partition("/")[2]: value for name, value in means().items() if name.startswith(f"{side}/")}
            raise DivergenceError(explain(step, side, terms))
        self._updates.clear()


def explain(step: int, side: Side, terms: Mapping[str, float]) -> str:
    """What went wrong, in one sentence."""
    bad = [f"the term '{name}' is {value}" for name, value in terms.items() if value - value != 0 and name != "gradient_norm"]
    what = bad[0] if bad else "its gradient is not finite"
    return f"diverged at step {step}: on the {side}'s turn {what}; lower the learning rate or add a penalty"
