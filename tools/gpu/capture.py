"""Stage D: a loss that passes the warm-up and fails when it is recorded. Training has to go on, and the note to name the cause.

Each way to fail is a process of its own, all at once: what one leaves behind must not be blamed on another.
"""

from __future__ import annotations

import subprocess
import sys

import torch
from gpu_kinds import KINDS
from torch import Tensor

from ganzoo.engine.graphs import GraphedUpdates
from ganzoo.engine.loop import Loop
from ganzoo.turn import Turn

from .training import Keeps, figure, loop_of, rehearsing, seed, weights

CAUSES = {"raises": "planted", "waits": "captur", "backward": "captur"}
"""How the loss fails to what the note has to hold: by an error of its own, by a wait, by a wait of its gradient."""


def main() -> int:
    """Try all ways; returns 1 where one ends badly."""
    arguments = rehearsing(__doc__, "how")
    if arguments.how:
        return fail(arguments.how, arguments.rehearse)
    more = ["--rehearse"] if arguments.rehearse else []
    if arguments.rehearse:
        return max(fail(how, True) for how in CAUSES)
    processes = {how: subprocess.Popen([sys.executable, "-m", "gpu.capture", how, *more]) for how in CAUSES}
    codes = {how: process.wait() for how, process in processes.items()}
    for how, code in codes.items():
        if code:
            figure(f"{how}, exit code", code)
    return int(any(codes.values()))


def fail(how: str, rehearse: bool) -> int:
    """Train with such a loss; returns 1 where training is not alive, or the note names another cause."""
    seed(0)
    stand_in = Keeps(tries=True)
    loop, notes = loop_of(KINDS["dcgan"], rehearse, recorder=stand_in)
    plant(loop, how, stand_in, rehearse)
    before = weights(loop.run)
    problems = []
    try:
        for _ in range(14):
            loop.step()
        loop.check()
        after = weights(loop.run)
        still = [name for name, value in after.items() if value.dim() > 1 and torch.equal(value, before[name])]
        problems += [f"weights that did not move: {still[:2]}"] if still else []
        problems += ["not finite"] if any(not value.isfinite().all() for value in after.values()) else []
        problems += [] if isinstance(loop.runner, GraphedUpdates) and loop.runner.refused else ["nothing was refused"]
    except Exception as error:
        problems.append(f"training died: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    note = notes[0] if notes else "nothing"
    problems += [] if CAUSES[how] in note and len(notes) == 1 else [f"the note names another cause than '{CAUSES[how]}'"]
    try:
        healthy, said = loop_of(KINDS["dcgan"], rehearse)
        for _ in range(8):
            healthy.step()
        healthy.check()
        problems += [f"a later run is not recorded: {said[0]}"] if said else []
    except Exception as error:
        problems.append(f"a later run died: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    figure(f"{how}, the note", note)
    figure(f"{how}, afterwards", "; ".join(problems) or "training goes on, and a later run is recorded")
    return int(bool(problems))


def plant(loop: Loop, how: str, stand_in: Keeps, rehearse: bool) -> None:
    """Let the first loss fail while it is recorded, and only then."""
    loss = next(iter(loop.run.losses.values()))
    terms = loss.critic_terms

    def wait(gradient: Tensor | None = None) -> None:
        if rehearse:
            raise RuntimeError("operation not permitted when stream is capturing")
        torch.cuda.synchronize()

    def failing(turn: Turn) -> dict[str, Tensor]:
        found = dict(terms(turn))
        if stand_in.capturing if rehearse else torch.cuda.is_current_stream_capturing():
            if how == "raises":
                raise RuntimeError("a planted error")
            if how == "waits":
                wait()
            next(iter(found.values())).register_hook(wait)  # type: ignore[no-untyped-call]
        return found

    loss.critic_terms = failing  # type: ignore[method-assign]


if __name__ == "__main__":
    raise SystemExit(main())
