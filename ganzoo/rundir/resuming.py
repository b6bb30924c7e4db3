"""Resuming: what may differ from how the run was begun, and what the session before it still owes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ganzoo.config import Resolved, RunConfig, differences, strict_yaml
from ganzoo.errors import UserError
from ganzoo.files import expanded
from ganzoo.params.curves import at
from ganzoo.rules import Schedule

from . import checkpoint
from .directory import RunDirectory
from .files import ENVIRONMENT, WEIGHTS, read_json, sample_file
from .lines import RECORD
from .record import Record, read_record
from .weights import metadata

UNTOUCHING = ("log", "sample", "checkpoint", "metrics", "observers", "train.device", "train.threads")
"""Keys that may change: what is written and measured, and where; of device and threads a warning tells."""
ASKED = re.compile(r"data\.root|train\.batch_size|optimizer\.(generator|critic)\.(groups\..+\.)?lr")
"""Keys that may change where --change names them: a checkpoint holds none of their values, and tells other data from moved ones."""
EXAMPLES = "data.root, train.batch_size, optimizer.generator.lr, optimizer.critic.lr"
BEGUN = ("versions", "train.steps")
GRID, SAVED, END = "the sample grid", "the checkpoint", "the last line"
"""What a session can owe besides metrics."""


class Past(NamedTuple):
    """A run as it was left: its record and identity, its newest whole checkpoint, the configuration of that, and what has gone since."""

    record: Record = Record()
    identity: str = ""
    path: Path = Path()
    state: checkpoint.State = {}
    config: dict[str, Any] = {}
    lost: Sequence[str] = ()


def look_back(directory: RunDirectory, warn: Callable[[str], None]) -> Past:
    """What a run directory holds; the configuration is that of ``config.yaml`` where the checkpoint was written before it kept one.

    Raises:
        UserError: where its parts are of several runs, or no checkpoint can be used.
    """
    folder, record = directory.path, read_record(directory.path)
    known = [read_json(folder, ENVIRONMENT), *(start.environment for start in record.starts)]
    identities = list(dict.fromkeys(str(each["run"]) for each in known if each.get("run")))
    if len(identities) > 1:
        raise UserError(f"{folder} holds the record of another run", "put its own metrics.jsonl and env.json back", key="--out")
    path, state = checkpoint.load(directory.checkpoints, warn, "".join(identities))
    step, config = state.get("step"), state.get("config")
    if not isinstance(step, int) or not isinstance(config, dict | None):
        raise UserError(f"{path} holds no state of a run", "use an older checkpoint")
    lost = [
        f"{name} is gone, and what it told of the run before step {step}" for name in (RECORD, ENVIRONMENT) if not (folder / name).exists()
    ]
    identity = "".join(identities) or str(state.get("run", ""))
    config = config or strict_yaml.read(directory.config).value
    if not lost and record.last_step < step - step % config["log"]["every"]:  # a line comes before the checkpoint
        lost = [f"{RECORD} ends at step {record.last_step}, the run went on to step {step}"]
    return Past(record, identity, path, state, config, lost)


class Changes(NamedTuple):
    """Differences, a sentence each: all of it, what lies beside the training, and what --change allowed."""

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
    same = {**before, "data": _as_spelled(before.get("data"), now["data"])}
    changed = differences(same, now, ignoring=(*BEGUN, *UNTOUCHING, *asked))
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
    with suppress(UserError):  # in the home of somebody unknown here
        if isinstance(was, str) and isinstance(root, str) and expanded(was).resolve() == expanded(root).resolve():
            return {**before, "root": root}
    return before


def stretched(config: Mapping[str, Any], resolved: Resolved, schedule: Schedule, step: int, total: int) -> list[str]:
    """A sentence where curves, or the schedule, have other values at the steps done in a run of ``total`` steps than by ``config``."""
    was, last = config.get("train", {}).get("steps", total), max(step - 1, 0)
    values = [(f"{part.key}.{name}", value) for part in resolved.parts for name, value in part.params.items()]
    moved = [key for key, value in values if at(value, last, was) != at(value, last, total)]
    moved += ["schedule"] if schedule.plan(last, was) != schedule.plan(last, total) else []
    return [f"{', '.join(moved)}: at step {step} not the same of {total} steps as of {was}, so the run has a break here"] if moved else []


def find_owed(step: int, config: RunConfig, metrics: Sequence[str], record: Record, directory: Path) -> list[str]:
    """What a kill or a signal kept from being written after ``step``: what is due, with ``metrics``, and not in the record.

    Of a run that ended as finished, the files that have gone since.
    """
    last = step >= config.train.steps
    finished = last and record.outcome == "finished"
    weights = [metadata(directory / WEIGHTS / f"{side}.safetensors").get("step") for side in ("generator", "critic")]
    saved = (finished or step in record.checkpoint_steps) and weights == [step, step]
    owed = [] if saved else [SAVED]  # weights and line follow the file
    if step and (last or step % config.sample.every == 0):
        drawn = (finished or step in record.sample_steps) and (directory / sample_file(step)).is_file()
        owed += [] if drawn else [GRID]
    if finished:
        return [*owed, END] if owed else []
    tried = {found.metric for found in record.evaluations if found.step == step and found.by_run}
    tried |= {metric for at, metric in record.failed_metrics if at == step}
    owed += [name for name in metrics if step and name not in tried]
    return [*owed, END] if last else owed
