"""Two runs in one folder: one wins, the other names it; a killed run's folder is free at once, whoever of its children lives on."""

import os
import signal
import time
from pathlib import Path

import pytest

from ganzoo.errors import UserError
from ganzoo.rundir.directory import RunDirectory


def contend(folder, gate, report, before=lambda: None):
    """A forked process that takes ``folder`` when the gate opens, reports how that went, and waits for its end."""
    child = os.fork()
    if child:
        return child
    try:
        os.read(gate, 1)
        try:
            held = RunDirectory(Path(folder), resume=True)
            before()
            text = f"won {os.getpid()} {held.path}"
        except UserError as error:
            text = f"lost {os.getpid()} {error}"
        os.write(report, (text + "\n").encode())
        time.sleep(120)
    finally:
        os._exit(1)


def kill(*processes):
    for process in processes:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def reports(descriptor, count):
    text = b""
    while text.count(b"\n") < count:
        text += os.read(descriptor, 4096)
    return sorted(text.decode().splitlines())


@pytest.mark.promise(
    "Disk and folders", "Two processes race for one folder: one wins, the loser names its process id; after kill -9 it is free"
)
def test_one_of_two_wins_and_the_other_names_it(found):
    for race in range(20):
        gate, opened = os.pipe()
        heard, report = os.pipe()
        folder = f"race-{race}"
        both = [contend(folder, gate, report) for _ in range(2)]
        os.write(opened, b"go")
        lost, won = reports(heard, 2)
        kill(*both)
        for descriptor in (gate, opened, heard, report):
            os.close(descriptor)
        winner = won.split()[1]
        assert won.startswith("won ")
        assert lost.partition(" ")[2].partition(" ")[2] == (
            f"--out: {folder} is in use by process {winner}; wait for it, or choose another folder"
        )
        RunDirectory(Path(folder), resume=True).close()
    found("20 races: 20 winners, 20 losers that name the winner, 20 folders free after kill -9")


@pytest.mark.promise("Disk and folders", "A killed run's folder is free at once though a child of it lives on")
def test_a_child_that_lives_on_keeps_nobody_out(found):
    gate, opened = os.pipe()
    heard, report = os.pipe()
    inner, told = os.pipe()

    def leave_a_child():
        child = os.fork()
        if child == 0:
            time.sleep(120)
            os._exit(0)
        os.write(told, child.to_bytes(8, "big"))

    run = contend("out", gate, report, leave_a_child)
    os.write(opened, b"g")
    assert reports(heard, 1)[0].startswith("won ")
    child = int.from_bytes(os.read(inner, 8), "big")
    with pytest.raises(UserError, match=f"in use by process {run}"):
        RunDirectory(Path("out"), resume=True)
    kill(run)
    os.kill(child, 0)  # it is there
    RunDirectory(Path("out"), resume=True).close()
    os.kill(child, signal.SIGKILL)
    found("restarted at once")


def test_a_lock_file_that_was_removed_by_its_last_holder_keeps_nobody_out(monkeypatch):
    """Between opening and locking, the file may be removed by the run that held it: then the new one is locked."""
    from ganzoo.rundir import lock

    lockf, tries = lock.fcntl.lockf, []

    def slow(file, operation):
        tries.append(file)
        if len(tries) == 1:
            Path("out/.lock").unlink()
        return lockf(file, operation)

    monkeypatch.setattr(lock.fcntl, "lockf", slow)
    held = RunDirectory(Path("out"), resume=True)
    assert len(tries) == 2
    held.check_held()
    held.close()


@pytest.mark.slow
@pytest.mark.promise("Disk and folders", "Two commands started at once: one trains, the other ends with 2 and names it")
def test_two_commands_at_once(start, found):
    for race in range(5):
        both = [start("run", "ring.yaml", "--quiet", "--out", f"out-{race}", "-o", "train.steps=1000000") for _ in range(2)]
        while all(process.poll() is None for process in both):
            time.sleep(0.05)
        loser, winner = both if both[0].poll() is not None else both[::-1]
        _, err = loser.communicate()
        assert (loser.returncode, err) == (
            2,
            f"ganzoo: error: --out: out-{race} is in use by process {winner.pid}; wait for it, or choose another folder\n",
        )
        winner.kill()
        winner.communicate()
    found("5 races: 5 losers that name the winner")
