"""The metric that chooses the best of a run's checkpoints, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.errors import UserError, did_you_mean

from .settings import RunConfig

if TYPE_CHECKING:
    from .resolved import ResolvedPart


def check_best(config: RunConfig, metrics: Sequence[ResolvedPart]) -> None:
    """See that checkpoints are measured by the metric that chooses among them.

    Raises:
        UserError: where ``checkpoint.best.metric`` is not one metric of the run, ranks nothing, or is measured between checkpoints.
    """
    if config.checkpoint.best is None:
        return
    name, every = config.checkpoint.best.metric, config.checkpoint.every
    found = [part for part in metrics if part.name == name]
    if len(found) != 1:
        what = f"'{name}' is {'several' if found else 'none'} of the run's metrics"
        remedy = "list it once" if found else did_you_mean(name, [part.name for part in metrics], noun="metrics")
    elif not any(getattr(found[0].cls, "better", {}).values()):
        what, remedy = f"no number of '{name}' says which way is better", "name another metric"
    elif found[0].every is None or found[0].every % every:
        what = f"'{name}' is measured {'at the end only' if found[0].every is None else 'where there is no checkpoint'}"
        remedy = f"set its every to {every}, as checkpoint.every is, or to a multiple"
    else:
        return
    raise UserError(what, remedy, key="checkpoint.best.metric", where=config.where("checkpoint.best.metric"))
