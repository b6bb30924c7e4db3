"""Build a combination on fake memory, and collect what refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Schedule

from .declared import static_notes, static_problems
from .dry_run import dry_run, fake_tensors
from .verdict import Players, Problem, Verdict, reason_of


class Buildable(Protocol):
    """A chosen component with its parameters: what ``config.ResolvedPart`` is."""

    @property
    def name(self) -> str:
        """The component's name."""

    def build(self, data: DataSpec) -> Any:
        """An instance for ``data``."""


Part = TypeVar("Part", bound=Buildable)


def check(generator: Buildable, critic: Buildable, losses: Sequence[Buildable], schedule: Buildable, data: DataSpec) -> Verdict:
    """Whether the combination fits the data: static rules first, then a dry run of both turns.

    Args:
        generator: the chosen generator, built here on fake memory, as are the others.
        critic: the chosen critic.
        losses: the chosen losses, in order.
        schedule: the chosen schedule.
        data: what the data gives.
    """
    verdict = Verdict()
    with fake_tensors():
        try:
            players = Players(
                _build("generator", generator, data, Generator),
                _build("critic", critic, data, Critic),
                {name: _build(f"loss.{i}", part, data, Loss) for i, (name, part) in enumerate(distinct(losses).items())},
                _build("schedule", schedule, data, Schedule),
            )
            verdict.problems += static_problems(players, data)
            verdict.notes += static_notes(players)
            if verdict.fits:
                verdict.problems += dry_run(players, data)
        except UserError as error:
            verdict.problems.append(Problem(error.key, error.what, error.remedy))
    return verdict


def distinct(parts: Sequence[Part]) -> dict[str, Part]:
    """Parts by name; a name's second use becomes ``name#2``."""
    named: dict[str, Part] = {}
    for part in parts:
        count = 1 + sum(name.partition("#")[0] == part.name for name in named)
        named[part.name if count == 1 else f"{part.name}#{count}"] = part
    return named


def _build(key: str, part: Buildable, data: DataSpec, base: type) -> Any:
    who = f"{key.partition('.')[0]} '{part.name}'"
    try:
        built = part.build(data)
    except UserError as error:
        raise UserError(error.what, error.remedy, key=key) from error
    except Exception as error:  # whatever a plugin's code raises is the reason
        raise UserError(f"{who} cannot be built for this data: {reason_of(error)}", "change its parameters or the data", key=key) from error
    if not isinstance(built, base):
        raise UserError(f"{who} is a {type(built).__name__}, no {base.__name__}", "repair the plugin", key=key)
    return built
