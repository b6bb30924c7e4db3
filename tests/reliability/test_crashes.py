"""A save that is cut off anywhere leaves a checkpoint that is whole: ``kill -9`` at random, and a crash at each system call."""

import errno
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from ganzoo.errors import GanzooError
from ganzoo.rundir import checkpoint

SAVER = Path(__file__).with_name("saver.py")
STATE = {"networks": {"generator": {"weight": torch.arange(5000.0)}}}


def struck(saver, kills):
    """What a save loop leaves behind that is killed so many times."""
    done = subprocess.run(
        [sys.executable, SAVER, f"{saver}-saves", saver, str(kills), "0"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kills", [40, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.promise("Kill it", "kill -9 at random moments of a save loop: every checkpoint loads, no acknowledged save is lost")
def test_no_save_is_lost_to_kill_9(kills, found):
    left = struck("ganzoo", kills)
    assert (left["unloadable"], left["lost"]) == (0, 0)
    assert left["within a save"] > kills / 10  # otherwise nothing was shown
    found(f"{kills} kills, {left['within a save']} within a save: {left['unloadable']} unloadable, {left['lost']} lost")


@pytest.mark.slow
@pytest.mark.promise("Kill it", "The same test finds out a saver that is a plain torch.save over the old file")
def test_saving_in_place_is_found_out(found):
    left = struck("in-place", 20)
    assert left["unloadable"] > 5
    found(f"{left['kills']} kills: {left['unloadable']} unloadable")


CALLS = ("open", "write", "fsync", "chmod", "replace", "unlink", "close", "mkdir")
"""What a save asks of the system. ``write`` is that of the opened file."""


@contextmanager
def crashing(at, crash):
    """The ``at``-th system call from 1 on calls ``crash`` instead, a write after half of its bytes; gives the calls made."""
    made = []

    def count(name, act, first_half=lambda: None):
        made.append(name)
        if len(made) == at:
            first_half()
            crash()
        return act()

    class File:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, content):
            return count("write", lambda: self.file.write(content), lambda: self.file.write(content[: len(content) // 2]))

        def __getattr__(self, name):
            return getattr(self.file, name)

    def shim(name, original):
        return lambda *args, **kwargs: count(name, lambda: original(*args, **kwargs))

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            if name != "write":
                patch.setattr(os, name, shim(name, getattr(os, name)))
        fdopen = os.fdopen
        patch.setattr(os, "fdopen", lambda *args, **kwargs: File(fdopen(*args, **kwargs)))
        yield made


def prepared(name):
    folder = Path(name)
    for step in (1, 2):
        checkpoint.save(folder, step, STATE | {"step": step}, keep=2)
    return folder


def save_third(folder):
    checkpoint.save(folder, 3, STATE | {"step": 3}, keep=2)


def calls_of_a_save():
    folder = prepared("counted")
    with crashing(0, None) as made:
        save_third(folder)
    return made


def loaded(folder):
    return checkpoint.load(folder, pytest.fail)[1]["step"]


def refuse():
    raise OSError(errno.ENOSPC, "No space left on device")


def in_a_child(act):
    """Run ``act`` in a forked process and return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


@pytest.mark.promise("Kill it", "A process that dies at any system call of a save leaves the old or the new checkpoint, whole")
def test_death_at_each_system_call_of_a_save(found):
    made = calls_of_a_save()
    assert {"open", "write", "fsync", "replace", "unlink"} <= set(made)
    steps = []
    for at in range(1, len(made) + 1):
        folder = prepared(f"dies-{at}")

        def dies(at=at, folder=folder):
            with crashing(at, lambda: os._exit(9)):
                save_third(folder)

        assert in_a_child(dies) == 9, made[at - 1]
        steps.append(loaded(folder))
    assert steps == sorted(steps)
    assert set(steps) == {2, 3}
    found(f"{len(made)} calls ({', '.join(made)}): {steps.count(2)} times the old one, {steps.count(3)} times the new one")


@pytest.mark.promise(
    "Kill it", "A save that the system refuses at any call fails in words, with the old checkpoint intact and nothing half-written"
)
def test_refusal_at_each_system_call_of_a_save(found):
    made = calls_of_a_save()
    harmless, said = [], []
    for at, call in enumerate(made, 1):
        folder = prepared(f"refused-{at}")
        with crashing(at, refuse):
            try:
                save_third(folder)
                harmless.append(call)
            except GanzooError as error:
                said.append(str(error))
        assert loaded(folder) in (2, 3)
        assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [], call
        save_third(folder)
        assert loaded(folder) == 3
    assert harmless == ["mkdir"]  # of a folder that is there
    assert len(said) == len(made) - 1
    assert all("No space left on device" in text for text in said)
    found(f"{len(made)} calls refused: 0 half-written files, 0 checkpoints lost")
