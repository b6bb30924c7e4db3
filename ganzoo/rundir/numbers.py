"""Numbers of a record, read from JSON and written for people."""

from __future__ import annotations

import math


def as_number(value: object) -> float | None:
    """A JSON number, or the words that stand for what JSON cannot say ("nan", "inf"); None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and value.lower() not in ("nan", "inf", "-inf", "infinity", "-infinity"):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return math.copysign(math.inf, number) if abs(number) >= 1e300 else number  # so that differences stay finite


def number_text(value: float) -> str:
    """A number for people: ``0.6931``, ``12,500``, ``1.2e-05``."""
    if not math.isfinite(value):
        return "not finite"
    if value == 0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:.4g}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.3g}"


def duration_text(seconds: float) -> str:
    """Seconds as ``1 h 5 min``, ``2 min 3 s`` or ``4 s``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:,} h {minute} min" if hours else f"{minute} min {second} s" if minute else f"{second} s"
