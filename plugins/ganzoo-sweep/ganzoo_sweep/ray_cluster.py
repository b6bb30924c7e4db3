"""Running trials on a Ray cluster, or on Ray's workers of this machine. Needs the extra ``ganzoo-sweep[ray]``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ganzoo.engine.signals import Stop
from ganzoo.errors import GanzooError, UserError

from .process import POLL_SECONDS, Job, run_trial
from .running import Executor


def on_ray(address: str, cpus: float, gpus: float) -> Executor:
    """An executor that runs trials as Ray's tasks, as many at once as the cluster has room for.

    Args:
        address: of the cluster: "auto", "ray://HOST:PORT" or "HOST:PORT"; "local" starts Ray on this machine.
        cpus: CPU cores of a trial.
        gpus: GPUs of a trial; a fraction shares one.

    Raises:
        UserError: where Ray is not installed, or there is no cluster at that address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody asked for it to tell its makers
    try:
        import ray
    except ImportError as error:
        raise UserError("Ray is not installed", "pip install 'ganzoo-sweep[ray]'", key="--ray") from error

    def execute(jobs: Sequence[Job], stop: Stop, show: Callable[[Sequence[Job]], None]) -> Iterator[tuple[Job, int]]:
        _connect(ray, address)
        try:
            yield from _execute(ray, jobs, stop, show, cpus, gpus)
        finally:
            ray.shutdown()

    return execute


def _connect(ray: Any, address: str) -> None:
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        remedy = "start one (ray start --head), or write --ray local"
        raise UserError(f"there is no Ray cluster at '{address}' ({error})", remedy, key="--ray") from error


def _execute(
    ray: Any, jobs: Sequence[Job], stop: Stop, show: Callable[[Sequence[Job]], None], cpus: float, gpus: float
) -> Iterator[tuple[Job, int]]:
    _refuse_too_small(ray, cpus, gpus)
    # A node that goes away takes its trial with it: it goes on elsewhere, from its last checkpoint.
    remote = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=2)(run_trial)
    pending = {remote.remote(job): job for job in jobs}
    asked = False
    while pending:
        ready, _ = ray.wait(list(pending), timeout=POLL_SECONDS)
        if stop.signal and not asked:
            asked = True
            for reference in pending:
                ray.cancel(reference)
        for reference in ready:
            job = pending.pop(reference)
            yield job, _exit_code(ray, reference, job)
        show([job for job in pending.values() if job.log.exists()])


def _exit_code(ray: Any, reference: Any, job: Job) -> int:
    try:
        code: int = ray.get(reference)
    except (ray.exceptions.TaskCancelledError, KeyboardInterrupt):
        return 143
    except ray.exceptions.RayError as error:
        with job.log.open("a", encoding="utf-8") as log:
            log.write(f"ganzoo: error: Ray lost the trial: {' '.join(str(error).split())[:300]}\n")
        return GanzooError.exit_code
    return code


def _refuse_too_small(ray: Any, cpus: float, gpus: float) -> None:
    """A trial that fits on no node would wait for ever."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        largest = ", ".join(f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes)
        what = f"no node has {cpus:g} CPUs and {gpus:g} GPUs for a trial (nodes: {largest})"
        raise UserError(what, "lower --cpus or --gpus", key="--ray")
