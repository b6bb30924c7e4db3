"""Files and words that an observer leaves behind of a short run that is made up for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pluggy
from PIL import Image

from ganzoo import hookspecs
from ganzoo.rundir.directory import now
from ganzoo.rundir.lines import append_event
from ganzoo.ui.pictures import save_png

from .subject import Subject

STEPS = (1, 2)


def traces(subject: Subject) -> Iterator[tuple[str, Any]]:
    """Names and contents of what it writes and prints, where two identical runs leave the same; sizes or names of the rest."""
    first, second = _told(subject), _told(subject)
    for name, content in first.items():
        other = second.get(name)
        yield name, content if content == other else len(content) if other is not None and len(content) == len(other) else None


def _told(subject: Subject) -> dict[str, bytes]:
    """The files of a run directory that the observer made or changed, digits of names aside, and what it printed."""
    printed = StringIO()
    with tempfile.TemporaryDirectory() as temporary, redirect_stdout(printed), redirect_stderr(printed):
        folder = Path(temporary)
        before = {path: path.read_bytes() for path in _life(subject, folder)}
        after = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        written = {
            re.sub(r"\d+", "0", str(path.relative_to(folder))): content for path, content in after.items() if before.get(path) != content
        }
    return written | {"printed": printed.getvalue().replace(temporary, "").encode()}


def _life(subject: Subject, folder: Path) -> list[Path]:
    """Tell it the run; the files that the run itself wrote."""
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    manager.register(subject.build())
    tell, own = manager.hook, [folder / "config.yaml", folder / "metrics.jsonl", folder / "grid.png"]
    own[0].write_text("train: {steps: 2}\n", encoding="utf-8")
    save_png(Image.new("RGB", (8, 8)), own[2])
    append_event(folder, "started", step=0, time=now())
    tell.run_started(directory=folder, config={"train": {"steps": STEPS[-1]}}, step=0)
    for step in STEPS:
        append_event(folder, "log", step=step, seconds=1.0, **{"critic/loss": 0.5 / step})
        tell.step_logged(step=step, values={"critic/loss": 0.5 / step})
        tell.samples_saved(step=step, path=own[2])
        tell.evaluated(step=step, metric="score", values={"score": 1.0 * step})
        tell.checkpoint_saved(step=step, path=own[2])
    append_event(folder, "finished", step=STEPS[-1], time=now())
    tell.run_finished(step=STEPS[-1], outcome="finished")
    return own
