"""Losses and schedules: what each player minimises, and which updates a step has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from .errors import ContractError
from .fields import Fields, Terms
from .players import Critic
from .turn import Place, Turn


class Loss(nn.Module):
    """One term of the objective, or a penalty, or a constraint. Several merge in the order the YAML lists them.

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters and calls ``super().__init__()``. Buffers
    are its state and are saved; frozen networks that it holds are not. It returns terms and never calls ``backward``,
    ``step``, ``.item()`` or ``.to(device)``, nor branches on a tensor's value or the step.
    """

    paper: ClassVar[str] = ""
    """Where it comes from: authors, year, identifier."""
    reads: frozenset[str] = frozenset()
    """Fields it needs besides "sample"; "label" makes unlabelled data a refusal."""
    needs: frozenset[str] = frozenset()
    """Routes that the generator must have, or fields that it must make besides "sample"; the data's own do not do."""
    scores: frozenset[str] = frozenset()
    """Critic outputs it needs: "score", "label_logits"."""
    gradients: frozenset[str] = frozenset()
    """"real", "fake": whose ``turn.real_gradients``, ``turn.fake_gradients`` it takes, of the scores' own forward."""
    per_sample: bool = False
    """True: it needs each sample's score to depend on that sample alone, which batch norm breaks."""
    mixes_batch: bool = False
    """True: its terms are not means over samples, each by itself, so that ``train.accumulate`` would change them."""
    every: int = 1
    """It acts every so many steps (lazy regularisation)."""
    route: str = ""
    """The route that the configuration sends it along (``route: back``); set when it is built."""

    def critic_terms(self, turn: Turn) -> Terms:
        """Weighted scalars that the critic minimises; called once a critic update."""
        return {}

    def generator_terms(self, turn: Turn) -> Terms:
        """Weighted scalars that the generator minimises; called once a generator update."""
        return {}

    def estimates(self, turn: Turn) -> Terms:
        """Scalars worth logging that nobody minimises (a distance estimate); called after ``critic_terms``, no grad."""
        return {}

    def view(self, fields: Fields, place: Place, turn: Turn) -> Fields:
        """What is seen: "real" and "fake" as a batch enters the turn, "judged" whenever the critic looks."""
        return fields

    def after(self, turn: Turn) -> None:
        """After backward, without gradients: the one place where a stateful loss changes its buffers."""

    def constrain_(self, critic: Critic) -> None:
        """After each critic update, without gradients: change the critic's parameters in place."""

    def state(self) -> dict[str, Tensor]:
        """What checkpoints keep: its buffers and those of modules in it, but not of networks that it holds, which have parameters."""
        networks = [name for name, child in self.named_children() if next(child.parameters(), None) is not None]
        return {name: buffer for name, buffer in self.named_buffers() if name.partition(".")[0] not in networks}


@dataclass(frozen=True)
class Plan:
    """The updates of one step.

    Args:
        critic_updates: critic updates, each on a batch of its own, before the generator's.
        generator_updates: generator updates.
        share_fake: one fake for both turns of the step, as pytorch/examples does; needs one update each.
        fresh_real: the generator's first update takes a batch of its own, not the critic's last.
        batch_size: samples of the "generator"'s or "critic"'s batches, where not ``train.batch_size``; if they differ, as ``fresh_real``.
        reset: players, "generator" or "critic", whose optimizer begins anew before this step: of a phase, its first step.
        values: become fields (a growing alpha, a stage); sampling and export keep the last ones.
        losses: names of the losses that act, as the configuration writes them, along every route (``NAME``) or along one
            (``NAME@back``); None: all.
        frozen: sub-modules that do not train in this step, dotted, from "generator" or "critic" on: they get no gradients, and are
            in evaluation mode.
    """

    critic_updates: int = 1
    generator_updates: int = 1
    share_fake: bool = False
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    losses: frozenset[str] | None = None
    frozen: tuple[str, ...] = ()
    fresh_real: bool = False
    batch_size: Mapping[str, int] = field(default_factory=dict)
    reset: tuple[str, ...] = ()

    def names(self, loss: str) -> bool:
        """Whether the loss called so (``NAME``, ``NAME@back#2``) acts."""
        entry = loss.partition("#")[0]
        return self.losses is None or entry in self.losses or entry.partition("@")[0] in self.losses


class Schedule(ABC):
    """The updates of each step: a pure function of the step, so that resuming needs no state."""

    paper: ClassVar[str] = ""
    """Where it comes from: authors, year, identifier."""

    @abstractmethod
    def plan(self, step: int, total: int) -> Plan:
        """The plan of ``step`` (0-based) of ``total``."""


def merge_terms(losses: Mapping[str, Loss], turn: Turn) -> Terms:
    """The terms of all ``losses`` for the turn's side, in order; a ContractError where two give the same one, or one that is no scalar."""
    terms: Terms = {}
    for name, loss in losses.items():
        own = turn.on(loss.route)
        try:
            given = loss.critic_terms(own) if turn.side == "critic" else loss.generator_terms(own)
        except ContractError as error:
            error.what = f"loss '{name}': {error.what}"
            raise
        for term, value in given.items():
            key = routed(term, loss.route)
            if key in terms:
                what = f"loss '{name}' gives the term '{key}' of the {turn.side}, which an earlier loss gives too"
                raise ContractError(what, "name one of them only", key="loss")
            if value.dim() != 0:
                what = f"loss '{name}' gives the term '{key}' of shape {tuple(value.shape)}"
                raise ContractError(what, "reduce it to a scalar", key="loss")
            terms[key] = value
    return terms


def routed(name: str, route: str) -> str:
    """What a term or a loss along ``route`` is called: ``adversarial@back``."""
    return f"{name}@{route}" if route else name
