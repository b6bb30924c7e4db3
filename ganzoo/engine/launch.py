"""From torchrun's environment variables to the ranks of a run, and to one clear line where they fail."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from ganzoo.errors import UserError

from .distributed import ManyRanks, Ranks
from .signals import die_with_parent, unwind_on_termination


@contextmanager
def joined() -> Iterator[Ranks]:
    """The ranks of the run that this process belongs to, by torchrun's environment variables; their end too.

    Where several fail, the first speaks for all: the others end with their exit code and without a word.

    Raises:
        UserError: where the environment is incomplete.
        GanzooError: where the processes cannot reach each other.
    """
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UserError(f"WORLD_SIZE is set, but {', '.join(missing)} not", "start the processes with torchrun, or unset WORLD_SIZE")
    die_with_parent()
    store, rank, size = next(iter(dist.rendezvous("env://")))  # type: ignore[no-untyped-call]
    ranks = ManyRanks(store, rank, size, int(os.environ.get("LOCAL_RANK", rank)))
    try:
        # Where a process dies, torchrun sends SIGTERM to the others, which find out by themselves and have something to say.
        with unwind_on_termination(unless=lambda: ranks.lost_peer):
            yield ranks
            ranks.leave()
    except Exception as error:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is ending already
        if ranks.is_first_to_fail():
            raise
        raise SystemExit(getattr(error, "exit_code", 3)) from None
