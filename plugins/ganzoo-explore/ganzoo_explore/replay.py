"""Telling observers of a run after the fact: its ``metrics.jsonl`` holds all that they would have been told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo.config import ResolvedPart, strict_yaml
from ganzoo.engine.observers import Observers
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.rundir.files import check_run, file_in, read_environment
from ganzoo.rundir.lines import as_number
from ganzoo.rundir.record import logged_values, read_events, read_record
from ganzoo.ui.progress import Reporter


def replay(directory: Path, parts: Sequence[ResolvedPart], reporter: Reporter) -> int:
    """Tell observers the story of a run, in order, as if it happened now.

    Steps that a resumed run went back behind are told once, as they held. A run that is still going on, or was killed, is
    told up to its last line, and then as stopped.

    Args:
        directory: the run directory.
        parts: the observers.
        reporter: shows progress.

    Returns:
        How many events there were.

    Raises:
        UserError: where the folder holds no run.
        GanzooError: where an observer fails.
    """
    check_run(directory)
    config, events = strict_yaml.read(directory / "config.yaml").value, read_events(directory)
    observers = Observers(parts, data=_data_of(directory), reporter=reporter)
    record = read_record(directory)
    observers.tell("run_started", directory=directory, config=config, step=0)
    with reporter.task("replaying", len(events), unit="events") as task:
        for event in events:
            if observers.failed:
                break
            _tell(observers, directory, event)
            task.advance()
    observers.tell("run_finished", step=record.last_step, outcome=record.outcome or "stopped")
    if observers.failed:
        raise GanzooError(f"{directory} was not told in full: {', '.join(observers.failed)} failed, for the reason above")
    return len(events)


def _tell(observers: Observers, directory: Path, event: dict[str, Any]) -> None:
    kind, step = event["event"], event.get("step") or 0  # that of weights from elsewhere is not known
    if kind == "log":
        observers.tell("step_logged", step=step, values=logged_values(event))
    elif kind == "evaluated":
        numbers = {key: value if (number := as_number(value)) is None else number for key, value in event.get("values", {}).items()}
        observers.tell("evaluated", step=step, metric=event.get("metric", ""), values=numbers)
    elif kind in ("samples", "checkpoint") and (path := file_in(directory, str(event.get("file", "")))):
        observers.tell(f"{kind}_saved", step=step, path=path)


def _data_of(directory: Path) -> DataSpec:
    try:
        return DataSpec.from_json(read_environment(directory)["data"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            "its env.json does not say what the data was", "name a folder that 'ganzoo run' made", where=str(directory)
        ) from error
