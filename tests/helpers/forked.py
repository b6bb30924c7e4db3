"""Commands in processes of their own, forked from one that has torch and ganzoo imported: each costs what it does, not what it imports."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ganzoo.cli import main

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    ["torch", "torch._dynamo", "ganzoo.commands.run", "ganzoo.engine.distributed.launch", "ganzoo.engine.runner", "jinja2", "PIL.ImageFont"]
)
SECONDS = 300
"""After which a test gives up on a process."""


class Forked:
    """``ganzoo ARGUMENTS`` in the working directory, after ``before``, which is Python; used as a ``subprocess.Popen`` is."""

    def __init__(self, *arguments, before="", **environment):
        self._said = tempfile.TemporaryDirectory()
        task = (list(map(str, arguments)), before, {**os.environ, **environment}, str(Path.cwd()), self._said.name)
        self._process = context.Process(target=_run, args=task)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self):
        """The exit code; None while it runs."""
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def wait(self, timeout=SECONDS):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("ganzoo", timeout)
        return self.returncode

    def communicate(self, timeout=SECONDS):
        """What it wrote to stdout and to stderr until its end."""
        self.wait(timeout)
        return tuple(Path(self._said.name, name).read_text() for name in ("stdout", "stderr"))

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self._process.kill()


def ganzoo(*arguments, before="", **environment):
    """What ``subprocess.run`` gives for ``ganzoo ARGUMENTS``, text captured."""
    process = Forked(*arguments, before=before, **environment)
    out, err = process.communicate()
    return subprocess.CompletedProcess(["ganzoo", *arguments], process.returncode, out, err)


def _run(arguments, before, environment, folder, said):
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(Path(said, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["ganzoo", *arguments]
    exec(before)
    main()
