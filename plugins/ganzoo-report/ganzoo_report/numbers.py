"""Numbers and times, written for people."""

from __future__ import annotations

import math


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
