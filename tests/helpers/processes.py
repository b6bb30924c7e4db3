"""Functions and commands on several ranks, each a process that is forked from one with torch and ganzoo imported."""

import os
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from forked import SECONDS, context

from ganzoo.cli import invoke
from ganzoo.engine.distributed import ManyRanks

# Beginning processes.


def start(size, work, *arguments):
    """What ``work(ranks, *arguments)`` returns on each of ``size`` ranks, in order."""
    with tempfile.TemporaryDirectory() as folder:
        pipes, processes = [], []
        for rank in range(size):
            ours, theirs = context.Pipe(duplex=False)
            task = (theirs, str(Path(folder) / "store"), rank, size, dict(os.environ), work, arguments)
            processes.append(context.Process(target=_join_and_work, args=task, daemon=True))
            processes[-1].start()
            theirs.close()
            pipes.append(ours)
        try:
            answers = [pipe.recv() if pipe.poll(SECONDS) else ("no answer", None) for pipe in pipes]
        finally:
            for process in processes:
                process.join(5)
                process.kill()
    for trouble, _ in answers:
        assert not trouble, trouble
    return [result for _, result in answers]


def _join_and_work(pipe, store, rank, size, environment, work, arguments):
    os.environ.update(environment)
    torch.set_num_threads(1)
    try:
        pipe.send(("", work(ManyRanks(dist.FileStore(store, size), rank, size, rank), *arguments)))
    except BaseException:
        pipe.send((traceback.format_exc(), None))


@dataclass
class Command:
    """A ganzoo command as torchrun would start it: ``size`` processes, here without torchrun."""

    processes: list
    folder: Path
    store: dist.TCPStore

    def wait(self):
        """The exit codes, and what was written to stdout and stderr together."""
        for process in self.processes:
            process.join(SECONDS)
            assert process.exitcode is not None, "a process goes on"
        return [process.exitcode for process in self.processes], self.written()

    def written(self):
        return "".join(path.read_text() for path in sorted(self.folder.glob("rank-*.txt")))


def command(size, folder, *arguments, local=False):
    """Start ``ganzoo ARGUMENTS`` on ``size`` ranks in ``folder``; the store is held here, as torchrun's agent holds it."""
    store = dist.TCPStore("127.0.0.1", 0, None, is_master=True, wait_for_workers=False)
    shared = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    processes = []
    for rank in range(size):
        environment = {**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        task = (environment, str(folder), f"rank-{rank}.txt", list(map(str, arguments)))
        processes.append(context.Process(target=_invoke, args=task, daemon=True))
        processes[-1].start()
    return Command(processes, Path(folder), store)


def _invoke(environment, folder, name, arguments):
    os.environ.update(environment)
    os.chdir(folder)
    torch.set_num_threads(1)
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os._exit(_exit_code(arguments))


def _exit_code(arguments):
    try:
        return invoke(arguments)
    except SystemExit as end:
        return end.code
