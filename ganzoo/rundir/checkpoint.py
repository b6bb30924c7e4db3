"""Checkpoints: one ``save`` and one ``load`` for everything that a run continues from.

A file is a torch archive of tensors and primitives, which ``torch.load(path, weights_only=True)`` reads, and a line with its
checksum. It is written whole or not at all, and verified before use: nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch

from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically

FORMAT = 2
SUFFIX = ".ckpt"
LINE = re.compile(rb"ganzoo-checkpoint (\d+) ([0-9a-f]{64})\n")
"""Format and sha256 of the rest of the file: its last line, as a comment of the archive; of format 1 its first."""
LENGTH = len(b"ganzoo-checkpoint 2 \n") + 64

State = dict[str, Any]
"""Tensors, numbers, strings, None, and lists and dicts of them."""


def encode(state: State) -> bytes:
    """``state`` as the content of a checkpoint file."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return sealed(buffer.getvalue())


def sealed(archive: bytes) -> bytes:
    """An archive with the line that tells damage."""
    archive = archive[:-2] + LENGTH.to_bytes(2, "little")  # where zip says how long its comment is
    return archive + b"ganzoo-checkpoint %d %s\n" % (FORMAT, hashlib.sha256(archive).hexdigest().encode())


def decode(content: bytes, name: str) -> State:
    """What ``encode`` was given; ``name`` is the file's, for messages.

    Raises:
        UserError: where it is not a checkpoint, damaged, or of another format.
    """
    first, last = LINE.match(content), LINE.fullmatch(content, max(len(content) - LENGTH, 0))
    if first:
        line, body = first, content[first.end() :]
    elif last:
        line, body = last, content[: last.start()]
    elif content.startswith((b"PK", b"ganzoo-checkpoint")):
        raise UserError(f"{name} is damaged (it lacks its checksum)", "use an older checkpoint")
    else:
        raise UserError(f"{name} is not a ganzoo checkpoint", "name a file of a run's checkpoints folder")
    if int(line[1]) != (1 if first else FORMAT):
        raise UserError(f"{name} has checkpoint format {int(line[1])}, this ganzoo-core reads {FORMAT}", "upgrade ganzoo-core")
    if hashlib.sha256(body).hexdigest().encode() != line[2]:
        raise UserError(f"{name} is damaged (its checksum does not match)", "use an older checkpoint")
    try:
        state: State = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a forged archive; none of them is ours to tell apart
        raise UserError(f"{name} cannot be read ({type(error).__name__})", "use an older checkpoint") from error
    if not isinstance(state, dict):
        raise UserError(f"{name} holds no state of a run", "use an older checkpoint")
    return state


def is_checkpoint(path: Path) -> bool:
    """Whether a file has the line of a checkpoint."""
    with path.open("rb") as file:
        first = file.read(LENGTH)
        file.seek(max(path.stat().st_size - LENGTH, 0))
        return bool(LINE.match(first) or LINE.fullmatch(file.read()))


def save(folder: Path, step: int, state: State, keep: int, best: Callable[[Collection[int]], int | None] = lambda steps: None) -> Path:
    """Write ``folder/step-XXXXXXXX.ckpt`` and drop all but the newest ``keep`` and the one that ``best`` chooses among the steps there.

    Raises:
        GanzooError: where the disk refuses; older checkpoints are intact.
    """
    path = folder / file_name(step)
    write_atomically(path, encode(state))
    there = existing(folder)
    chosen = best([step_of(each) for each in there])
    for old in (each for each in there[keep:] if step_of(each) != chosen):
        try:
            old.unlink(missing_ok=True)
        except OSError as error:
            raise GanzooError(f"cannot remove {old}: {error.strerror}; {path.name} is written and whole") from error
    return path


def load(folder: Path, warn: Callable[[str], None], run: str = "") -> tuple[Path, State]:
    """The newest checkpoint that is whole; ``warn`` is told of each that is not.

    ``run`` is the identity of the run that goes on; "" where it has none: it was begun before runs had one.

    Raises:
        UserError: where there is none, another run wrote it, or its name says another step than it holds.
    """
    for path in existing(folder):
        try:
            state = decode(path.read_bytes(), str(path))
        except (UserError, OSError) as error:
            warn(f"{error}; falling back to the checkpoint before it")
            continue
        if run and state.get("run", run) != run:
            raise UserError(f"{path} belongs to another run than its folder", "move it away, or choose another --out")
        step = state.get("step")
        if isinstance(step, int) and path.name != file_name(step):
            raise UserError(f"{path} does not hold the step that its name says", f"call it {file_name(step)} again, or move it away")
        return path, state
    raise UserError(f"{folder} holds no usable checkpoint", "start again with another --out")


def existing(folder: Path) -> list[Path]:
    """The checkpoint files in ``folder``, newest first."""
    return sorted(folder.glob(f"step-*{SUFFIX}"), reverse=True)


def step_of(path: Path) -> int:
    """The step of a checkpoint file; -1 where its name has none."""
    digits = path.stem.removeprefix("step-")
    return int(digits) if digits.isascii() and digits.isdecimal() else -1


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that no run was begun in and that holds checkpoints: a run would drop them, or its own, as older ones.

    Those of step 0 were left by a run that was killed before its first step.

    Raises:
        UserError: naming the newest.
    """
    trained = [path for path in existing(folder) if path.name != file_name(0)]
    if trained:
        raise UserError(f"{folder.parent} holds checkpoints of another run ({trained[0].name})", "choose another folder", key="--out")


def file_name(step: int) -> str:
    """The checkpoint of a step."""
    return f"step-{step:08d}{SUFFIX}"


def check_space(folder: Path, size: int, copies: int) -> None:
    """Refuse a folder whose disk cannot take ``copies`` files of ``size`` bytes.

    Raises:
        GanzooError: saying how much is free and how much is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < copies * size:
        raise GanzooError(f"{folder} has {free / 1e6:.0f} MB free, {copies} checkpoints need {copies * size / 1e6:.0f} MB; free some space")
