"""The players that a check works on, and its verdict."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ganzoo.config import RunConfig
from ganzoo.errors import ContractError
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Schedule


class MisfitError(ContractError):
    """The components do not fit each other or the data; ``problems`` holds every reason with its key."""

    problems: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Problem:
    """One reason why a combination is refused: the configuration key concerned, what is wrong, what to do."""

    key: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


@dataclass
class Verdict:
    """The findings of a check: ``problems`` refuse the combination, ``notes`` are worth knowing."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether nothing refuses the combination."""
        return not self.problems

    def refuse(self, config: RunConfig) -> None:
        """Raise the first problem, with its place in the configuration.

        Raises:
            MisfitError: carrying all of them.
        """
        if self.problems:
            first, more = self.problems[0], len(self.problems) - 1
            what = f"{first.what} (and {more} more; see 'ganzoo check')" if more else first.what
            error = MisfitError(what, first.remedy, key=config.key(first.key), where=config.where(first.key))
            error.problems = [(config.key(problem.key), str(problem)) for problem in self.problems]
            raise error


@dataclass
class Players:
    """Built instances of one combination."""

    generator: Generator
    critic: Critic
    losses: dict[str, Loss]
    schedule: Schedule

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The two players."""
        return {"generator": self.generator, "critic": self.critic}

    @property
    def components(self) -> Mapping[str, Any]:
        """All of them by their key in a configuration: "generator", "critic", "loss.0", ..., "schedule"."""
        losses = {f"loss.{i}": loss for i, loss in enumerate(self.losses.values())}
        return {**self.networks, **losses, "schedule": self.schedule}

    def key_of(self, error: BaseException) -> str:
        """The key of the component whose code ``error`` came out of last; "" where it came out of none."""
        found = ""
        for frame, _ in traceback.walk_tb(error.__traceback__):
            met = [frame.f_locals.get(name) for name in ("self", "network")]  # ``network`` is what a Turn runs
            found = next((key for key, component in self.components.items() if any(each is component for each in met)), found)
        return found


def join(names: Iterable[str]) -> str:
    """Names for a sentence."""
    return ", ".join(sorted(names)) or "nothing"


def name_of(component: object) -> str:
    """What a message calls an instance."""
    return type(component).__name__


def reason_of(error: BaseException) -> str:
    """An exception that a plugin's code raised, in one line."""
    name = type(error).__name__
    if "DataDependent" in name or "DynamicOutputShape" in name:
        return f"a component reads a tensor's value ({' '.join(str(error).split())[:80]}), which would stop the device at every step"
    return f"{name}: {' '.join(str(error).split())[:300]}"


def remedy_for(error: Exception) -> str:
    """What to do about it: torch says by a RuntimeError or a ValueError that shapes do not fit, and by their heirs other things."""
    if type(error) in (RuntimeError, ValueError):
        return "choose components whose shapes fit, or repair the component"
    return "repair the component, or choose another"
