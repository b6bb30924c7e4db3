"""Signs that a game has ended before the training does: a player that no longer learns, scores that run away, samples all alike.

A sign has to last, so that one odd batch raises no alarm. Each cause is told once; nothing here changes the training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

NO_GRADIENT = 1e-12
"""A gradient norm at most this large moves no weight: optimizers add 1e-8 to what they divide by."""
SAME_SCORE = 1e-6
"""Scores of real and made samples that differ by at most this, relative to their size, are the same in float32."""
RUNAWAY = 1e4
"""A gap between scores beyond this: critics with a Lipschitz constant of 1 stay below the diameter of the data (1,000 for 512 x 512)."""
COLLAPSED = 0.1
"""Samples whose spread is at most this fraction of the data's are all alike."""
LINES, GRIDS, FEWEST = 3, 2, 8
"""How many log lines or sample grids in a row must show a sign, and the samples that a grid must have to show one."""


class Health:
    """Watches one run.

    Args:
        real: samples of the data, in its own units, (N, *shape).
    """

    def __init__(self, real: np.ndarray) -> None:
        self._real = spread(real)
        self._seen: dict[str, int] = {}
        self._told: dict[str, None] = {}  # in the order of telling, which a set would not keep

    @property
    def in_short(self) -> str:
        """What is wrong now, for a progress line; "" where nothing is."""
        return ", ".join(cause for cause in self._told if self._seen[cause])

    def read_log(self, values: Mapping[str, float]) -> list[str]:
        """Look at one log line's means; returns what there is to warn of."""
        return [text for cause, present, text in _signs(values) if self._lasts(cause, present, LINES)]

    def read_samples(self, made: np.ndarray) -> list[str]:
        """Look at generated samples in the data's units, (N, *shape); returns what there is to warn of."""
        if len(made) < FEWEST or self._real == 0:
            return []
        ratio = spread(made) / self._real
        text = (
            f"the generator has collapsed: its samples are alike, their spread is {ratio:.1%} of the data's; "
            "go back to an earlier checkpoint with a lower learning rate, or try another loss"
        )
        return [text] if self._lasts("generator collapsed", ratio <= COLLAPSED, GRIDS) else []

    def _lasts(self, cause: str, present: bool, times: int) -> bool:
        """Whether ``cause`` is there for the ``times``-th time in a row, and was not told before."""
        self._seen[cause] = self._seen.get(cause, 0) + 1 if present else 0
        if self._seen[cause] < times or cause in self._told:
            return False
        self._told[cause] = None
        return True


def spread(samples: np.ndarray) -> float:
    """The standard deviation over samples (N, *shape), as a mean over what a sample consists of."""
    return float(samples.astype(np.float32).std(axis=0).mean())


def _signs(values: Mapping[str, float]) -> Iterator[tuple[str, bool, str]]:
    """(cause in short, whether it is there, the warning)."""
    for side, why in (
        ("generator", "the critic's scores do not depend on the samples: it is saturated, or clipped too tightly for its depth"),
        ("critic", "its units are dead or saturated; lower its learning rate"),
    ):
        if (norm := values.get(f"{side}/gradient_norm")) is not None:
            yield f"{side} gets no gradient", norm <= NO_GRADIENT, f"the {side} no longer learns: its gradient norm is {norm:.3g}; {why}"
    real, fake = values.get("critic/real_score"), values.get("critic/fake_score")
    if real is not None and fake is not None:
        gap = real - fake
        yield (
            "critic tells nothing apart",
            abs(gap) <= SAME_SCORE * max(abs(real), abs(fake)),
            f"the critic has collapsed: it gives real and made samples the same score, {real:.6g}; lower its learning rate",
        )
        yield (
            "critic runs away",
            abs(gap) > RUNAWAY,
            f"the critic's scores run away: {real:.3g} for real samples, {fake:.3g} for made ones; "
            "constrain it (a penalty, clipping) or lower its learning rate",
        )
