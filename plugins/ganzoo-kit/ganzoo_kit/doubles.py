"""Stand-ins of networks in dry runs of pairs: any network's, and the double of one, which takes and gives what it does without its layers.

A network is run once. Afterwards its double answers for it, with outputs of the same shapes through which gradients flow as they
do in it, and refuses whatever that run did not show. A pair that fits with doubles fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.compat.dry_run import TRIED, example_batch, plan_fields
from ganzoo.errors import ContractError
from ganzoo.fields import DataSpec, Fields, Scores, Terms
from ganzoo.players import Critic, Generator, Port
from ganzoo.rules import Loss, Plan
from ganzoo.turn import Turn


class Echo(Generator):
    """A stand-in that makes the data's samples, scaled; a loss may move its latents."""

    latent_dim = 1

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(data.shape))

    def forward(self, sample: Tensor) -> Fields:
        """Samples (N, *shape)."""
        return {"sample": sample * self.scale}


class Mean(Critic):
    """A stand-in that gives the means of samples as its scores, and mixes no batch."""

    def __init__(self, data: DataSpec, gives: frozenset[str]) -> None:
        super().__init__()
        self.gives, self.classes = gives, max(data.classes, 1)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, sample: Tensor) -> Scores:
        """The scores asked for; "label_logits" (N, K), every other (N,)."""
        mean = self.scale * sample.flatten(1).square().mean(dim=1)
        return {name: mean[:, None].expand(-1, self.classes) if name == "label_logits" else mean for name in self.gives}


class Total(Loss):
    """A stand-in that both players minimise, whatever scores there are."""

    def critic_terms(self, turn: Turn) -> Terms:
        """The scores of both, so that everything runs."""
        return {"total": sum((v.mean() for scores in turn.both_scores for v in scores.values()), torch.zeros(()))}

    def generator_terms(self, turn: Turn) -> Terms:
        """The scores of fakes."""
        return {"total": sum((v.mean() for v in turn.fake_scores.values()), torch.zeros(()))}


Shapes = tuple[tuple[str, tuple[int, ...], Any], ...]
"""Name, shape without N, and type of fields or scores; of a plan's integers and strings the value itself."""


@dataclass(frozen=True)
class Seen:
    """What one run showed of a network: the fields that it takes, and those that it gives."""

    takes: Shapes
    gives: Shapes


def seen_of(network: Generator | Critic, data: DataSpec, plan: Plan) -> Seen:
    """Run a network forward by itself, on the data, on what it draws and on what the plan gives.

    Raises:
        Exception: whatever its code raises.
    """
    with torch.no_grad():
        port, fields, outputs = _run(network, data, plan)
    return Seen(shapes_of(port.reads, fields), shapes_of(sorted(port.gives), outputs))


def take_gradients(network: Generator | Critic, data: DataSpec, plan: Plan) -> None:
    """Take the gradients that losses take of a network, of a critic's scores those of slopes too, as penalties do.

    Raises:
        Exception: whatever its code raises; a ContractError where an output depends on no parameter, or a score not on the sample.
    """
    port, fields, outputs = _run(network, data, plan)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for name in port.gives:
        _gradients(outputs[name], parameters)
        if isinstance(network, Critic):
            slope = _gradients(outputs[name], [fields["sample"]], create_graph=True)
            torch.autograd.grad(slope.square().sum(), parameters, allow_unused=True, retain_graph=True)


def _run(network: Generator | Critic, data: DataSpec, plan: Plan) -> tuple[Port, Fields, dict[str, Tensor]]:
    port, batch = network.port(), example_batch(data, TRIED) | plan_fields(plan)
    assert port is not None
    if isinstance(network, Generator):
        fields = batch | network.draw(TRIED)
        return port, fields, Turn("generator", network, Critic(), batch, {}).make(fields)
    fields = batch | {"sample": batch["sample"].requires_grad_()}
    return port, fields, Turn("critic", Generator(), network, batch, {}).judge(fields)


def _gradients(value: Tensor, leaves: Sequence[Tensor], create_graph: bool = False) -> Tensor:
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True, retain_graph=True, create_graph=create_graph)
    if (first := next((gradient for gradient in found if gradient is not None), None)) is None:
        raise ContractError("an output does not depend on what it is made of", "have the network itself tried")
    return first


def shapes_of(names: Iterable[str], fields: Mapping[str, Any]) -> Shapes:
    """The shapes of those fields."""
    chosen = [(name, fields[name]) for name in names]
    return tuple((name, tuple(v.shape[1:]), v.dtype) if isinstance(v, Tensor) else (name, (), v) for name, v in chosen)


class GeneratorDouble(Generator):
    """Draws what ``network`` draws, and gives of it what was ``seen``; nothing of it depends on what is drawn."""

    def __init__(self, network: Generator, seen: Seen) -> None:
        super().__init__()
        self.seen, self.gives = seen, network.gives
        self.draw = network.draw  # type: ignore[method-assign]
        self.scale = nn.Parameter(torch.ones(TRIED))

    def port(self, name: str = "") -> Port | None:
        """``forward`` alone: who asks for a route wants the network itself."""
        return None if name else Port(self.answer, tuple(name for name, *_ in self.seen.takes), self.gives)

    def answer(self, **fields: Tensor) -> Fields:
        """What the network made.

        Raises:
            ContractError: where the network did not run on such fields, or where a gradient by one of them is wanted.
        """
        if any(isinstance(value, Tensor) and value.requires_grad for value in fields.values()):
            raise ContractError("a gradient by what is drawn is asked for", "have the network itself tried")
        return outputs_of(self.seen, fields, self.scale)


class CriticDouble(Critic):
    """Gives of what ``network`` judges the scores that were ``seen``; they depend on the sample, and twice so."""

    mixes_batch = "statistic"  # that it is given one batch at a time, as it was seen

    def __init__(self, network: Critic, seen: Seen) -> None:
        super().__init__()
        self.seen, self.gives = seen, network.gives
        self.scale = nn.Parameter(torch.ones(()))

    def port(self, name: str = "") -> Port | None:
        """``forward`` alone: who asks for a route wants the network itself."""
        return None if name else Port(self.answer, tuple(name for name, *_ in self.seen.takes), self.gives)

    def answer(self, **fields: Tensor) -> Scores:
        """What the network gave.

        Raises:
            ContractError: where the network did not run on such fields.
        """
        return outputs_of(self.seen, fields, self.scale * fields["sample"].flatten(1).square().mean(dim=1))


def outputs_of(seen: Seen, fields: Fields, level: Tensor) -> dict[str, Tensor]:
    """Outputs of the shapes that were ``seen``, of one ``level`` (N,) each sample."""
    sizes = {len(value) for value in fields.values() if isinstance(value, Tensor) and value.dim()}
    if sizes - {TRIED} or shapes_of(fields, fields) != seen.takes:
        raise ContractError("fields of other shapes are asked for", "have the network itself tried")
    return {name: level.to(dtype).reshape(-1, *(1 for _ in shape)).expand(-1, *shape) for name, shape, dtype in seen.gives}
