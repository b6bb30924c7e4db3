"""A save loop whose process is killed at random moments, many times over; prints what was found, as JSON.

    python saver.py FOLDER SAVER KILLS SEED

SAVER is ``ganzoo``, or ``in-place``: a plain ``torch.save`` over the old file, which must be found out. One process
imports torch and forks the others, so that a kill costs milliseconds.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from ganzoo.errors import UserError
from ganzoo.files import TEMPORARY, remove_leftovers
from ganzoo.rundir import checkpoint

STATE = {"networks": {"generator": {"weight": torch.arange(300_000.0)}}}
"""1.2 MB: writing it takes long enough to be struck."""
LONGEST = 0.03
"""Seconds from the first acknowledged save to the kill, at most: some ten saves."""


def save_in_place(folder, step):
    torch.save(STATE | {"step": step}, folder / "latest.pt")


def load_in_place(folder):
    try:
        return torch.load(folder / "latest.pt", weights_only=True)["step"]
    except Exception:
        return None


def save_whole(folder, step):
    checkpoint.save(folder, step, STATE | {"step": step}, keep=2)


def load_whole(folder):
    """The newest step, where every checkpoint there is whole."""
    try:
        return checkpoint.load(folder, warned)[1]["step"]
    except UserError:
        return None


def warned(text):
    raise UserError(text)


SAVERS = {"ganzoo": (save_whole, load_whole), "in-place": (save_in_place, load_in_place)}


def save_until_killed(save, folder, first, acknowledge):
    """Save step after step; each is acknowledged once ``save`` has returned."""
    for step in range(first, first + 1_000_000):
        save(folder, step)
        os.write(acknowledge, step.to_bytes(8, "big"))


def strike(save, folder, first, seconds):
    """Fork a saver, kill it ``seconds`` after its first save; the last acknowledged step."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        save_until_killed(save, folder, first, write)
    os.close(write)
    last = int.from_bytes(os.read(read, 8), "big")
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while acknowledged := os.read(read, 8):
        last = int.from_bytes(acknowledged, "big")
    os.close(read)
    return last


def main(folder, saver, kills):
    torch.set_num_threads(1)
    save, load = SAVERS[saver]
    found = {"kills": kills, "within a save": 0, "unloadable": 0, "lost": 0, "saves": 0}
    first = 1
    for _ in range(kills):
        last = strike(save, folder, first, random.uniform(0, LONGEST))
        found["saves"] += last - first + 1
        found["within a save"] += bool(list(folder.glob(f".*{TEMPORARY}")))
        remove_leftovers(folder)
        step = load(folder)
        found["unloadable"] += step is None
        found["lost"] += step is not None and step < last
        first = last + 2  # the step that was under way may be there or not
    print(json.dumps(found))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir()
    random.seed(int(sys.argv[4]))
    main(folder, sys.argv[2], int(sys.argv[3]))
