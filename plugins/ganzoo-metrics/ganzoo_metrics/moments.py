"""Mean and covariance of a stream of features, which is never held.

Legend of shapes: N samples, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ganzoo import GanzooError, UserError


class Moments:
    """Mean and covariance of feature vectors, in float64, one batch at a time.

    Deviations are summed about the running mean (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise
    algorithm for computing sample variances"), so a mean that is large against the spread costs no accuracy, as
    E[x x'] - E[x] E[x'] would. Memory: one batch and one D x D matrix, whatever N is.

    Args:
        size: D, the length of one feature vector.
        device: where the sums are kept; it must know float64.
    """

    def __init__(self, size: int, device: torch.device | None = None) -> None:
        self.count = 0
        self.mean = torch.zeros(size, dtype=torch.float64, device=device)
        self._scatter = torch.zeros(size, size, dtype=torch.float64, device=device)  # sum of (x - mean)(x - mean)'

    @property
    def size(self) -> int:
        """D, the length of one feature vector."""
        return len(self.mean)

    @property
    def covariance(self) -> Tensor:
        """(D, D) float64, unbiased (divided by N - 1), as ``numpy.cov`` gives it.

        Raises:
            UserError: for fewer than two samples.
        """
        if self.count < 2:
            raise UserError(f"a covariance of {self.count} samples is asked for", "give at least 2 samples")
        return self._scatter / (self.count - 1)

    def update(self, features: Tensor) -> None:
        """Count in one batch.

        Args:
            features: (N, D) of any floating type and device.

        Raises:
            UserError: for features of another shape.
            GanzooError: for a feature that is not finite; nothing is counted then.
        """
        if features.dim() != 2 or features.shape[1] != self.size:
            raise UserError(
                f"features of shape {tuple(features.shape)} come to statistics of {self.size} features", f"give (N, {self.size})"
            )
        if len(features) == 0:
            return
        batch = features.detach().to(self.mean)
        if not bool(torch.isfinite(batch).all()):
            broken = int((~torch.isfinite(batch)).any(dim=1).sum())
            raise GanzooError(f"{broken} of {len(batch)} samples have features that are not finite, so the distance would not be a number")
        batch_mean = batch.mean(dim=0)
        centred = batch - batch_mean
        self._shift_to(batch_mean, len(batch))
        self._scatter.addmm_(centred.T, centred)

    def merge(self, other: Moments) -> None:
        """Count in all that ``other`` has seen (another process's share); ``other`` is left as it is.

        Raises:
            UserError: where the two differ in D.
        """
        if other.size != self.size:
            raise UserError(f"statistics of {other.size} features are merged into {self.size}", "merge what one network gave")
        if other.count == 0:
            return
        self._shift_to(other.mean.to(self.mean), other.count)
        self._scatter += other._scatter.to(self._scatter)

    def _shift_to(self, mean: Tensor, count: int) -> None:
        """Move the mean for ``count`` more samples about ``mean`` and add the scatter between the two groups."""
        total = self.count + count
        difference = mean - self.mean
        self._scatter.addr_(difference, difference, alpha=self.count * count / total)
        self.mean += difference * (count / total)
        self.count = total

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As plain arrays, for a file or another process: count (), mean (D,), scatter (D, D)."""
        return {"count": np.array(self.count), "mean": self.mean.cpu().numpy().copy(), "scatter": self._scatter.cpu().numpy().copy()}

    def to_tensors(self) -> dict[str, Tensor]:
        """``to_arrays`` as tensors, which a metric of several processes collects."""
        return {name: torch.from_numpy(array) for name, array in self.to_arrays().items()}

    @classmethod
    def from_shares(cls, shares: Sequence[Mapping[str, Tensor]], device: torch.device) -> Moments:
        """Of all that ``to_tensors`` gave, one share or more; other tensors beside them are left alone."""
        first, *others = (cls.from_arrays({name: value.numpy() for name, value in share.items()}, device=device) for share in shares)
        for other in others:
            first.merge(other)
        return first

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, where: str = "", device: torch.device | None = None) -> Moments:
        """What ``to_arrays`` gave.

        Args:
            arrays: count (), mean (D,), scatter (D, D).
            where: the file they come from, for the message.
            device: where the sums are kept.

        Raises:
            UserError: for missing arrays, shapes or types that do not fit, or values that are not finite.
        """
        remedy = "delete the file, so that the statistics are computed anew"
        missing = {"count", "mean", "scatter"} - arrays.keys()
        if missing:
            raise UserError(f"the statistics lack {', '.join(sorted(missing))}", remedy, where=where)
        count, mean, scatter = (np.asarray(arrays[name]) for name in ("count", "mean", "scatter"))
        if count.shape != () or mean.ndim != 1 or scatter.shape != (len(mean), len(mean)):
            raise UserError(
                f"the statistics have shapes {count.shape}, {mean.shape}, {scatter.shape}, wanted (), (D,), (D, D)", remedy, where=where
            )
        if count.dtype.kind not in "iu" or mean.dtype != np.float64 or scatter.dtype != np.float64:
            raise UserError(
                f"the statistics are {count.dtype}, {mean.dtype}, {scatter.dtype}, wanted an integer and float64", remedy, where=where
            )
        if count < 0 or not (np.isfinite(mean).all() and np.isfinite(scatter).all()):
            raise UserError("the statistics hold values that are not finite, or a negative count", remedy, where=where)
        moments = cls(len(mean), device)
        moments.count = int(count)
        moments.mean.copy_(torch.from_numpy(np.ascontiguousarray(mean)))
        moments._scatter.copy_(torch.from_numpy(np.ascontiguousarray(scatter)))
        return moments
