"""Checks of declarations, without a forward: fields and scores needed and given, norms against penalties, state that is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from torch import nn
from torch.nn.utils import parametrize

from ganzoo.fields import DataSpec
from ganzoo.players import has_batch_norm
from ganzoo.rules import Loss, Plan

from .plans import at
from .unsaved import lost_buffers
from .verdict import Players, Problem, join, name_of


def static_problems(players: Players, data: DataSpec, plans: Mapping[int, Plan], drawn: AbstractSet[str]) -> list[Problem]:
    """What the declarations alone rule out: fields and scores needed but not given, norms that break a penalty.

    Args:
        players: the built instances.
        data: what the data gives.
        plans: the first step of each kind of plan, and that plan.
        drawn: the fields that the generator draws.
    """
    missing = [problem for step, plan in plans.items() for problem in _missing_fields(players, data, step, plans, drawn)]
    return [
        *{(problem.key, problem.what.partition(" from step ")[0]): problem for problem in reversed(missing)}.values(),
        *(p for i, (name, loss) in enumerate(players.losses.items()) for p in _loss_problems(f"loss.{i}", name, loss, players)),
    ]


def _missing_fields(players: Players, data: DataSpec, step: int, plans: Mapping[int, Plan], drawn: AbstractSet[str]) -> Iterator[Problem]:
    generator, critic, plan = players.generator, players.critic, plans[step]
    before = data.fields.keys() | drawn | plan.values.keys()
    asking: list[tuple[str, str, tuple[str, ...], AbstractSet[str], AbstractSet[str]]] = []
    acting = {name: (i, loss) for i, (name, loss) in enumerate(players.losses.items()) if plan.names(name)}
    for route in {"": None, **{loss.route: None for _, loss in acting.values()}}:
        makes, judges = generator.serving(route), critic.serving(route)
        after = before | makes.gives
        asking.append(("generator", named(f"generator {name_of(generator)}", makes.name), makes.reads, before, makes.gives))
        along = {name: (i, loss) for name, (i, loss) in acting.items() if loss.route == route}
        if along or not acting:
            asking.append(("critic", named(f"critic {name_of(critic)}", judges.name), judges.reads, after, frozenset()))
        for name, (i, loss) in along.items():
            asking.append((f"loss.{i}", f"loss '{name}'", tuple(sorted(loss.reads)), after, frozenset()))
    for key, who, needs, given, own in asking:
        for name in needs:
            if name not in given:
                kind = key.partition(".")[0]
                stages = [at(first) or " at first" for first, other in plans.items() if name in other.values]
                if stages:
                    what, remedy = f"which the schedule gives{stages[0]} only{at(step)}", "give it a value in every plan"
                elif name in own:
                    what, remedy = "which is what it makes itself", f"choose data that gives '{name}', or another generator"
                else:
                    what = "which this data does not give, nor do the generator's prior and the schedule"
                    sources = {"the data": data.fields, "the prior": drawn, "the schedule": plan.values}
                    remedy = f"{', '.join(f'{source} gives {join(names)}' for source, names in sources.items())}; "
                    remedy += f"choose what gives '{name}', or another {kind}"
                yield Problem(key, f"{who} needs the field '{name}', {what}", remedy)


def _loss_problems(key: str, name: str, loss: Loss, players: Players) -> Iterator[Problem]:
    who = f"loss '{name}'"
    makes, judges = players.generator.serving(loss.route), players.critic.serving(loss.route)
    generator, critic = f"generator {name_of(players.generator)}", f"critic {name_of(players.critic)}"
    if loss.route and not makes.name and not judges.name:
        what = f"{who} is sent along the route '{loss.route}', which neither {generator} nor {critic} has"
        yield Problem(key, what, "leave 'route' out, or choose networks that have it")
        return
    if loss.route and loss.scores and not makes.gives & set(judges.reads):
        what = f"along the route '{loss.route}' {critic} reads nothing that {generator} makes there"
        yield Problem(key, what, f"it reads {join(judges.reads)}, made is {join(makes.gives)}; choose another route or networks")
    for need in sorted(loss.needs - makes.gives):
        if players.generator.port(need) is None:
            what = f"{who} needs the generator to make the field '{need}', which {generator} does not, nor has it such a route"
            remedy = (
                f"it makes {join(makes.gives)}, and the data's own '{need}' would not do; choose another generator or leave the loss out"
            )
            yield Problem(key, what, remedy)
    for score in sorted(loss.scores - judges.gives):
        what = f"{who} needs the critic output '{score}', which {named(critic, judges.name)} does not give"
        yield Problem(key, what, f"it gives {join(judges.gives)}; choose another critic or leave the loss out")
    if (loss.per_sample or loss.gradients) and has_batch_norm(players.critic):
        norm = players.critic.norm if players.critic.mixes_batch else "batch"
        what = f"{who} needs each score to depend on its own sample alone, but {critic} uses {norm} norm, which mixes the batch"
        yield Problem(key, what, "choose a norm that doesn't (critic.norm: none, layer or instance)")
    if type(loss).constrain_ is not Loss.constrain_ and has_parametrization(players.critic):
        what = f"{who} changes weights in place, but those of {critic} are computed from others"
        yield Problem(key, what, "leave one of them out")


def unsaved_problems(components: Mapping[str, object]) -> Iterator[Problem]:
    """State that would be lost, of components by their keys ("generator", "loss.0")."""
    for key, component in components.items():
        if isinstance(component, nn.Module) and (lost := lost_buffers(component)):
            what = f"{key.partition('.')[0]} {name_of(component)} keeps '{lost[0]}' in a buffer that no checkpoint holds"
            name = lost[0].rpartition(".")[2]
            yield Problem(key, what, f"repair the component: self.register_buffer('{name}', ..., persistent=True)")


def static_notes(players: Players) -> list[str]:
    """What works but may not be meant: critic outputs that no loss reads, labels that only one player sees."""
    critic, generator = players.critic, players.generator
    read = {score for loss in players.losses.values() for score in loss.scores}
    notes = [f"critic {name_of(critic)} gives '{score}', which no loss reads" for score in sorted(critic.gives - read)]
    judged = "label" in critic.serving("").reads or any("label" in loss.reads for loss in players.losses.values())
    if any("label" in generator.serving(loss.route).reads for loss in players.losses.values()) and not judged:
        notes.append(f"generator {name_of(generator)} takes the label, but nothing judges whether it obeys it")
    return [*notes, *_partial_views(players)]


def _partial_views(players: Players) -> Iterator[str]:
    """Losses that change what is seen along some of the routes that are used, and not along others."""
    routes = {loss.route: None for loss in players.losses.values()}
    viewing: dict[str, tuple[str, set[str]]] = {}
    for name, loss in players.losses.items():
        if type(loss).view is not Loss.view:
            viewing.setdefault(type(loss).__name__, (name, set()))[1].add(loss.route)
    for name, seen in viewing.values():
        if others := [f"'{route}'" if route else "forward" for route in routes if route not in seen]:
            yield f"loss '{name}' changes what is seen along its own route, not along {join(others)}"


def named(who: str, route: str) -> str:
    """A player in a sentence, on a route: "critic Patches.back"."""
    return f"{who}.{route}" if route else who


def has_parametrization(network: nn.Module) -> bool:
    """Whether some weights are computed from others at each forward."""
    return any(parametrize.is_parametrized(m) or hasattr(m, "weight_orig") for m in network.modules())
