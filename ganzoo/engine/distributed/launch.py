"""Launch under torchrun: from its environment variables to the ranks of a run, and to one clear line where they fail."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from ganzoo.engine.signals import die_with_parent, unwind_on_termination
from ganzoo.errors import UserError

from .ranks import ManyRanks, Ranks


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
    ranks = ManyRanks(meet(store, rank, size), rank, size, int(os.environ.get("LOCAL_RANK", rank)))
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


def meet(store: dist.Store, rank: int, size: int) -> dist.Store:
    """The part of ``store`` that only the processes of this start use.

    torchrun keeps its store when it starts processes again, and in it the addresses of those that are gone. So rank 0 makes up
    a name for the start, the others answer under it with names of their own, and rank 0 confirms what it got: the confirmation
    of an earlier start holds the names of others.
    """
    own = uuid.uuid4().hex
    if rank == 0:
        store.set("ganzoo/start", own)
        answers = [store.get(f"ganzoo/{own}/{other}").decode() for other in range(1, size)]  # waits for each
        store.set(f"ganzoo/{own}", " ".join(answers))
        return dist.PrefixStore(f"ganzoo/{own}", store)
    while True:
        start = store.get("ganzoo/start").decode()
        store.set(f"ganzoo/{start}/{rank}", own)
        if store.check([f"ganzoo/{start}"]) and own in store.get(f"ganzoo/{start}").decode().split():
            return dist.PrefixStore(f"ganzoo/{start}", store)
        time.sleep(0.05)
