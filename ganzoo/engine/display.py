"""What a progress line says of a training: its speed, what is minimised, and how the critic fares."""

from __future__ import annotations

from collections.abc import Mapping

MAIN_TERM = "adversarial"
"""The term that stands behind its side's name alone."""


def describe(values: Mapping[str, float], alarm: str = "") -> str:
    """A log line's means in one line, the most wanted first: a narrow terminal cuts the end.

    ``2100 images/s  critic 1.1, penalty 0.02  generator 0.8  scores 0.9 real, -0.4 fake  gradients 0.7, 0.2``

    Args:
        values: name with its side ("critic/adversarial") to mean.
        alarm: what is wrong, in short.
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
