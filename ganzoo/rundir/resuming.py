"""What a resumed run may have otherwise than it was begun with, and what the session before it still owes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganzoo.config import RunConfig, differences
from ganzoo.errors import UserError

from .files import sample_file
from .record import Record

UNTOUCHING = ("log", "sample", "checkpoint", "metrics", "observers", "train.device", "train.threads")
"""Keys that may change: what is written and measured, and where; of device and threads a warning tells."""
ASKED = re.compile(r"train\.batch_size|optimizer\.(generator|critic)\.(groups\..+\.)?lr")
"""Keys that may change where --change names them: a checkpoint holds none of their values."""
EXAMPLES = "train.batch_size, optimizer.generator.lr, optimizer.critic.lr"
BEGUN = ("versions", "train.steps")
GRID, SAVED, END = "the sample grid", "the checkpoint", "the last line"
"""What a session can owe besides metrics."""


class Changes(NamedTuple):
    """What differs, a sentence each: all of it, what lies beside the training, and what --change allowed."""

    all: list[str]
    beside: list[str]
    asked: list[str]


def allowed_changes(before: dict[str, Any], now: dict[str, Any], folder: str, asked: Sequence[str] = ()) -> Changes:
    """What differs of ``now`` from the configuration that a run was begun with.

    All of it is allowed: the number of steps may grow, what does not touch the training may change, and what is ``asked`` for.

    Raises:
        UserError: where anything else differs, or ``asked`` names a key that cannot change.
    """
    for key in asked:
        if not ASKED.fullmatch(key):
            raise UserError(f"'{key}' cannot change within a run", f"these can: {EXAMPLES}", key="--change")
    before = {**before, "data": _as_spelled(before.get("data"), now["data"])}
    changed = differences(before, now, ignoring=(*BEGUN, *UNTOUCHING, *asked))
    if changed:
        keys = [text.partition(":")[0] for text in changed]
        remedy = "change it back, or choose another --out"
        if all(ASKED.match(key) for key in keys):
            remedy += f", or add {' '.join(f'--change {key}' for key in keys)}: the result is then not that of an unchanged run"
        raise UserError(f"{folder} was begun with another configuration: {'; '.join(changed)}", remedy, key=keys[0])
    if now["train"]["steps"] < before["train"]["steps"]:
        raise UserError(f"it was {before['train']['steps']} and may only grow", "raise it, or choose another --out", key="train.steps")
    exact = differences(before, now, ignoring=(*BEGUN, *asked))
    return Changes(differences(before, now), exact, [text for text in differences(before, now, ignoring=BEGUN) if text not in exact])


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
