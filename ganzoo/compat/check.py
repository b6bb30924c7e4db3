"""The check of one combination: built on fake tensors, declarations first, then a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from ganzoo.config import ResolvedPart
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.players import SYNCHRONISED, Critic, Generator
from ganzoo.rules import Loss, Schedule, routed

from .accumulated import accumulate_problems, buffers_of, changed_buffers
from .declared import static_notes, static_problems, unsaved_problems
from .dry_run import TRIED, dry_run, fake_tensors
from .plans import MAX_PLANS, kinds_of, plan_problems
from .unsaved import changed, kept_outside, snapshot
from .verdict import Players, Problem, Verdict, name_of, reason_of

BASES: dict[str, type] = {"generator": Generator, "critic": Critic, "loss": Loss, "schedule": Schedule}
Part = TypeVar("Part", bound=ResolvedPart)


def check(
    generator: ResolvedPart,
    critic: ResolvedPart,
    losses: Sequence[ResolvedPart],
    schedule: ResolvedPart,
    data: DataSpec,
    total: int = 1,
    batch: int = TRIED,
    share: int | None = None,
    synchronised: bool = False,
    accumulate: int = 1,
) -> Verdict:
    """Whether the combination fits the data: static rules first, then a dry run of both turns under each kind of plan.

    Args:
        generator: the chosen generator, built here on fake memory, as are the others.
        critic: the chosen critic.
        losses: the chosen losses, in order.
        schedule: the chosen schedule.
        data: what the data gives.
        total: steps of the run, whose every plan is asked for.
        batch: samples of a batch, of which few are tried.
        share: how many of them a process gets; None: all.
        synchronised: whether processes share the statistics of torch's own batch norms.
        accumulate: parts that a process's share of a batch is cut into.
    """
    verdict = Verdict()
    with fake_tensors():
        try:
            made, judge = build("generator", generator, data), build("critic", critic, data)
            named = {
                name: build(f"loss.{i}", part, focused(data, made, judge, part.route))
                for i, (name, part) in enumerate(distinct(losses).items())
            }
            players = Players(made, judge, named, build("schedule", schedule, data))
            processes = batch // (share or batch)
            if synchronised:
                _see_the_whole_batch(players)
            plans, note = kinds_of(players.schedule, total)
            verdict.problems += static_problems(players, data, plans, players.generator.draw(2).keys())
            verdict.problems += unsaved_problems(players.components)
            verdict.problems += plan_problems(players, plans)
            if verdict.fits:
                verdict.problems += accumulate_problems(players, plans, batch, processes, accumulate)
            verdict.notes += [*static_notes(players), *([note] if note else [])]
            if verdict.fits:
                before = {key: snapshot(component) for key, component in players.components.items()}
                buffers, tried = buffers_of(players), dict(islice(plans.items(), MAX_PLANS))
                problems, notes = dry_run(players, data, tried, batch, processes, accumulate)
                verdict.problems += [*problems, *(changed_buffers(buffers, players) if accumulate > 1 else ())]
                verdict.notes += [*notes, *_unsaved(players, before)]
        except UserError as error:
            verdict.problems.append(Problem(error.key, error.what, error.remedy))
    return verdict


def _see_the_whole_batch(players: Players) -> None:
    """Let the norms that processes synchronise take one sample: theirs are the statistics of all shares."""
    for network in (players.generator, players.critic):
        for module in network.modules():
            if type(module) in SYNCHRONISED:
                module.eval()


def _unsaved(players: Players, before: dict[str, dict[str, Any]]) -> list[str]:
    """State that no checkpoint holds, of each component: a run that is resumed goes on otherwise than one that was not stopped."""
    return [
        f"{key.partition('.')[0]} {name_of(component)} keeps what no checkpoint holds: {text}; a resumed run may differ"
        for key, component in players.components.items()
        for text in (changed(before[key], component) | kept_outside(component)).values()
    ]


def distinct(parts: Sequence[Part]) -> dict[str, Part]:
    """Parts by name, and route: ``name@route``; a name's second use becomes ``name#2``."""
    named: dict[str, Part] = {}
    for part in parts:
        called = routed(part.name, part.route)
        count = 1 + sum(name.partition("#")[0] == called for name in named)
        named[called if count == 1 else f"{called}#{count}"] = part
    return named


def focused(data: DataSpec, generator: Generator, critic: Critic, route: str) -> DataSpec:
    """``data`` as a loss along ``route`` is built with: its ``shape`` is that of the field which real and fake differ in there."""
    given = generator.serving(route).gives if route else frozenset()
    compared = [name for name in critic.serving(route).reads if name in given and name in data.fields] if route else []
    return replace(data, focus=compared[0]) if compared else data


def build(key: str, part: ResolvedPart, data: DataSpec) -> Any:
    """An instance of ``part`` for ``data``.

    Raises:
        UserError: what the constructor refuses or raises, at ``key``; where it is of another kind.
    """
    kind = key.partition(".")[0]
    who, base = f"{kind} '{part.name}'", BASES[kind]
    try:
        built = part.build(data)
    except UserError as error:
        raise UserError(error.what, error.remedy, key=key) from error
    except Exception as error:  # whatever a plugin's code raises is the reason
        raise UserError(f"{who} cannot be built for this data: {reason_of(error)}", "change its parameters or the data", key=key) from error
    if not isinstance(built, base):
        raise UserError(f"{who} is a {type(built).__name__}, no {base.__name__}", "repair the plugin", key=key)
    return built
