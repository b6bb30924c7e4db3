"""What tells of runs that are over: ``replay``."""

from __future__ import annotations

from pathlib import Path

from ganzoo.config import resolve_observers
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter


def replay_run(folder: Path, names: list[str], quiet: bool) -> None:
    """Tell each observer what the run's record says, and print how much that was."""
    parts = resolve_observers(names, Registry.installed())
    from ganzoo.runs.replay import replay

    count = replay(folder, parts, choose_reporter(quiet))
    print(f"{folder}: {count} events told to {', '.join(part.name for part in parts)}")
