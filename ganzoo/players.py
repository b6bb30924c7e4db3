"""Base classes of generators and critics, with their forwards: ``forward`` itself, and routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm
from torch.nn.modules.dropout import _DropoutNd as Dropout

from .errors import ContractError
from .fields import Fields, forward_inputs

Method = TypeVar("Method", bound=Callable[..., Any])
_GIVES = "_ganzoo_gives"

SYNCHRONISED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
"""The norms that see the whole batch where processes have a share of it each: exactly torch's own, as a subclass may do more."""


def route(*, gives: Iterable[str]) -> Callable[[Method], Method]:
    """Mark a method of a player as a further forward: its arguments are the fields it reads.

    Args:
        gives: the fields (of a critic: the scores) that it returns: no more, no fewer.

    Raises:
        ContractError: where ``gives`` is not a collection of names, or empty.
    """
    if isinstance(gives, str) or not (given := frozenset(gives)):
        raise ContractError(f"a route gives {gives!r}", 'write the names as a set: @route(gives={"source"})')

    def mark(method: Method) -> Method:
        setattr(method, _GIVES, given)
        return method

    return mark


@dataclass(frozen=True)
class Port:
    """One forward of a player: what calls it, the fields it reads, in order, what it gives, and its name ("": ``forward``)."""

    call: Callable[..., Any]
    reads: tuple[str, ...]
    gives: frozenset[str]
    name: str = ""


class Player(nn.Module):
    """A network with a ``forward`` and, where it has more than one use, routes."""

    gives: frozenset[str] = frozenset()
    """What ``forward`` returns: no more, no fewer."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name, method in vars(cls).items():
            inherited = [vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)]
            if hasattr(method, _GIVES) and any(not hasattr(each, _GIVES) for each in inherited):
                raise ContractError(f"the route '{name}' of {cls.__name__} has the name of something else of its bases", "rename it")
            if not hasattr(method, _GIVES) and any(hasattr(each, _GIVES) for each in inherited):
                raise ContractError(f"{cls.__name__} overrides the route '{name}' by what is none", "put @route(gives=...) over it")

    def port(self, name: str = "") -> Port | None:
        """The forward called ``name``: "" is ``forward``; None where there is no such route. Wrappers override it.

        A route is called directly: forward hooks on the player, and ``player.compile()``, act on ``forward`` alone.

        Raises:
            ContractError: where a sub-module has the name of the route.
        """
        if not name:
            written = type(self).forward is not nn.Module.forward  # in tests a player may stand in that never runs
            return Port(self, forward_inputs(type(self)) if written else (), self.gives)
        gives = getattr(getattr(type(self), name, None), _GIVES, None)
        if gives is None:
            return None
        if name in self._modules:
            raise ContractError(f"{type(self).__name__} calls a route and a sub-module '{name}'", "rename one of them")
        return Port(getattr(self, name), forward_inputs(type(self), name), gives, name)

    @property
    def routes(self) -> tuple[str, ...]:
        """The names of its routes."""
        return tuple(name for name in dir(type(self)) if hasattr(getattr(type(self), name, None), _GIVES))

    def serving(self, route: str) -> Port:
        """The port ``route``, or ``forward`` where there is no such route."""
        port = self.port(route) or self.port()
        assert port is not None
        return port


class Generator(Player):
    """Makes fields out of fields: usually "sample" out of "latent".

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters (these are its YAML keys), calls
    ``super().__init__()`` and sets ``latent_dim``. Its ``forward`` names the fields it needs as arguments and returns
    exactly the fields in ``gives``: images (N, C, H, W) in [-1, 1], points (N, 2).
    """

    paper: ClassVar[str] = ""
    """Where the network comes from: authors, year, identifier."""
    latent_dim: int = 0
    """Length L of "latent"; 0: no noise."""
    gives: frozenset[str] = frozenset({"sample"})
    """The fields that ``forward`` returns: no more, no fewer."""

    def draw(self, n: int, device: torch.device | None = None) -> Fields:
        """Draw ``n`` times from the prior: by default {"latent": (n, L) standard normal}.

        A drawn "label" (n,) replaces the batch's on the fake side.
        """
        if self.latent_dim == 0:
            return {}
        return {"latent": torch.randn(n, self.latent_dim, device=device)}

    def truncated(self, drawn: Fields, amount: float) -> Fields:
        """``drawn`` for more typical, less varied samples: by default a normal "latent" cut off at ``amount``, which is > 0.

        Each value beyond is drawn anew (the truncation trick: Brock et al., 2019, arXiv:1809.11096).
        """
        if "latent" not in drawn:
            return drawn
        anew = nn.init.trunc_normal_(torch.empty_like(drawn["latent"]), a=-amount, b=amount)
        return {**drawn, "latent": torch.where(drawn["latent"].abs() > amount, anew, drawn["latent"])}


class Critic(Player):
    """Judges a batch: RAW scores, never a sigmoid.

    A subclass's constructor takes ``data: DataSpec`` and keyword-only parameters and calls ``super().__init__()``. Its
    ``forward`` names the fields it needs and returns exactly the scores in ``gives``: "score" (N,), "label_logits" (N, K).
    The N samples are real ones, fakes, or both; what a forward keeps for the next one belongs in a buffer.
    """

    paper: ClassVar[str] = ""
    """Where the network comes from: authors, year, identifier."""
    gives: frozenset[str] = frozenset({"score"})
    """The scores that ``forward`` returns: no more, no fewer."""
    norm: str = "none"
    """The normalisation used, in words; shown in messages."""
    mixes_batch: bool | Literal["norm", "statistic"] = False
    """How one sample's score depends on the others': by a "norm" (or True), as batch norm does, which breaks a penalty on each
    sample's gradient, or by a "statistic" (minibatch deviation, packing), which does not."""


def named_port(network: Player, kind: str, route: str) -> tuple[Port, str]:
    """The port ``route`` of a player, and what a message calls it."""
    port, who = network.port(route), f"{kind} {type(network).__name__}"
    if port is None:
        raise ContractError(f"{who} has no route '{route}'", "name one that it has", key="loss")
    return port, f"{who}.{route}" if route else who


def mixes_batch(critic: Critic) -> bool:
    """Whether one sample's score depends on the others': declared, by it or by a critic in it, or evident from a batch norm inside."""
    return has_batch_norm(critic) or any(module.mixes_batch for module in critic.modules() if isinstance(module, Critic))


def has_batch_norm(critic: Critic) -> bool:
    """Whether a norm over the batch mixes it, declared or evident, so that no sample has a gradient of its own."""
    declared = any(module.mixes_batch in (True, "norm") for module in critic.modules() if isinstance(module, Critic))
    return declared or any(isinstance(module, BatchNorm) for module in critic.modules())


def judges_each_alone(critic: Critic) -> bool:
    """Whether it makes no difference to a sample's score, but for rounding, what else is in its forward.

    Nothing mixes the batch, no units are dropped at random, and a forward has nothing to change: there are no buffers, and no
    frozen parameters.
    """
    if mixes_batch(critic) or any(isinstance(module, Dropout) for module in critic.modules()):
        return False
    return next(critic.buffers(), None) is None and all(parameter.requires_grad for parameter in critic.parameters())


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode within the block; the mode of each module is put back, whatever happens."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def without_gradients(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """No gradients within the block for those ``parameters`` that have them, and again after it, whatever happens."""
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@contextmanager
def frozen(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Modules that a plan freezes: no gradients, and evaluation mode, in which batch norm neither uses nor moves batch statistics."""
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(evaluating(module))
            stack.enter_context(without_gradients(module.parameters()))
        yield
