"""The classes of a run's data, in words."""

from __future__ import annotations

from typing import Any

NAMED_CLASSES = 100
"""So many classes are named at most."""


def class_facts(counts: Any) -> list[tuple[str, str]]:
    """The classes by name with how many samples each has, in the order of their numbers."""
    known = {str(name): count for name, count in counts.items() if isinstance(count, int)} if isinstance(counts, dict) else {}
    named = [f"{name} ({count:,})" for name, count in list(known.items())[:NAMED_CLASSES]]
    more = [f"and {len(known) - len(named):,} more"] * (len(known) > len(named))
    return [("Classes", ", ".join(named + more))] if named else []
