"""What a resumed run may have otherwise than it was begun with, and what the session before it still owes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig, differences
from ganzoo.errors import UserError
from ganzoo.rundir.files import sample_file
from ganzoo.rundir.record import Record

UNTOUCHING = ("log", "sample", "checkpoint", "metrics", "observers", "train.device", "train.threads")
"""Keys that may change: what is written and measured, and where; of device and threads a warning tells."""
GRID, SAVED, END = "the sample grid", "the checkpoint", "the last line"
"""What a session can owe besides metrics."""


def allowed_changes(before: dict[str, Any], now: dict[str, Any], folder: str) -> tuple[list[str], list[str]]:
    """All that differs, and of it what lies beside the training: the number of steps may grow, and that may change.

    Raises:
        UserError: where anything else differs.
    """
    before = {**before, "data": _as_spelled(before.get("data"), now["data"])}
    changed = differences(before, now, ignoring=("versions", "train.steps", *UNTOUCHING))
    if changed:
        raise UserError(
            f"{folder} was begun with another configuration: {'; '.join(changed)}",
            "change it back, or choose another --out",
            key=changed[0].partition(":")[0],
        )
    if now["train"]["steps"] < before["train"]["steps"]:
        raise UserError(f"it was {before['train']['steps']} and may only grow", "raise it, or choose another --out", key="train.steps")
    return differences(before, now), differences(before, now, ignoring=("versions", "train.steps"))


def _as_spelled(before: Any, now: Any) -> Any:
    """The data as it was, its folder spelled as it is now where that is the same one."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return before
    was, root = before.get("root"), now.get("root")
    same = isinstance(was, str) and isinstance(root, str) and Path(was).expanduser().resolve() == Path(root).expanduser().resolve()
    return {**before, "root": root} if same else before


def find_owed(step: int, config: RunConfig, metrics: Sequence[str], record: Record, directory: Path) -> list[str]:
    """What a kill or a signal kept from being written after ``step``: what is due, with ``metrics``, and not in the record.

    Of a run that ended as finished, nothing.
    """
    last = step >= config.train.steps
    if last and record.outcome == "finished":
        return []
    owed = [] if step in record.checkpoint_steps else [SAVED]  # weights and line follow the file
    if step and (last or step % config.sample.every == 0):
        drawn = step in record.sample_steps and (directory / sample_file(step)).is_file()
        owed += [] if drawn else [GRID]
    tried = {found.metric for found in record.evaluations if found.step == step and found.by_run}
    tried |= {metric for at, metric in record.failed_metrics if at == step}
    owed += [name for name in metrics if step and name not in tried]
    return [*owed, END] if last else owed
