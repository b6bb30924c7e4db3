"""Many processes, one training: what they tell each other. A process that is alone tells nobody anything, at no cost.

``torchrun`` starts the processes and says in their environment who they are. They talk over gloo; gradients on GPUs go
over NCCL. Rank 0 leads: it alone writes and prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from torch import Tensor, nn

from ganzoo.errors import GanzooError

PATIENCE = timedelta(hours=24)
"""How long a rank waits for the others: the leader may be evaluating. A rank that dies is noticed at once all the same."""


class PeerLostError(GanzooError):
    """Another process of the run is gone: this one cannot go on."""


class Ranks:
    """A run of one process: every method does nothing, so that nobody has to ask how many there are."""

    rank: int = 0
    """Which of the processes this is, from 0."""
    size: int = 1
    """How many processes there are."""
    local_rank: int = 0
    """Which of those on this machine this is, from 0."""

    @property
    def leads(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Put rank 0's values in the tensors' place."""

    def gradient_mean(self, parameters: Sequence[nn.Parameter]) -> Callable[[Tensor], Tensor]:
        """What averages the gradients of ``parameters`` over the ranks: see ``GradientMean``."""
        return lambda total: total

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values`` over the ranks."""
        return values

    def gather(self, content: bytes) -> list[bytes]:
        """Each rank's ``content`` on rank 0, in order; [] on the others."""
        return [content]

    def share(self, content: bytes) -> bytes:
        """Rank 0's ``content``, on all."""
        return content

    def agree(self, signal: int) -> int:
        """The largest of the ranks' numbers: a signal that one of them got stops all of them at the same step."""
        return signal

    def differing(self, tensors: Mapping[str, Tensor]) -> str:
        """The name of the first of ``tensors`` that is not the same on all ranks, bit for bit; "" where all are."""
        return ""
