"""Parameters that a first version had: files of then are told what they say today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.errors import UserError

DECAY = ("ganzoo-core/alternate", "decay_from")
"""Schedule and parameter; 1 meant never."""


def without_retired(component: str, params: Mapping[str, Any], version: str = "") -> Mapping[str, Any]:
    """``params`` without what has gone and did nothing.

    Args:
        component: the qualified name whose parameters they are.
        params: as they are written.
        version: of ganzoo-core, where the configuration records it.

    Raises:
        UserError: where one did something.
    """
    start = params.get(DECAY[1])
    if component != DECAY[0] or isinstance(start, bool) or not isinstance(start, int | float):
        return params
    if start < 1:
        raise UserError(*decayed(start, version), key=DECAY[1])
    return {name: value for name, value in params.items() if name != DECAY[1]}


def decayed(start: float, version: str = "") -> tuple[str, str]:
    """What to say of a schedule that lets the rates fall from the share ``start`` of the run on: what is wrong, and a remedy."""
    curve = f"{{lr: {{from: LR, to: 0, start: {start:g}}}}}"
    what = "learning rates fall along curves of the optimizers now"
    return what, f"write it so in optimizer.generator and optimizer.critic: {curve}; to resume a run that was begun with it, use the " + (
        f"ganzoo-core {version} that it names" if version else "version of ganzoo-core that its config.yaml names"
    )


def refuse_retired(recorded: Mapping[str, Any], folder: object) -> None:
    """Refuse to go on with a run whose recorded configuration asks for what has gone.

    Raises:
        UserError: naming the version that it was begun with.
    """
    schedule, versions = recorded.get("schedule"), recorded.get("versions")
    if isinstance(schedule, Mapping) and schedule.get("name") == DECAY[0]:
        version = versions.get("ganzoo-core", "") if isinstance(versions, Mapping) else ""
        try:
            without_retired(DECAY[0], schedule, str(version))
        except UserError as error:
            what = f"{folder} was begun with {error.key}: {schedule[DECAY[1]]}, and {error.what}"
            raise UserError(what, error.remedy, key=f"schedule.{error.key}") from None
