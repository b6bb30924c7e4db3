"""The kit on optimizers and commands: what is sound passes, and each fault is found by the check that is meant to find it."""

from typing import Annotated

import pytest
import torch
import typer
from ganzoo_kit.testing.commands import command_cases

from ganzoo.params import PositiveFloat
from ganzoo.registry import Component, Registry
from ganzoo.testing import check_component


class Descent(torch.optim.Optimizer):
    """Gradient descent with a mean.

    Args:
        lr: how far.
    """

    def __init__(self, params, *, lr: PositiveFloat = 1e-2):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                self.move(group, weight, self.state[weight].setdefault("mean", torch.zeros_like(weight)))

    def move(self, group, weight, mean):
        weight.sub_(group["lr"] * mean.lerp_(weight.grad, 0.5))


class Ascent(Descent):
    """Uphill."""

    def move(self, group, weight, mean):
        weight.add_(group["lr"] * weight.grad)


class FixedRate(Descent):
    """It reads its rate once."""

    def move(self, group, weight, mean):
        weight.sub_(self.defaults["lr"] * weight.grad)


class Forgetful(Descent):
    """Its mean is where no checkpoint sees it."""

    def __init__(self, params, *, lr: PositiveFloat = 1e-2):
        super().__init__(params, lr=lr)
        self.means = {}

    def move(self, group, weight, mean):
        super().move(group, weight, self.means.setdefault(id(weight), torch.zeros_like(weight)))


def failing(cls):
    return {outcome.check for outcome in check_component("optimizer", cls) if outcome.status == "failed"}


@pytest.mark.parametrize("component", Registry.installed().of_kind("optimizer"), ids=lambda component: component.name)
def test_the_optimizers_of_the_core_conform(component):
    assert {o.check: o.reason for o in check_component("optimizer", component.load()) if o.status != "ok"} == {}


@pytest.mark.parametrize(
    ("cls", "check"), [(Descent, None), (Ascent, "descent"), (FixedRate, "rate"), (Forgetful, "resumes"), (torch.nn.Linear, "loads")]
)
def test_each_fault_is_found_by_its_check(cls, check):
    assert failing(cls) == ({check} if check else set())


def documented(times: Annotated[int, typer.Option(help="How often.")] = 1):
    """Say hello."""


def without_docstring(times: Annotated[int, typer.Option(help="How often.")] = 1): ...


def without_help(times: int = 1):
    """Say hello."""


def untakable(what: int | str = 1):
    """Say hello."""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("documented", ""),
        ("without_docstring", "has no docstring"),
        ("without_help", "the argument 'times' has no help"),
        ("untakable", "typer does not take it"),
        ("missing", "has no attribute 'missing'"),
    ],
)
def test_a_command_without_help_is_found(function, said, monkeypatch):
    registry = Registry([])
    registry.commands = [Component("command", "hello", f"{__name__}:{function}", "ganzoo-hello", "1")]
    found = command_cases(registry, "ganzoo-hello")[0].run()
    assert (found.status, said in found.reason) == ("failed" if said else "ok", True)


def test_a_command_that_imports_torch_for_its_help_is_found(tmp_path, monkeypatch):
    (tmp_path / "heavy_command.py").write_text("import torch\n")
    (tmp_path / "torch.py").touch()  # for the process that imports the command: its name is all that counts
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry([])
    registry.commands = [Component("command", "hello", "heavy_command:hello", "ganzoo-hello", "1")]
    assert command_cases(registry, "ganzoo-hello")[1].run().reason.startswith("its module imports torch, and so does ganzoo --help")
