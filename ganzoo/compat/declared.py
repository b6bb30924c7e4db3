"""What the declarations alone decide: fields and scores needed and given, norms against penalties."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from torch import nn
from torch.nn.utils import parametrize

from ganzoo.fields import DataSpec, named_arguments
from ganzoo.players import Critic, mixes_batch
from ganzoo.rules import Loss, Plan

from .verdict import Players, Problem, join, name_of


def static_problems(players: Players, data: DataSpec) -> list[Problem]:
    """What the declarations alone rule out: fields and scores needed but not given, and norms that break a penalty."""
    generator, critic = players.generator, players.critic
    plan = players.schedule.plan(0, 1)
    before = data.fields.keys() | generator.draw(2).keys() | plan.values.keys()
    return [
        *_missing_fields(players, data, before, before | generator.gives),
        *(p for i, (name, loss) in enumerate(players.losses.items()) for p in _loss_problems(f"loss.{i}", name, loss, critic)),
        *schedule_problems(plan),
    ]


def _missing_fields(players: Players, data: DataSpec, before: AbstractSet[str], after: AbstractSet[str]) -> Iterator[Problem]:
    asking = [
        ("generator", f"generator {name_of(players.generator)}", named_arguments(type(players.generator)), before),
        ("critic", f"critic {name_of(players.critic)}", named_arguments(type(players.critic)), after),
        *((f"loss.{i}", f"loss '{name}'", sorted(loss.reads), after) for i, (name, loss) in enumerate(players.losses.items())),
    ]
    for key, who, needs, given in asking:
        for name in needs:
            if name not in given:
                yield Problem(
                    key,
                    f"{who} needs the field '{name}', which this data does not give",
                    f"it gives {join(data.fields)}; choose other data or another {key.partition('.')[0]}",
                )


def _loss_problems(key: str, name: str, loss: Loss, critic: Critic) -> Iterator[Problem]:
    for score in sorted(loss.scores - critic.gives):
        yield Problem(
            key,
            f"loss '{name}' needs the critic output '{score}', which critic {name_of(critic)} does not give",
            f"it gives {join(critic.gives)}; choose another critic or leave the loss out",
        )
    if loss.per_sample and mixes_batch(critic):
        norm = critic.norm if critic.mixes_batch else "batch"
        yield Problem(
            key,
            f"loss '{name}' needs each score to depend on its own sample alone, "
            f"but critic {name_of(critic)} uses {norm} norm, which mixes the batch",
            "choose a norm that doesn't (critic.norm: none, layer or instance)",
        )
    if type(loss).constrain_ is not Loss.constrain_ and has_parametrization(critic):
        yield Problem(
            key,
            f"loss '{name}' changes weights in place, but those of critic {name_of(critic)} are computed (spectral norm)",
            "leave one of them out",
        )


def schedule_problems(plan: Plan) -> Iterator[Problem]:
    """What a plan asks for that no networks could do."""
    if plan.share_fake and (plan.critic_updates, plan.generator_updates) != (1, 1):
        yield Problem(
            "schedule", "one fake is shared by both turns, which needs one critic and one generator update a step", "set share_fake: false"
        )


def static_notes(players: Players) -> list[str]:
    """What works but may not be meant: critic outputs that no loss reads, labels that only one player sees."""
    critic, generator = players.critic, players.generator
    read = {score for loss in players.losses.values() for score in loss.scores}
    notes = [f"critic {name_of(critic)} gives '{score}', which no loss reads" for score in sorted(critic.gives - read)]
    judged = "label" in named_arguments(type(critic)) or any("label" in loss.reads for loss in players.losses.values())
    if "label" in named_arguments(type(generator)) and not judged:
        notes.append(f"generator {name_of(generator)} takes the label, but nothing judges whether it obeys it")
    return notes


def has_parametrization(network: nn.Module) -> bool:
    """Whether some weights are computed from others at each forward."""
    return any(parametrize.is_parametrized(m) or hasattr(m, "weight_orig") for m in network.modules())
