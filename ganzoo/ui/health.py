"""Health of a training, read off its log lines and samples: in a line, and by the signs that the game has ended before it.

A sign (a player that no longer learns, scores that run away, samples all alike) has to last, so that one odd batch raises no
alarm. Each cause is told once; nothing here changes the training.
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
MAIN_TERM = "adversarial"
"""The term that stands behind its side's name alone."""


class Health:
    """Watches one run, whose ``real`` samples are (N, *shape) in the data's own units."""

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


def describe(values: Mapping[str, float], alarm: str = "") -> str:
    """A log line's means in one line, the most wanted first: a narrow terminal cuts the end.

    ``2100 images/s  critic 1.1, penalty 0.02  generator 0.8  scores 0.9 real, -0.4 fake  gradients 0.7, 0.2``
    """
    parts = [f"{alarm}!"] if alarm else []
    if (speed := values.get("images_per_second")) is not None:
        parts.append(f"{speed:.0f} images/s")
    parts += [text for side in ("critic", "generator") if (text := _terms(side, values))]
    scores = [f"{_short(values[key])} {place}" for place in ("real", "fake") if (key := f"critic/{place}_score") in values]
    norms = [_short(values[key]) for side in ("critic", "generator") if (key := f"{side}/gradient_norm") in values]
    parts += [f"scores {', '.join(scores)}"] if scores else []
    parts += [f"gradients {', '.join(norms)}"] if norms else []
    return "  ".join(parts)


def _terms(side: str, values: Mapping[str, float]) -> str:
    """``critic 1.1, penalty 0.02``."""
    found = {key.removeprefix(f"{side}/"): value for key, value in values.items() if key.startswith(f"{side}/")}
    terms = {name: value for name, value in found.items() if name != "gradient_norm" and not name.endswith("_score")}
    main = f" {_short(terms.pop(MAIN_TERM))}" if MAIN_TERM in terms else ""
    others = [f"{name} {_short(value)}" for name, value in terms.items()]
    return f"{side}{main}{', ' if main and others else ' ' if others else ''}{', '.join(others)}" if main or others else ""


def _short(value: float) -> str:
    """Three digits, without an exponent where a reader can do without."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
