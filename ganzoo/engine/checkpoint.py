"""One ``save`` and one ``load`` for everything that a run continues from.

A file is one line of text (magic, format, sha256 of the rest) and a torch archive of tensors and primitives. It is
written whole or not at all, verified before use, and read with ``weights_only=True``: nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically

FORMAT = 1
MAGIC = b"ganzoo-checkpoint"
SUFFIX = ".ckpt"

State = dict[str, Any]
"""Tensors, numbers, strings, None, and lists and dicts of them."""


def encode(state: State) -> bytes:
    """``state`` as the content of a checkpoint file."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    body = buffer.getvalue()
    return b"%s %d %s\n" % (MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode()) + body


def decode(content: bytes, name: str) -> State:
    """What ``encode`` was given.

    Args:
        content: a checkpoint file's bytes.
        name: the file, for messages.

    Raises:
        UserError: where it is not a checkpoint, damaged, or of another format.
    """
    head, newline, body = content.partition(b"\n")
    words = head.split(b" ")
    if not newline or len(words) != 3 or words[0] != MAGIC:
        raise UserError(f"{name} is not a ganzoo checkpoint", "name a file of a run's checkpoints folder")
    if words[1] != b"%d" % FORMAT:
        raise UserError(
            f"{name} has checkpoint format {words[1].decode('ascii', 'replace')}, this ganzoo-core reads {FORMAT}", "upgrade ganzoo-core"
        )
    if hashlib.sha256(body).hexdigest().encode() != words[2]:
        raise UserError(f"{name} is damaged (its checksum does not match)", "use an older checkpoint")
    try:
        state: State = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a forged archive; none of them is ours to tell apart
        raise UserError(f"{name} cannot be read ({type(error).__name__})", "use an older checkpoint") from error
    if not isinstance(state, dict):
        raise UserError(f"{name} holds no state of a run", "use an older checkpoint")
    return state


def save(folder: Path, step: int, state: State, keep: int) -> Path:
    """Write ``folder/step-XXXXXXXX.ckpt`` and drop all but the newest ``keep``.

    Raises:
        GanzooError: where the disk refuses; older checkpoints are intact.
    """
    path = folder / file_name(step)
    write_atomically(path, encode(state))
    for old in existing(folder)[keep:]:
        try:
            old.unlink(missing_ok=True)
        except OSError as error:
            raise GanzooError(f"cannot remove {old}: {error.strerror}; {path.name} is written and whole") from error
    return path


def load(folder: Path, warn: Callable[[str], None], run: str = "") -> tuple[Path, State]:
    """The newest checkpoint that is whole.

    Args:
        folder: the checkpoints.
        warn: is told of each that is not whole.
        run: identity of the run that goes on; "" where it has none: it was begun before runs had one.

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
        if path.name != (right := file_name(int(state.get("step", 0)))):
            raise UserError(f"{path} does not hold the step that its name says", f"call it {right} again, or move it away")
        return path, state
    raise UserError(f"{folder} holds no usable checkpoint", "start again with another --out")


def existing(folder: Path) -> list[Path]:
    """The checkpoint files in ``folder``, newest first."""
    return sorted(folder.glob(f"step-*{SUFFIX}"), reverse=True)


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
    import shutil

    free = shutil.disk_usage(folder).free
    if free < copies * size:
        raise GanzooError(f"{folder} has {free / 1e6:.0f} MB free, {copies} checkpoints need {copies * size / 1e6:.0f} MB; free some space")
